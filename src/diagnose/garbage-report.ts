// What no root reaches, as a person wants to see it: clusters with their size, the cycle that keeps them alive as a loop
// of names, and whether objects with `__del__` are among them. Like clusters are one row.
// Field names are snake_case because this is wire format (src/protocol/references.ts).

import { hasBit } from '../base/bitset.ts';
import { findGarbage, type Garbage } from '../graph/garbage.ts';
import { type HeapGraph, NodeFlag, RootKind, WORD_BYTES } from '../graph/heap-graph.ts';
import { reachableFrom } from '../graph/reachability.ts';
import { typesWithFinalizer } from './finalizers.ts';
import { nameCycle } from './garbage-cycle.ts';
import { rowsOf } from './snapshot-summary.ts';
import { type TypeAmount, TypeSums } from './type-sums.ts';

/** Clusters held together by the same cycle. */
export interface GarbageClusterRow {
  /** `Job.pickler → Pickler.memo → Job`; empty for what is no cycle: freed by no one, or misread. */
  readonly cycle: string;
  /** Clusters of the kind. */
  readonly clusters: number;
  readonly objects: number;
  readonly bytes: number;
  /** Most bytes first, at most five. */
  readonly types: readonly TypeAmount[];
  /** Types among them whose objects have `__del__`. */
  readonly finalizers: readonly string[];
}

export interface GarbageReport {
  readonly objects: number;
  readonly bytes: number;
  /** The part that survived a collection of its generation: only a full collection frees it. */
  readonly old_objects: number;
  readonly old_bytes: number;
  readonly clusters: number;
  /** Clusters whose cycle was looked at: the largest. */
  readonly clusters_named: number;
  /** Most bytes first. */
  readonly largest: readonly GarbageClusterRow[];
  /** Most bytes first, at most ten. */
  readonly types: readonly TypeAmount[];
  /** What gc.garbage keeps alive directly, by type, at most ten. */
  readonly kept: readonly TypeAmount[];
}

/** Clusters named: each costs a search of its nodes. */
const NAMED_LIMIT = 2000;
const NAMED_NODES_LIMIT = 2_000_000;
const TYPES_LISTED = 10;
const CLUSTER_TYPES_LISTED = 5;

export interface GarbageReportOptions {
  /** Rows of clusters. */
  readonly top: number;
}

export function reportGarbage(graph: HeapGraph, { top }: GarbageReportOptions): GarbageReport {
  const reachable = reachableFrom(graph, graph.roots.nodes);
  const garbage = findGarbage(graph, reachable);
  const all = new TypeSums(graph);
  let oldObjects = 0;
  let oldWords = 0;
  for (let n = 0; n < graph.nodeCount; n++) {
    if (hasBit(reachable, n)) continue;
    all.add(n);
    if ((graph.nodeFlags[n]! & NodeFlag.oldGeneration) === 0) continue;
    oldObjects++;
    oldWords += graph.shallowWords[n]!;
  }
  const { rows, named } = clusterRows(graph, garbage);
  const total = all.total();
  return {
    objects: total.count,
    bytes: total.bytes,
    old_objects: oldObjects,
    old_bytes: oldWords * WORD_BYTES,
    clusters: garbage.clusterCount,
    clusters_named: named,
    largest: rows.slice(0, top),
    types: all.rows(TYPES_LISTED),
    kept: keptInList(graph),
  };
}

function clusterRows(
  graph: HeapGraph,
  garbage: Garbage,
): { readonly rows: GarbageClusterRow[]; readonly named: number } {
  const groups = new Map<string, { clusters: number; sums: TypeSums }>();
  const hasFinalizer = typesWithFinalizer(graph);
  let named = 0;
  for (let c = 0; c < garbage.clusterCount && named < NAMED_LIMIT; c++) {
    if (garbage.firstNode[c + 1]! > NAMED_NODES_LIMIT && named > 0) break;
    named++;
    const cycle = nameCycle(graph, garbage, c);
    let group = groups.get(cycle);
    if (group === undefined) {
      group = { clusters: 0, sums: new TypeSums(graph) };
      groups.set(cycle, group);
    }
    group.clusters++;
    for (let i = garbage.firstNode[c]!; i < garbage.firstNode[c + 1]!; i++) group.sums.add(garbage.nodes[i]!);
  }
  const rows = [...groups].map(([cycle, { clusters, sums }]) => {
    const { count, bytes } = sums.total();
    return {
      cycle,
      clusters,
      objects: count,
      bytes,
      types: sums.rows(CLUSTER_TYPES_LISTED),
      finalizers: sums.names((type) => hasFinalizer[type] === 1),
    };
  });
  return { rows: rows.sort((a, b) => b.bytes - a.bytes), named };
}

function keptInList(graph: HeapGraph): TypeAmount[] {
  const sums = new TypeSums(graph);
  const { firstEdge, edgeTargets } = graph;
  for (const list of rowsOf(graph, (kind) => kind === RootKind.interpreter, 'gc.garbage')) {
    for (let e = firstEdge[list]!; e < firstEdge[list + 1]!; e++) sums.add(edgeTargets[e]!);
  }
  return sums.rows(TYPES_LISTED);
}
