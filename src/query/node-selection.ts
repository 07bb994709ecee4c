// Sets of nodes as ascending columns of their indices: what the conditions of a query narrow, join and take away.

import type { NodeIndex } from '../graph/heap-graph.ts';

/** Ascending, each node once. */
export type NodeSelection = Uint32Array;

/** The nodes `0 .. nodeCount - 1`. */
export function allNodes(nodeCount: number): NodeSelection {
  const nodes = new Uint32Array(nodeCount);
  for (let n = 0; n < nodeCount; n++) nodes[n] = n;
  return nodes;
}

/** Those of `nodes` that `accept` takes, in O(nodes). */
export function narrow(nodes: NodeSelection, accept: (node: NodeIndex) => boolean): NodeSelection {
  const kept = new Uint32Array(nodes.length);
  let count = 0;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i]!;
    if (accept(node)) kept[count++] = node;
  }
  // A small result must not keep the whole column alive.
  return kept.slice(0, count);
}

/** Whole numbers from `low` to `high`, or all but these. */
export interface NumberRange {
  readonly low: number;
  readonly high: number;
  readonly isOutside: boolean;
}

/** What columns of whole numbers hold for a node that has none. */
const NONE = 0xffffffff;

/** Those whose number in `column` lies in the range; those without one are never meant. */
export function narrowByRange(
  nodes: NodeSelection,
  column: Uint32Array | Float64Array,
  { low, high, isOutside }: NumberRange,
): NodeSelection {
  const kept = new Uint32Array(nodes.length);
  let count = 0;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i]!;
    const value = column[node]!;
    const isInside = value >= low && value <= high;
    // Written in any case, kept by the count: a branch that goes either way at random would cost more.
    kept[count] = node;
    count += Number(isInside !== isOutside && value !== NONE);
  }
  return kept.slice(0, count);
}

/** Nodes of either, by merging. */
export function union(a: NodeSelection, b: NodeSelection): NodeSelection {
  const merged = new Uint32Array(a.length + b.length);
  let count = 0;
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = i < a.length ? a[i]! : Number.POSITIVE_INFINITY;
    const right = j < b.length ? b[j]! : Number.POSITIVE_INFINITY;
    if (left <= right) i++;
    if (right <= left) j++;
    merged[count++] = Math.min(left, right);
  }
  return merged.slice(0, count);
}

/** Nodes of `a` that `b` does not have. */
export function difference(a: NodeSelection, b: NodeSelection): NodeSelection {
  let j = 0;
  return narrow(a, (node) => {
    while (j < b.length && b[j]! < node) j++;
    return b[j] !== node;
  });
}
