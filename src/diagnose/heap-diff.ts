// The answer of `leakscope diff`: what two or three snapshots of one process say about growth, clustered by holder.
// With three, only what came between the first two and was still there in the last is counted against a holder:
// what was always there and what comes and goes is left out.

import { assert } from '../base/assert.ts';
import { type BitSet, hasBit } from '../base/bitset.ts';
import type { Problem } from '../base/problems.ts';
import {
  compareEntryCounts,
  compareNodes,
  compareTypes,
  type EntryChanges,
  findSurvivors,
  type NodeColumns,
  type TypeChange,
} from '../graph/comparison.ts';
import {
  type HeapGraph,
  NO_NODE,
  NOT_A_CONTAINER,
  type NodeIndex,
  qualifiedTypeName,
  RootKind,
  WORD_BYTES,
} from '../graph/heap-graph.ts';
import { hexAddress } from './heap-report.ts';
import { pathText, type Retention } from './retention.ts';
import type { SnapshotFacts } from './snapshot-facts.ts';

export const DIFF_SCHEMA = 'leakscope.diff/1';

export interface TypeGrowthRow {
  readonly type: string;
  readonly objects_before: number;
  readonly objects_after: number;
  readonly bytes_before: number;
  readonly bytes_after: number;
}

export interface HolderGrowthRow {
  readonly rank: number;
  readonly path: string;
  readonly type: string;
  readonly address: string;
  readonly entries_before?: number;
  readonly entries_after?: number;
  /** Objects that are new and that this holder alone keeps alive. */
  readonly new_objects: number;
  readonly new_bytes: number;
}

export interface HeapDiff {
  readonly schema: typeof DIFF_SCHEMA;
  /** In the order given: oldest first. */
  readonly snapshots: readonly SnapshotFacts[];
  /** Without it objects cannot be told apart: `holders` is then empty and types are compared by name. */
  readonly same_process: boolean;
  /** From the first snapshot to the last. */
  readonly growth: {
    readonly objects: number;
    readonly bytes: number;
    readonly seconds: number;
  };
  /** Not in the first snapshot; with three, only those that were in both others. */
  readonly new_objects: number;
  readonly new_bytes: number;
  /** Most bytes gained first. */
  readonly types: readonly TypeGrowthRow[];
  /** Most new bytes first. */
  readonly holders: readonly HolderGrowthRow[];
  readonly problems: readonly Problem[];
}

export interface HeapDiffOptions {
  readonly snapshots: readonly SnapshotFacts[];
  readonly sameProcess: boolean;
  readonly seconds: number;
  readonly top: number;
  readonly problems: readonly Problem[];
}

/** `earlier` holds one or two snapshots, oldest first; `last` is the newest, with its retention. */
export function diffHeaps(earlier: readonly NodeColumns[], last: Retention, options: HeapDiffOptions): HeapDiff {
  assert(earlier.length === 1 || earlier.length === 2, 'a diff compares two or three snapshots');
  const first = earlier[0]!;
  const after = last.graph;
  const types = mergeByName(compareTypes(first, after));
  const diff = {
    schema: DIFF_SCHEMA,
    snapshots: options.snapshots,
    same_process: options.sameProcess,
    growth: {
      objects: after.nodeCount - first.addresses.length,
      bytes: types.reduce((sum, row) => sum + row.bytes_after - row.bytes_before, 0),
      seconds: options.seconds,
    },
    types: types.slice(0, options.top),
    problems: options.problems,
  } as const;
  if (!options.sameProcess) return { ...diff, new_objects: 0, new_bytes: 0, holders: [] };

  const comparison = compareNodes(first, after);
  const second = earlier[1];
  const survivors = second === undefined ? undefined : findSurvivors(first, second, after);
  const counted = survivors?.inThird ?? comparison.fresh;
  const entryChanges = compareEntryCounts(first, after);
  return {
    ...diff,
    new_objects: survivors?.count ?? comparison.freshCount,
    new_bytes: (survivors?.words ?? comparison.freshWords) * WORD_BYTES,
    holders: growingHolders(last, comparison.fresh, counted, options.top).map((holder, index) => ({
      rank: index + 1,
      path: pathText(last, holder.node),
      type: qualifiedTypeName(after.types[after.typeOf[holder.node]!]!),
      address: hexAddress(after.addresses[holder.node]!),
      ...entriesOf(last, entryChanges, holder.node),
      new_objects: holder.objects,
      new_bytes: holder.words * WORD_BYTES,
    })),
  };
}

