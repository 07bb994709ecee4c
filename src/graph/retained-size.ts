// What would be freed with a node: sums of a weight over the dominator tree.

import type { Dominators } from './dominators.ts';
import { type HeapGraph, WORD_BYTES } from './heap-graph.ts';

/**
 * For each node the sum of `weight` over the node and all it dominates; `sums[nodeCount]` is the total over everything
 * reachable, unreachable nodes keep 0. The weight may be anything counted per node (words, ones, words of new nodes).
 * O(nodes) time, 8 bytes per node. Sums of integers are exact up to 2^53.
 */
export function sumOverDominators(dominators: Dominators, weight: ArrayLike<number>): Float64Array {
  const { idom, order } = dominators;
  const sums = new Float64Array(idom.length);
  for (let i = 1; i < order.length; i++) {
    const node = order[i]!;
    sums[node] = weight[node]!;
  }
  // Dominators stand before what they dominate: backwards, every sum is complete when it is passed up.
  for (let i = order.length - 1; i > 0; i--) {
    const node = order[i]!;
    sums[idom[node]!]! += sums[node]!;
  }
  return sums;
}

/** Retained size in bytes of every node. */
export function retainedBytes(graph: HeapGraph, dominators: Dominators): Float64Array {
  const bytes = sumOverDominators(dominators, graph.shallowWords);
  for (let n = 0; n < bytes.length; n++) bytes[n]! *= WORD_BYTES;
  return bytes;
}

/** Number of nodes each node retains, itself included; the super-root's count is all that is reachable, without it. */
export function retainedCounts(dominators: Dominators): Uint32Array {
  const { idom, order } = dominators;
  const counts = new Uint32Array(idom.length);
  for (let i = order.length - 1; i > 0; i--) {
    const node = order[i]!;
    const count = ++counts[node]!;
    counts[idom[node]!]! += count;
  }
  return counts;
}
