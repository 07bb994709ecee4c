// The dominator tree as an expandable table: windows of what a node keeps alive alone, largest first.

import { isReachable } from '../diagnose/retention.ts';
import { largestChildren } from '../graph/dominator-tree.ts';
import type { EdgeIndex, NodeIndex } from '../graph/heap-graph.ts';
import { findEdge } from '../graph/referrers.ts';
import type { DominatorPath, DominatorRow, Window } from '../protocol/web/heap-views.ts';
import type { AnalysedHeap } from './analysed-heap.ts';
import { dominatorChain } from './object-detail.ts';
import { nameOfEdge, objectRow, type WindowOptions } from './object-rows.ts';

/** Children of `parent`, of the super-root (what nothing but roots keep alive) where it is undefined. */
export function dominatorRows(
  heap: AnalysedHeap,
  parent: NodeIndex | undefined,
  { offset, limit }: WindowOptions,
): Window<DominatorRow> {
  const { tree, retained } = heap;
  const node = parent ?? tree.superRoot;
  const total = tree.firstChild[node + 1]! - tree.firstChild[node]!;
  const shown = offset >= total ? [] : largestChildren(tree, node, retained, offset + limit).slice(offset);
  const edges = parent === undefined ? new Map<NodeIndex, EdgeIndex>() : edgesTo(heap, parent, shown);
  return { total, offset, rows: shown.map((child) => dominatorRow(heap, child, edges.get(child) ?? -1)) };
}

/** The first edge from `source` to each of the nodes it refers to: one pass, as a dict has a million. */
function edgesTo({ graph }: AnalysedHeap, source: NodeIndex, nodes: readonly NodeIndex[]): Map<NodeIndex, EdgeIndex> {
  const wanted = new Set(nodes);
  const found = new Map<NodeIndex, EdgeIndex>();
  const end = graph.firstEdge[source + 1]!;
  for (let e = graph.firstEdge[source]!; e < end && found.size < wanted.size; e++) {
    const target = graph.edgeTargets[e]!;
    if (wanted.has(target) && !found.has(target)) found.set(target, e);
  }
  return found;
}

/** From the top of the tree down to the node, which is the last; empty for garbage. */
export function dominatorPath(heap: AnalysedHeap, node: NodeIndex): DominatorPath {
  if (!isReachable(heap, node)) return [];
  const { graph, dominators } = heap;
  return [node, ...dominatorChain(heap, node)].reverse().map((at) => {
    const parent = dominators.idom[at]!;
    return dominatorRow(heap, at, parent === graph.nodeCount ? -1 : findEdge(graph, parent, at));
  });
}

/** `edge` is the dominator's reference to the node, or -1. */
function dominatorRow(heap: AnalysedHeap, node: NodeIndex, edge: EdgeIndex): DominatorRow {
  const { tree, dominators, heapBytes } = heap;
  const row = objectRow(heap, node);
  return {
    ...row,
    name: nameOfEdge(heap, dominators.idom[node]!, edge),
    retained_objects: heap.retainedObjects[node]!,
    retained_share: heapBytes === 0 ? 0 : Math.min(1, row.retained_bytes / heapBytes),
    has_children: tree.firstChild[node + 1]! > tree.firstChild[node]!,
  };
}
