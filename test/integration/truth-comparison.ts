// Compares a heap graph with what the target's own collector said at the same moment: nodes, edges and types.
// Where the collector looks past an object that the graph keeps (see `contract`), so does the comparison.

import {
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  EdgeKind,
  type HeapGraph,
  NodeFlag,
  type NodeIndex,
  RootKind,
} from '../../src/graph/heap-graph.ts';
import { type GroundTruth, TruthFlag } from '../support/ground-truth.ts';

/** Edges of the objects of one type. */
export interface TypeRow {
  readonly type: string;
  objects: number;
  /** In both. */
  agreed: number;
  /** The collector knows it, the graph does not. */
  missing: number;
  /** Only in the graph, to an object that the collector tracks. */
  extra: number;
  /** Only in the graph, to an object that the collector does not track: tp_traverse may skip those. */
  extraUntracked: number;
  /** A few of each, `missing`/`extra` with the target's type. */
  readonly examples: Map<string, number>;
}

export interface Comparison {
  /** In gc.get_objects() and not in the graph, by type. */
  readonly missingNodes: Map<string, number>;
  /** Tracked in the graph and not in gc.get_objects(), by type. */
  readonly extraNodes: Map<string, number>;
  readonly listed: number;
  /** `theirs ours`, for nodes whose type has another name here, with counts. */
  readonly typeMismatches: Map<string, number>;
  readonly rows: readonly TypeRow[];
  readonly recall: number;
  /** Of the edges to objects that the collector tracks. */
  readonly precision: number;
}

/** Compares; nodes the measurement made are left out on both sides. */
export function compareWithTruth(graph: HeapGraph, truth: GroundTruth): Comparison {
  const count = truth.addresses.length;
  const ourNode = new Int32Array(count).fill(-1);
  const theirNode = new Int32Array(graph.nodeCount).fill(-1);
  for (let t = 0, n = 0; t < count; t++) {
    while (n < graph.nodeCount && graph.addresses[n]! < truth.addresses[t]!) n++;
    if (n < graph.nodeCount && graph.addresses[n] === truth.addresses[t]) {
      ourNode[t] = n;
      theirNode[n] = t;
    }
  }
  const typeName = (t: number): string => truth.types[truth.typeOf[t]!]!;
  const ourTypeName = (n: NodeIndex): string => {
    const type = graph.types[graph.typeOf[n]!]!;
    return type.module === '' ? type.name : `${type.module}.${type.name}`;
  };

  const missingNodes = new Map<string, number>();
  const extraNodes = new Map<string, number>();
  const typeMismatches = new Map<string, number>();
  let listed = 0;
  for (let t = 0; t < count; t++) {
    const flags = truth.flags[t]!;
    if ((flags & TruthFlag.measurement) !== 0) continue;
    if ((flags & TruthFlag.listed) !== 0) {
      listed++;
      if (ourNode[t]! < 0) increment(missingNodes, typeName(t));
    }
    const n = ourNode[t]!;
    if (n >= 0 && ourTypeName(n) !== typeName(t)) increment(typeMismatches, `${typeName(t)} ${ourTypeName(n)}`);
  }
  for (let n = 0; n < graph.nodeCount; n++) {
    if ((graph.nodeFlags[n]! & NodeFlag.tracked) === 0) continue;
    const t = theirNode[n]!;
    if (t < 0 || (truth.flags[t]! & TruthFlag.listed) === 0) increment(extraNodes, ourTypeName(n));
  }

  const firstEdge = prefixSums(truth);
  const interned = new Set(graph.roots.nodes.filter((_, row) => graph.roots.kinds[row] === RootKind.interned));
  const rows = new Map<number, TypeRow>();
  let agreed = 0;
  let missing = 0;
  let extra = 0;
  for (let t = 0; t < count; t++) {
    const n = ourNode[t]!;
    if ((truth.flags[t]! & (TruthFlag.tracked | TruthFlag.measurement)) !== TruthFlag.tracked || n < 0) continue;
    // The collector reports what the table of interned strings does not own.
    if ((graph.nodeFlags[n]! & NodeFlag.tracked) === 0 || interned.has(n)) continue;
    const theirs = new Set<number>(truth.edges.targets.subarray(firstEdge[t]!, firstEdge[t + 1]!));
    const ours = new Set<number>();
    let reportsNothing = false;
    for (const target of contract(graph, truth, theirNode, firstEdge, theirs, n)) {
      if (target === SILENT) reportsNothing = true;
      else ours.add(target);
    }
    const id = truth.typeOf[t]!;
    let row = rows.get(id);
    if (row === undefined) {
      row = {
        type: truth.types[id]!,
        objects: 0,
        agreed: 0,
        missing: 0,
        extra: 0,
        extraUntracked: 0,
        examples: new Map(),
      };
      rows.set(id, row);
    }
    row.objects++;
    if (reportsNothing) continue;
    for (const target of theirs) {
      if ((truth.flags[target]! & TruthFlag.measurement) !== 0) continue;
      if (ours.has(target)) row.agreed++;
      else {
        row.missing++;
        increment(row.examples, `missing ${typeName(target)}`);
      }
    }
    for (const target of ours) {
      if (target >= 0 && theirs.has(target)) continue;
      const isTracked =
        target < 0
          ? (graph.nodeFlags[-1 - target]! & NodeFlag.tracked) !== 0
          : (truth.flags[target]! & TruthFlag.tracked) !== 0;
      if (isTracked) {
        row.extra++;
        increment(row.examples, `extra ${target < 0 ? ourTypeName(-1 - target) : typeName(target)}`);
      } else row.extraUntracked++;
    }
  }
  for (const row of rows.values()) {
    agreed += row.agreed;
    missing += row.missing;
    extra += row.extra;
  }
  return {
    missingNodes,
    extraNodes,
    listed,
    typeMismatches,
    rows: [...rows.values()].sort((a, b) => b.missing + b.extra - a.missing - a.extra),
    recall: agreed / (agreed + missing),
    precision: agreed / (agreed + extra),
  };
}

