// What can be reached from the roots, and by which shortest path. Plain breadth-first sweeps over the CSR columns.

import { type BitSet, createBitSet, hasBit, setBit } from '../base/bitset.ts';
import { type HeapGraph, NO_NODE, type NodeIndex, RootKind } from './heap-graph.ts';
import { nodeNames } from './node-names.ts';

/** Every node reachable from `starts` (which are included); nodes in `blocked` are neither entered nor passed. */
export function reachableFrom(
  graph: HeapGraph,
  starts: ArrayLike<NodeIndex>,
  options: { readonly blocked?: BitSet } = {},
): BitSet {
  const { nodeCount, firstEdge, edgeTargets } = graph;
  const reached = createBitSet(nodeCount);
  const queue = new Uint32Array(nodeCount);
  // A blocked node is marked from the start and unmarked at the end: the loop needs one test, not two.
  const blocked = options.blocked;
  if (blocked !== undefined) reached.set(blocked.subarray(0, reached.length));
  let tail = 0;
  for (let i = 0; i < starts.length; i++) {
    const node = starts[i]!;
    if (hasBit(reached, node)) continue;
    setBit(reached, node);
    queue[tail++] = node;
  }
  for (let head = 0; head < tail; head++) {
    const node = queue[head]!;
    const end = firstEdge[node + 1]!;
    for (let e = firstEdge[node]!; e < end; e++) {
      const target = edgeTargets[e]!;
      const word = target >>> 5;
      const bit = 1 << (target & 31);
      if ((reached[word]! & bit) !== 0) continue;
      reached[word]! |= bit;
      queue[tail++] = target;
    }
  }
  if (blocked !== undefined) for (let i = 0; i < reached.length; i++) reached[i]! &= ~blocked[i]!;
  return reached;
}

/**
 * How many edges a root of each kind is held back: a path from a thread wins over one from a module only when it is
 * more than that much shorter. A module's global is three edges from `sys.modules`, each attribute down from it two
 * more, while a running function has in its locals, and on its stack, whatever it just works on: a thread explains what
 * no module reaches within a few attributes. The kinds that explain least come only after everything else is exhausted.
 */
export type RootHandicaps = Readonly<Record<RootKind, number>>;

/** Above the length of any path: a sweep from such a root starts when the ones before it have ended. */
export const AFTER_ALL_OTHERS = 0x4000_0000;

export const DEFAULT_ROOT_HANDICAPS: RootHandicaps = {
  [RootKind.modules]: 0,
  [RootKind.builtins]: 1,
  [RootKind.interpreter]: 2,
  [RootKind.hooks]: 4,
  [RootKind.thread]: 8,
  [RootKind.interned]: AFTER_ALL_OTHERS,
  [RootKind.static]: AFTER_ALL_OTHERS + 1,
  [RootKind.native]: 2 * AFTER_ALL_OTHERS,
};

export interface ShortestPaths {
  /** Edges from the node's root, 0 for a root itself, NO_NODE where unreachable. */
  readonly distance: Uint32Array;
  /** Node before it on its path; `nodeCount` (the super-root) for a root; NO_NODE where unreachable. */
  readonly parent: Uint32Array;
  /** Edge from that parent; for a root its row in the root table. */
  readonly parentEdge: Uint32Array;
  /** Reachable nodes. */
  readonly reachedCount: number;
}

export interface ShortestPathOptions {
  readonly handicaps?: RootHandicaps;
  /**
   * Nodes passed after all others of their distance, so that equally long paths avoid them. By default the module
   * `__main__`: what it shares with another module it has imported from there.
   */
  readonly passedLast?: BitSet;
}

/** Breadth-first tree from all roots: O(nodes + edges) time, 16 bytes per node while it runs, 12 after. */
export function shortestPaths(graph: HeapGraph, options: ShortestPathOptions = {}): ShortestPaths {
  const { nodeCount, firstEdge, edgeTargets, roots } = graph;
  const handicaps = options.handicaps ?? DEFAULT_ROOT_HANDICAPS;
  const passedLast = options.passedLast ?? mainModule(graph);
  const distance = new Uint32Array(nodeCount).fill(NO_NODE);
  const parent = new Uint32Array(nodeCount).fill(NO_NODE);
  const parentEdge = new Uint32Array(nodeCount).fill(NO_NODE);
  const queue = new Uint32Array(nodeCount);

  const starts = Array.from(roots.nodes.keys());
  const handicapOf = (row: number): number => handicaps[roots.kinds[row]! as RootKind];
  starts.sort((a, b) => handicapOf(a) - handicapOf(b) || a - b);

  let nextStart = 0;
  let head = 0;
  let tail = 0;
  let level = 0;
  let last: NodeIndex[] = [];
  while (true) {
    // Nothing left at this level: skip to the level of the next root.
    if (head === tail && last.length === 0) {
      if (nextStart === starts.length) break;
      level = Math.max(level, handicapOf(starts[nextStart]!));
    }
    for (; nextStart < starts.length; nextStart++) {
      const row = starts[nextStart]!;
      if (handicapOf(row) > level) break;
      const node = roots.nodes[row]!;
      if (distance[node] !== NO_NODE) continue;
      distance[node] = 0;
      parent[node] = nodeCount;
      parentEdge[node] = row;
      queue[tail++] = node;
    }
    // Those put off stand behind all others of their level.
    for (const node of last) queue[tail++] = node;
    last = [];
    const levelEnd = tail;
    for (; head < levelEnd; head++) {
      const node = queue[head]!;
      const next = distance[node]! + 1;
      const end = firstEdge[node + 1]!;
      for (let e = firstEdge[node]!; e < end; e++) {
        const target = edgeTargets[e]!;
        if (distance[target] !== NO_NODE) continue;
        distance[target] = next;
        parent[target] = node;
        parentEdge[target] = e;
        if (passedLast !== undefined && hasBit(passedLast, target)) last.push(target);
        else queue[tail++] = target;
      }
    }
    level++;
  }
  return { distance, parent, parentEdge, reachedCount: tail };
}

function mainModule(graph: HeapGraph): BitSet | undefined {
  const node = nodeNames(graph).moduleNode('__main__');
  if (node === undefined) return undefined;
  const set = createBitSet(graph.nodeCount);
  setBit(set, node);
  return set;
}
