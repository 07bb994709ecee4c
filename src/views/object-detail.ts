// One object: what it is, why it is alive, what refers to it and what it refers to.

import { isReachable } from '../diagnose/retention.ts';
import { type HeapGraph, NodeFlag, type NodeIndex, RootKind } from '../graph/heap-graph.ts';
import { namePath } from '../graph/path-names.ts';
import { findEdge } from '../graph/referrers.ts';
import { alternativePaths } from '../graph/retaining-path.ts';
import type { ObjectDetail, RelatedObject, Window } from '../protocol/web/heap-views.ts';
import type { AnalysedHeap } from './analysed-heap.ts';
import { nameOfEdge, objectRow, relatedObject, type WindowOptions } from './object-rows.ts';

const PATHS_SHOWN = 5;
const DOMINATORS_SHOWN = 12;
const RELATED_SHOWN = 25;
/** Dominators followed: a linked list is as deep as it is long. */
const CHAIN_LIMIT = 500;

/** What a flag of a node means to a reader, in the order they are told. */
const TRAITS: readonly (readonly [number, string])[] = [
  [NodeFlag.code, 'part of the program'],
  [NodeFlag.namespace, 'namespace'],
  [NodeFlag.synthetic, 'a thread or running frame, not a Python object'],
  [NodeFlag.tracked, 'tracked by the collector'],
  [NodeFlag.oldGeneration, 'oldest generation'],
  [NodeFlag.static, 'static data of the interpreter or a library'],
  [NodeFlag.ownerless, 'found in the allocator, without a known reference'],
  [NodeFlag.nativelyHeld, 'held by native code'],
];

export function objectDetail(heap: AnalysedHeap, node: NodeIndex): ObjectDetail {
  const { graph, paths, names, referrers } = heap;
  const window = { offset: 0, limit: RELATED_SHOWN };
  return {
    ...objectRow(heap, node),
    retained_objects: heap.retainedObjects[node]!,
    module: graph.types[graph.typeOf[node]!]!.module,
    traits: traitsOf(heap, node),
    paths: alternativePaths(graph, paths, referrers, node, PATHS_SHOWN).map(
      (path) => namePath(graph, path, names).text,
    ),
    dominators: dominatorChain(heap, node)
      .slice(0, DOMINATORS_SHOWN)
      .map((at) => relatedObject(heap, at, '')),
    referrers: referrersWindow(heap, node, window),
    referents: referentsWindow(heap, node, window),
  };
}

/** What refers to the node: each referrer once, ascending by address. */
export function referrersWindow(heap: AnalysedHeap, node: NodeIndex, options: WindowOptions): Window<RelatedObject> {
  const { firstReferrer, referrers } = heap.referrers;
  const start = firstReferrer[node]!;
  const end = firstReferrer[node + 1]!;
  const rows: RelatedObject[] = [];
  let total = 0;
  for (let i = start; i < end; i++) {
    const source = referrers[i]!;
    // One that refers twice stands twice, side by side.
    if (source === node || (i > start && referrers[i - 1] === source)) continue;
    if (total >= options.offset && rows.length < options.limit) {
      const name = nameOfEdge(heap, source, findEdge(heap.graph, source, node));
      rows.push(relatedObject(heap, source, name));
    }
    total++;
  }
  return { total, offset: options.offset, rows };
}

/** What the node refers to, in the order of its references. */
export function referentsWindow(heap: AnalysedHeap, node: NodeIndex, options: WindowOptions): Window<RelatedObject> {
  const { graph } = heap;
  const first = graph.firstEdge[node]!;
  const total = graph.firstEdge[node + 1]! - first;
  const rows: RelatedObject[] = [];
  for (let i = options.offset; i < Math.min(total, options.offset + options.limit); i++) {
    rows.push(relatedObject(heap, graph.edgeTargets[first + i]!, nameOfEdge(heap, node, first + i)));
  }
  return { total, offset: options.offset, rows };
}

/** What would have to go for it to go, nearest first. */
export function dominatorChain(heap: AnalysedHeap, node: NodeIndex): NodeIndex[] {
  const { graph, dominators } = heap;
  const chain: NodeIndex[] = [];
  if (!isReachable(heap, node)) return chain;
  for (let at = dominators.idom[node]!; at !== graph.nodeCount; at = dominators.idom[at]!) {
    chain.push(at);
    if (chain.length === CHAIN_LIMIT) break;
  }
  return chain;
}

function traitsOf(heap: AnalysedHeap, node: NodeIndex): string[] {
  const { graph } = heap;
  const flags = graph.nodeFlags[node]!;
  const traits = TRAITS.flatMap(([flag, text]) => ((flags & flag) !== 0 ? [text] : []));
  if (!isReachable(heap, node)) traits.unshift('garbage: no root reaches it');
  return [...traits, ...rootTraits(graph, node)];
}

function rootTraits({ roots, strings }: HeapGraph, node: NodeIndex): string[] {
  const row = roots.nodes.indexOf(node);
  if (row < 0 || roots.kinds[row] === RootKind.native) return [];
  const label = strings[roots.labels[row]!] ?? '';
  return [label === '' ? 'root' : `root: ${label}`];
}
