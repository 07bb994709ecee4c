// What is kept of a snapshot when its edges and its memory are dropped: enough to see what grew since.

import { hasBit } from '../base/bitset.ts';
import type { CollectorState } from '../cpython/collector-state.ts';
import type { HeapWalk } from '../cpython/heap-walk.ts';
import type { OwnerlessGroup } from '../cpython/ownerless-blocks.ts';
import type { NodeColumns } from '../graph/comparison.ts';
import {
  type Address,
  type HeapGraph,
  NOT_A_CONTAINER,
  NodeFlag,
  type NodeIndex,
  qualifiedTypeName,
  RootKind,
  WORD_BYTES,
} from '../graph/heap-graph.ts';
import { reachableFrom } from '../graph/reachability.ts';

/** Objects and bytes. */
export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

export type AmountsByType = ReadonlyMap<string, Amount>;

export interface SnapshotSummary {
  /** Seconds since the start of the run. */
  readonly atSeconds: number;
  readonly pauseMs: number;
  readonly columns: NodeColumns;
  /** Entries of `sys.modules`, of all interpreters. */
  readonly modules: number;
  /** Everything live: objects with their buffers. */
  readonly objects: Amount;
  readonly byType: AmountsByType;
  /** Objects that only native code holds, by type; without what hangs on variables of libraries. */
  readonly nativelyHeld: AmountsByType;
  /** Objects no root reaches, by type. */
  readonly garbage: AmountsByType;
  /** The part of `garbage` that survived at least one collection of its generation: what the collector will not free. */
  readonly oldGarbage: AmountsByType;
  /** Entries of gc.garbage, by type. */
  readonly keptGarbage: AmountsByType;
  /** References that no Python object and no native memory accounts for, by the type of their objects. */
  readonly lostReferences: ReadonlyMap<string, number>;
  /** Objects that lost most references: references by address. */
  readonly mostLost: ReadonlyMap<Address, number>;
  readonly interned: Amount;
  /** Allocator blocks without an object or an owner, by size. */
  readonly ownerlessBlocks: readonly OwnerlessGroup[];
  readonly ownerlessBytes: number;
  readonly collector: CollectorState;
  /** Bytes free inside the allocators: memory that is not leaked but not given back either. */
  readonly freeSmallBytes: number;
  readonly freeMallocBytes: number;
}

/** What a summary is made of. */
export type SummarisedWalk = Pick<HeapWalk, 'graph' | 'collector' | 'allocators' | 'ownerless' | 'refcounts'>;

/** Summarises one walk; costs one sweep over the edges. */
export function summariseSnapshot(walk: SummarisedWalk, atSeconds: number, pauseMs: number): SnapshotSummary {
  const { graph } = walk;
  const reachedByOwners = reachableFrom(graph, [
    ...rowsOf(graph, (kind) => kind !== RootKind.native),
    ...heldByVariables(graph),
  ]);
  // Only what the owners leave is left to sweep.
  const reachedByNative = reachableFrom(
    graph,
    rowsOf(graph, (kind) => kind === RootKind.native),
    { blocked: reachedByOwners },
  );
  const { addresses, typeOf, types, shallowWords, entryCounts, nodeFlags } = graph;
  const names = types.map(qualifiedTypeName);
  const all = new AmountTable(names);
  const native = new AmountTable(names);
  const garbage = new AmountTable(names);
  const oldGarbage = new AmountTable(names);
  for (let n = 0; n < graph.nodeCount; n++) {
    const type = typeOf[n]!;
    const words = shallowWords[n]!;
    all.add(type, words);
    if (hasBit(reachedByOwners, n)) continue;
    if (!hasBit(reachedByNative, n)) {
      garbage.add(type, words);
      if ((nodeFlags[n]! & NodeFlag.oldGeneration) !== 0) oldGarbage.add(type, words);
    } else if ((nodeFlags[n]! & NodeFlag.synthetic) === 0) native.add(type, words);
  }
  const kept = new AmountTable(names);
  const lists = rowsOf(graph, (kind) => kind === RootKind.interpreter, 'gc.garbage');
  for (const list of lists) {
    for (let e = graph.firstEdge[list]!; e < graph.firstEdge[list + 1]!; e++) {
      const node = graph.edgeTargets[e]!;
      kept.add(typeOf[node]!, shallowWords[node]!);
    }
  }
  return {
    atSeconds,
    pauseMs,
    columns: { addresses, typeOf, types, shallowWords, entryCounts },
    modules: importedModules(graph),
    objects: all.total(),
    byType: all.byName(),
    nativelyHeld: native.byName(),
    garbage: garbage.byName(),
    oldGarbage: oldGarbage.byName(),
    keptGarbage: kept.byName(),
    lostReferences: sumByName(names, walk.refcounts.lostReferences),
    mostLost: new Map(walk.refcounts.mostLost.map(({ address, references }) => [address, references])),
    interned: internedStrings(graph),
    ownerlessBlocks: walk.ownerless.groups,
    ownerlessBytes: walk.ownerless.bytes,
    collector: walk.collector,
    freeSmallBytes: walk.allocators.small.freeBytes,
    freeMallocBytes: walk.allocators.malloc.freeBytes,
  };
}

