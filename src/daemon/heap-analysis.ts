// What a loading thread computes of a graph and hands to the thread that answers: plain columns, so that they can be
// handed over without a copy. The graph itself is in memory that both share.

import { computeRetention, type Retention } from '../diagnose/retention.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import { nodeNames } from '../graph/node-names.ts';
import { buildReferrers, type Referrers } from '../graph/referrers.ts';
import type { AnalysedHeap } from '../views/analysed-heap.ts';
import { orderAllObjects } from '../views/object-order.ts';
import { ObjectOrders } from '../views/object-selection.ts';
import { amountsByType, type TypeAmounts, type TypeGrouping } from '../views/types-table.ts';

export interface HeapAnalysis extends Omit<Retention, 'graph' | 'names'> {
  readonly referrers: Referrers;
  /** All objects, what retains most first. */
  readonly byRetained: Uint32Array;
  readonly amounts: Readonly<Record<TypeGrouping, TypeAmounts>>;
}

/** `progress` is told each step before it begins. */
export function analyseHeap(graph: HeapGraph, progress: (step: string) => void): HeapAnalysis {
  progress('finding what keeps what alive');
  const { graph: _graph, names: _names, ...retention } = computeRetention(graph);
  progress('finding who refers to what');
  const referrers = buildReferrers(graph);
  progress('adding up types');
  const retained = { tree: retention.tree, bytes: retention.retained };
  return {
    ...retention,
    referrers,
    byRetained: orderAllObjects(graph, retention.retained, { sort: 'retained_bytes', order: 'descending' }),
    amounts: {
      type: amountsByType(graph, 'type', retained),
      module: amountsByType(graph, 'module', retained),
    },
  };
}

/** What questions about an open snapshot are answered from. */
export interface OpenHeap extends AnalysedHeap {
  readonly orders: ObjectOrders;
}

/** Joins graph and analysis again, on the side that answers. */
export function openHeap(graph: HeapGraph, analysis: HeapAnalysis): OpenHeap {
  const { retained, byRetained } = analysis;
  return { ...analysis, graph, names: nodeNames(graph), orders: new ObjectOrders(graph, retained, byRetained) };
}

/** The same graph with its columns in memory that threads share; types and strings are copied when it is sent. */
export function shareGraph(graph: HeapGraph): HeapGraph {
  return {
    ...graph,
    addresses: shared(graph.addresses, Float64Array),
    typeOf: shared(graph.typeOf, Uint32Array),
    shallowWords: shared(graph.shallowWords, Uint32Array),
    entryCounts: shared(graph.entryCounts, Uint32Array),
    nodeFlags: shared(graph.nodeFlags, Uint8Array),
    firstEdge: shared(graph.firstEdge, Uint32Array),
    edgeTargets: shared(graph.edgeTargets, Uint32Array),
    edgeNames: shared(graph.edgeNames, Uint32Array),
    roots: {
      nodes: shared(graph.roots.nodes, Uint32Array),
      kinds: shared(graph.roots.kinds, Uint8Array),
      labels: shared(graph.roots.labels, Uint32Array),
    },
    labels: {
      nodes: shared(graph.labels.nodes, Uint32Array),
      labels: shared(graph.labels.labels, Uint32Array),
    },
  };
}

type Column = Float64Array | Uint32Array | Uint8Array;

function shared<C extends Column>(
  column: C,
  Kind: { readonly BYTES_PER_ELEMENT: number; new (buffer: SharedArrayBuffer): C },
): C {
  const copy = new Kind(new SharedArrayBuffer(column.length * Kind.BYTES_PER_ELEMENT));
  copy.set(column as Uint8Array & C);
  return copy;
}

/** Buffers below `value` that can be handed over instead of being copied. */
export function transferable(value: unknown): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const visit = (item: unknown): void => {
    if (ArrayBuffer.isView(item)) {
      if (item.buffer instanceof ArrayBuffer) found.add(item.buffer);
    } else if (typeof item === 'object' && item !== null && !(item instanceof Map)) {
      for (const part of Object.values(item)) if (typeof part === 'object') visit(part);
    }
  };
  visit(value);
  return [...found];
}