/**
 * Whether two graphs are of one run of one process: its table of modules stands at one address as long as it lives, and
 * the loader places each run's memory anew. A PID does not tell: in a container it is the same after every restart.
 */
export function isSameProcess(one: HeapGraph, other: HeapGraph): boolean {
  const [a, b] = [moduleTableAddress(one), moduleTableAddress(other)];
  return a !== undefined && a === b;
}

function moduleTableAddress({ roots, addresses }: HeapGraph): number | undefined {
  const row = roots.kinds.indexOf(RootKind.modules);
  return row < 0 ? undefined : addresses[roots.nodes[row]!];
}

interface GrowingHolder {
  readonly node: NodeIndex;
  readonly objects: number;
  readonly words: number;
}

/**
 * Adds each counted node to the nearest of its dominators that is not new: the old object that alone keeps it alive.
 * What several old objects keep alive together belongs to their common dominator; what only the roots have in common
 * belongs to nobody and is left out.
 */
function growingHolders(last: Retention, fresh: BitSet, counted: BitSet, top: number): GrowingHolder[] {
  const { graph, dominators } = last;
  const { idom, order } = dominators;
  const superRoot = graph.nodeCount;
  const ownerOf = new Uint32Array(graph.nodeCount).fill(NO_NODE);
  const objects = new Uint32Array(graph.nodeCount);
  const words = new Float64Array(graph.nodeCount);
  // Dominators stand before what they dominate, so an owner is known when it is asked for.
  for (let i = 1; i < order.length; i++) {
    const node = order[i]!;
    if (!hasBit(fresh, node)) continue;
    const parent = idom[node]!;
    if (parent === superRoot) continue;
    const owner = hasBit(fresh, parent) ? ownerOf[parent]! : parent;
    if (owner === NO_NODE) continue;
    ownerOf[node] = owner;
    if (!hasBit(counted, node)) continue;
    objects[owner]!++;
    words[owner]! += graph.shallowWords[node]!;
  }
  const holders: GrowingHolder[] = [];
  for (let node = 0; node < graph.nodeCount; node++) {
    if (objects[node] !== 0) holders.push({ node, objects: objects[node]!, words: words[node]! });
  }
  return holders.sort((a, b) => b.words - a.words || b.objects - a.objects || a.node - b.node).slice(0, top);
}

function entriesOf(
  last: Retention,
  changes: EntryChanges,
  node: NodeIndex,
): { readonly entries_before?: number; readonly entries_after?: number } {
  const entries = last.graph.entryCounts[node]!;
  if (entries === NOT_A_CONTAINER) return {};
  const row = changes.afterNodes.indexOf(node);
  return { entries_before: row < 0 ? entries : entries - changes.deltas[row]!, entries_after: entries };
}

/** Types of one name are one row: classes made anew on every call, and the same class in another process. */
function mergeByName(changes: readonly TypeChange[]): TypeGrowthRow[] {
  const rows = new Map<string, { -readonly [K in keyof TypeGrowthRow]: TypeGrowthRow[K] }>();
  for (const change of changes) {
    const type = qualifiedTypeName(change.type);
    let row = rows.get(type);
    if (row === undefined) {
      row = { type, objects_before: 0, objects_after: 0, bytes_before: 0, bytes_after: 0 };
      rows.set(type, row);
    }
    row.objects_before += change.countBefore;
    row.objects_after += change.countAfter;
    row.bytes_before += change.wordsBefore * WORD_BYTES;
    row.bytes_after += change.wordsAfter * WORD_BYTES;
  }
  const gain = (row: TypeGrowthRow): number => row.bytes_after - row.bytes_before;
  return [...rows.values()].sort((a, b) => gain(b) - gain(a) || b.objects_after - a.objects_after);
}