/**
 * Objects that variables of the executable and its libraries hold. A variable holds one for as long as the library is
 * there: loading it is all the growth there is.
 */
function heldByVariables({ roots, nodeFlags }: HeapGraph): NodeIndex[] {
  return Array.from(roots.nodes).filter(
    (node, row) => roots.kinds[row] === RootKind.native && (nodeFlags[node]! & NodeFlag.nativelyHeld) === 0,
  );
}

/** Root nodes of the kinds chosen; with `label`, only those that go by it. */
export function rowsOf(graph: HeapGraph, isChosen: (kind: number) => boolean, label?: string): number[] {
  const { roots, strings } = graph;
  const nodes: number[] = [];
  for (let row = 0; row < roots.nodes.length; row++) {
    if (!isChosen(roots.kinds[row]!) || (label !== undefined && strings[roots.labels[row]!] !== label)) continue;
    nodes.push(roots.nodes[row]!);
  }
  return nodes;
}

function sumByName(names: readonly string[], column: Float64Array): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  names.forEach((name, type) => {
    if (column[type]! > 0) sums.set(name, (sums.get(name) ?? 0) + column[type]!);
  });
  return sums;
}

function importedModules({ roots, entryCounts }: HeapGraph): number {
  let count = 0;
  for (let row = 0; row < roots.nodes.length; row++) {
    const entries = entryCounts[roots.nodes[row]!]!;
    if (roots.kinds[row] === RootKind.modules && entries !== NOT_A_CONTAINER) count += entries;
  }
  return count;
}

/** Entries of the interned table. */
function internedStrings(graph: HeapGraph): Amount {
  let count = 0;
  let words = 0;
  for (const table of rowsOf(graph, (kind) => kind === RootKind.interned)) {
    count += (graph.firstEdge[table + 1]! - graph.firstEdge[table]!) / 2;
    words += graph.shallowWords[table]!;
  }
  return { count: Math.floor(count), bytes: words * WORD_BYTES };
}

/** Counts and words by type index, turned into names at the end. */
class AmountTable {
  readonly #names: readonly string[];
  readonly #counts: Float64Array;
  readonly #words: Float64Array;

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#counts = new Float64Array(names.length);
    this.#words = new Float64Array(names.length);
  }

  add(type: number, words: number): void {
    this.#counts[type]!++;
    this.#words[type]! += words;
  }

  total(): Amount {
    let count = 0;
    let words = 0;
    for (let t = 0; t < this.#counts.length; t++) {
      count += this.#counts[t]!;
      words += this.#words[t]!;
    }
    return { count, bytes: words * WORD_BYTES };
  }

  byName(): AmountsByType {
    const amounts = new Map<string, Amount>();
    for (let t = 0; t < this.#counts.length; t++) {
      const count = this.#counts[t]!;
      if (count === 0) continue;
      const name = this.#names[t]!;
      const before = amounts.get(name);
      amounts.set(name, {
        count: count + (before?.count ?? 0),
        bytes: this.#words[t]! * WORD_BYTES + (before?.bytes ?? 0),
      });
    }
    return amounts;
  }
}