/** The types that disagree, as a table for a failing test. */
export function describeComparison(comparison: Comparison, limit = 40): string {
  const lines = [
    `recall ${comparison.recall.toFixed(6)}  precision ${comparison.precision.toFixed(6)}  listed ${comparison.listed}`,
    `missing nodes: ${describeCounts(comparison.missingNodes)}`,
    `extra nodes: ${describeCounts(comparison.extraNodes)}`,
    `types: ${describeCounts(comparison.typeMismatches, 100)}`,
  ];
  for (const row of comparison.rows.slice(0, limit)) {
    if (row.missing + row.extra === 0) break;
    lines.push(
      `${row.type.padEnd(44)} objects ${row.objects} agreed ${row.agreed} missing ${row.missing} extra ${row.extra}: ${describeCounts(row.examples, 5)}`,
    );
  }
  return lines.join('\n');
}

function describeCounts(counts: ReadonlyMap<string, number>, limit = 30): string {
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, limit)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

/** Stands for an object that reports nothing because its owner reports in its place. */
const SILENT = Number.POSITIVE_INFINITY;

/**
 * The targets of a node as truth indices; what the collector never saw at all stands as -1 - node. Looks past
 * - the links of lru_cache, which the wrapper traverses as if they were not there, and
 * - instance dicts that share their instance's values: some 3.13 releases report those from the instance alone.
 */
function* contract(
  graph: HeapGraph,
  truth: GroundTruth,
  theirNode: Int32Array,
  firstEdge: Uint32Array,
  theirs: ReadonlySet<number>,
  node: NodeIndex,
): Generator<number> {
  const self = theirNode[node]!;
  const isSilent = (n: NodeIndex): boolean => {
    const t = theirNode[n]!;
    return (
      (graph.nodeFlags[n]! & NodeFlag.namespace) !== 0 &&
      (t < 0 || firstEdge[t] === firstEdge[t + 1]) &&
      graph.firstEdge[n] !== graph.firstEdge[n + 1]
    );
  };
  if (truth.types[truth.typeOf[self]!] === 'builtins.dict' && isSilent(node)) yield SILENT;
  for (let e = graph.firstEdge[node]!; e < graph.firstEdge[node + 1]!; e++) {
    const target = graph.edgeTargets[e]!;
    const t = theirNode[target]!;
    // Owned, but the collector has no need to follow it: all its values are weak references.
    const name = graph.edgeNames[e]!;
    if (name >>> EDGE_KIND_SHIFT === EdgeKind.field && graph.strings[name & EDGE_PAYLOAD_MASK] === 'subclasses')
      continue;
    const isLink = !theirs.has(t) && graph.types[graph.typeOf[target]!]!.name.endsWith('_lru_list_elem');
    const isShared = !theirs.has(t) && isSilent(target);
    if (!isLink && !isShared) {
      yield t >= 0 ? t : -1 - target;
      continue;
    }
    for (let inner = graph.firstEdge[target]!; inner < graph.firstEdge[target + 1]!; inner++) {
      const beyond = graph.edgeTargets[inner]!;
      yield theirNode[beyond]! >= 0 ? theirNode[beyond]! : -1 - beyond;
    }
  }
}

function prefixSums(truth: GroundTruth): Uint32Array {
  const first = new Uint32Array(truth.addresses.length + 1);
  for (const source of truth.edges.sources) first[source + 1]!++;
  for (let t = 0; t < truth.addresses.length; t++) first[t + 1]! += first[t]!;
  return first;
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
