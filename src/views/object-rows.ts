// Objects as rows of a table.

import { formatCount } from '../base/units.ts';
import { pathText } from '../diagnose/retention.ts';
import { type EdgeIndex, NO_NODE, NOT_A_CONTAINER, type NodeIndex } from '../graph/heap-graph.ts';
import type { ObjectRow, RelatedObject } from '../protocol/web/heap-views.ts';
import { type AnalysedHeap, addressOf, ownBytes, typeNameOf } from './analysed-heap.ts';
import { referenceName } from './reference-names.ts';

/** Longer paths are not read for a row: a window has hundreds, and each may lead through a million links. */
const PATH_EDGES_READ = 2_000;

export interface WindowOptions {
  readonly offset: number;
  readonly limit: number;
}

export function objectRow(heap: AnalysedHeap, node: NodeIndex): ObjectRow {
  const { graph } = heap;
  return {
    address: addressOf(graph, node),
    type: typeNameOf(graph, node),
    path: rowPath(heap, node),
    bytes: ownBytes(graph, node),
    retained_bytes: heap.retained[node]!,
    ...entriesOf(heap, node),
  };
}

/** The other end of a reference: of `edge`, which `source` holds. */
export function relatedObject(heap: AnalysedHeap, node: NodeIndex, name: string): RelatedObject {
  const { graph } = heap;
  return {
    address: addressOf(graph, node),
    type: typeNameOf(graph, node),
    name,
    bytes: ownBytes(graph, node),
    retained_bytes: heap.retained[node]!,
    ...entriesOf(heap, node),
  };
}

export function nameOfEdge(heap: AnalysedHeap, source: NodeIndex, edge: EdgeIndex): string {
  return edge < 0 ? '' : referenceName(heap.graph, source, edge);
}

export function entriesOf({ graph }: Pick<AnalysedHeap, 'graph'>, node: NodeIndex): { readonly entries?: number } {
  const entries = graph.entryCounts[node]!;
  return entries === NOT_A_CONTAINER ? {} : { entries };
}

/** As the CLI names it, unless it is very far down. */
export function rowPath(heap: AnalysedHeap, node: NodeIndex): string {
  const distance = heap.paths.distance[node]!;
  if (distance === NO_NODE) return '';
  return distance > PATH_EDGES_READ ? `${formatCount(distance)} references below a root` : pathText(heap, node);
}
