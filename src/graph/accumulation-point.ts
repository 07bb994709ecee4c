// The last object on the way down that still keeps most of the weight: where memory piles up (the MAT heuristic).

import { type DominatorTree, heaviestChild } from './dominator-tree.ts';
import type { NodeIndex } from './heap-graph.ts';

export interface AccumulationPoint {
  readonly node: NodeIndex;
  /** Nodes walked, from the start to `node`, both included. */
  readonly path: readonly NodeIndex[];
}

/** Share of its parent's weight that a child must keep to be walked into. */
const DEFAULT_RATIO = 0.7;

/**
 * Walks down from `start` (the super-root is allowed) while one child keeps at least `ratio` of the weight.
 * `weight` is a column summed over the tree: retained bytes, or retained growth.
 */
export function findAccumulationPoint(
  tree: DominatorTree,
  start: NodeIndex,
  weight: ArrayLike<number>,
  options: { readonly ratio?: number } = {},
): AccumulationPoint {
  const ratio = options.ratio ?? DEFAULT_RATIO;
  const path = [start];
  let node = start;
  while (true) {
    const child = heaviestChild(tree, node, weight);
    if (child < 0 || !(weight[child]! > 0) || weight[child]! < ratio * weight[node]!) return { node, path };
    node = child;
    path.push(node);
  }
}
