// Which object owns each of the kernel's resources, as far as the heap of one snapshot shows.

import { indexInAscending } from '../base/sorted-search.ts';
import type { Layout } from '../cpython/layout.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import { type HandleKind, HandleTrust, NO_VARIABLE, visitHandles } from '../cpython/resource-handles.ts';
import type { ThreadInfo } from '../cpython/thread-state.ts';
import { type EdgeIndex, type HeapGraph, NO_NODE, type NodeIndex } from '../graph/heap-graph.ts';

/** What a handle would say to mean this resource: a number, or for a mapping an address below `end`. */
export interface HandleReference {
  readonly kind: HandleKind;
  readonly number: number;
  readonly end?: number | undefined;
}

/** What the kernel has, as the join needs it. */
export interface Owned {
  readonly handles: readonly HandleReference[];
}

/** The owner of each resource, by its index in the list that was asked about. */
export interface HandleOwners {
  /** NO_NODE where no Python object owns it. */
  readonly nodes: Uint32Array;
  /** Edge from the node that is the variable, or NO_VARIABLE. */
  readonly variables: Float64Array;
  /** HandleTrust. */
  readonly trusts: Uint8Array;
}

/** Asks every object of the graph what it holds. O(nodes + edges), and a lookup for each handle met. */
export function findHandleOwners(
  graph: HeapGraph,
  image: MemoryImage,
  layout: Layout,
  threads: readonly ThreadInfo[],
  resources: readonly Owned[],
): HandleOwners {
  const owners: HandleOwners = {
    nodes: new Uint32Array(resources.length).fill(NO_NODE),
    variables: new Float64Array(resources.length).fill(NO_VARIABLE),
    trusts: new Uint8Array(resources.length),
  };
  const lookUp = resourceLookup(resources);
  const own = (resource: number, node: NodeIndex, variable: EdgeIndex, trust: number): void => {
    if (owners.nodes[resource] !== NO_NODE && trust <= owners.trusts[resource]!) return;
    owners.nodes[resource] = node;
    owners.variables[resource] = variable;
    owners.trusts[resource] = trust;
  };
  visitHandles(graph, image, layout, {
    knows: (kind, number) => lookUp(kind, number) >= 0,
    handle: (kind, number, node, variable, trust) => own(lookUp(kind, number), node, variable, trust),
  });
  // Started without threading.Thread, a thread is known by its state alone (from 3.11 on).
  for (const thread of threads) {
    const node = thread.nativeId === 0 ? -1 : indexInAscending(graph.addresses, thread.address);
    const resource = node < 0 ? -1 : lookUp('thread', thread.nativeId);
    if (resource >= 0) own(resource, node, NO_VARIABLE, HandleTrust.name);
  }
  return owners;
}

/** Index of the resource that a handle means, or -1. */
function resourceLookup(resources: readonly Owned[]): (kind: HandleKind, number: number) => number {
  const byNumber = new Map<HandleKind, Map<number, number>>();
  const ranges: { readonly start: number; readonly end: number; readonly resource: number }[] = [];
  for (const [resource, { handles }] of resources.entries()) {
    for (const { kind, number, end } of handles) {
      if (end !== undefined) {
        ranges.push({ start: number, end, resource });
        continue;
      }
      let numbers = byNumber.get(kind);
      if (numbers === undefined) {
        numbers = new Map();
        byNumber.set(kind, numbers);
      }
      numbers.set(number, resource);
    }
  }
  ranges.sort((a, b) => a.start - b.start);
  const starts = Float64Array.from(ranges, (range) => range.start);
  return (kind, number) => {
    if (kind !== 'mapping') return byNumber.get(kind)?.get(number) ?? -1;
    const range = ranges[lastAtMost(starts, number)];
    return range !== undefined && number < range.end ? range.resource : -1;
  };
}

/** Index of the last start not above `value`, or -1. */
function lastAtMost(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
