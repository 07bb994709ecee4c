// The dominator tree from the top down: what each node keeps alive, largest first.

import type { Dominators } from './dominators.ts';
import type { NodeIndex } from './heap-graph.ts';

/** Children of node n are `children[firstChild[n]] .. children[firstChild[n + 1]]`; the super-root is `superRoot`. */
export interface DominatorTree {
  readonly superRoot: NodeIndex;
  /** nodeCount + 2 prefix sums: the super-root has a range as well. */
  readonly firstChild: Uint32Array;
  readonly children: Uint32Array;
}

/** O(nodes) time, 8 bytes per node. */
export function buildDominatorTree(dominators: Dominators): DominatorTree {
  const { idom, order } = dominators;
  const superRoot = idom.length - 1;
  const firstChild = new Uint32Array(superRoot + 2);
  const children = new Uint32Array(order.length - 1);
  for (let i = 1; i < order.length; i++) firstChild[idom[order[i]!]!]!++;
  let end = 0;
  for (let n = 0; n <= superRoot; n++) {
    end += firstChild[n]!;
    firstChild[n] = end;
  }
  firstChild[superRoot + 1] = end;
  for (let i = order.length - 1; i > 0; i--) {
    const node = order[i]!;
    const slot = --firstChild[idom[node]!]!;
    children[slot] = node;
  }
  return { superRoot, firstChild, children };
}

/** The `limit` children of `node` with the largest `weight`, largest first, equal ones by index. */
export function largestChildren(
  tree: DominatorTree,
  node: NodeIndex,
  weight: ArrayLike<number>,
  limit = Number.POSITIVE_INFINITY,
): NodeIndex[] {
  const range = tree.children.subarray(tree.firstChild[node]!, tree.firstChild[node + 1]!);
  return largestNodes(range, weight, limit);
}

/** The child of `node` with the largest `weight`, of equal ones the first by index; -1 when it dominates nothing. */
export function heaviestChild(tree: DominatorTree, node: NodeIndex, weight: ArrayLike<number>): NodeIndex {
  const { firstChild, children } = tree;
  const end = firstChild[node + 1]!;
  let heaviest = -1;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = firstChild[node]!; i < end; i++) {
    const child = children[i]!;
    const own = weight[child]!;
    if (own > most || (own === most && child < heaviest)) {
      most = own;
      heaviest = child;
    }
  }
  return heaviest;
}

/** The `limit` reachable nodes with the largest `weight` (retained bytes, growth), largest first. */
export function largestRetained(
  dominators: Dominators,
  weight: ArrayLike<number>,
  limit: number,
  options: { readonly accept?: (node: NodeIndex) => boolean } = {},
): NodeIndex[] {
  return largestNodes(dominators.order.subarray(1), weight, limit, options.accept);
}

/**
 * The `limit` of `nodes` with the largest `weight`, largest first, equal ones by index. Selection by a binary heap of
 * `limit` entries with the least one on top: O(n log limit), no sort of all nodes.
 */
export function largestNodes(
  nodes: Uint32Array,
  weight: ArrayLike<number>,
  limit: number,
  accept?: (node: NodeIndex) => boolean,
): NodeIndex[] {
  const isLess = (a: NodeIndex, b: NodeIndex): boolean =>
    weight[a]! < weight[b]! || (weight[a]! === weight[b]! && a > b);
  if (limit >= nodes.length) {
    const all = accept === undefined ? Array.from(nodes) : Array.from(nodes).filter(accept);
    return all.sort((a, b) => (isLess(a, b) ? 1 : -1));
  }
  const heap: NodeIndex[] = [];
  const siftDown = (): void => {
    let at = 0;
    while (true) {
      let child = 2 * at + 1;
      if (child >= heap.length) return;
      if (child + 1 < heap.length && isLess(heap[child + 1]!, heap[child]!)) child++;
      if (!isLess(heap[child]!, heap[at]!)) return;
      [heap[at], heap[child]] = [heap[child]!, heap[at]!];
      at = child;
    }
  };
  for (let i = 0; i < nodes.length && limit > 0; i++) {
    const node = nodes[i]!;
    if (heap.length === limit && !isLess(heap[0]!, node)) continue;
    if (accept !== undefined && !accept(node)) continue;
    if (heap.length === limit) {
      heap[0] = node;
      siftDown();
      continue;
    }
    heap.push(node);
    let at = heap.length - 1;
    while (at > 0) {
      const up = (at - 1) >>> 1;
      if (!isLess(heap[at]!, heap[up]!)) break;
      [heap[at], heap[up]] = [heap[up]!, heap[at]!];
      at = up;
    }
  }
  return heap.sort((a, b) => (isLess(a, b) ? 1 : -1));
}
