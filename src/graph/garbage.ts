// What no root reaches: the unreachable nodes, grouped into clusters around the cycles that keep them alive.
//
// Strongly connected components by Tarjan, "Depth-first search and linear graph algorithms" (1972), iterative.
// A cluster is a component that no other garbage refers to, with all garbage first reached from it, so that clusters
// are disjoint and their sizes add up: one leaked request with several inner cycles is one cluster.

import { type BitSet, hasBit } from '../base/bitset.ts';
import { indexInAscending } from '../base/sorted-search.ts';
import { type EdgeIndex, type HeapGraph, NO_NODE, type NodeIndex } from './heap-graph.ts';

/** Clusters as columns, largest first; a heap may hold millions of them. */
export interface Garbage {
  /** Unreachable nodes. */
  readonly nodeCount: number;
  readonly clusterCount: number;
  /** Nodes of cluster c, ascending: `nodes[firstNode[c]] .. nodes[firstNode[c + 1]]`. */
  readonly firstNode: Uint32Array;
  readonly nodes: Uint32Array;
  /** Shallow words of all nodes of the cluster: what collecting it would free. */
  readonly words: Float64Array;
  /** Nodes of the cluster that lie on some cycle. */
  readonly cyclicCounts: Uint32Array;
  /** A node of the cluster's largest strongly connected component, or NO_NODE when the cluster has no cycle. */
  readonly cycleNodes: Uint32Array;
}

/** `reachable` as given by `reachableFrom(graph, graph.roots.nodes)`. O(nodes + garbage edges) time. */
export function findGarbage(graph: HeapGraph, reachable: BitSet): Garbage {
  const { nodeCount, shallowWords } = graph;
  let count = 0;
  for (let n = 0; n < nodeCount; n++) if (!hasBit(reachable, n)) count++;
  const nodes = new Uint32Array(count);
  count = 0;
  for (let n = 0; n < nodeCount; n++) if (!hasBit(reachable, n)) nodes[count++] = n;
  if (count === 0) return emptyGarbage();

  const slotOf = new Uint32Array(nodeCount).fill(NO_NODE);
  for (let i = 0; i < count; i++) slotOf[nodes[i]!] = i;
  const { componentOf, componentCount } = stronglyConnected(graph, nodes, slotOf);
  const { clusterOf, clusterCount } = clusterComponents(graph, nodes, slotOf, componentOf, componentCount);

  // Sizes of components (nodes on cycles only) and of clusters.
  const cyclicSize = new Uint32Array(componentCount);
  for (let i = 0; i < count; i++) cyclicSize[componentOf[i]!]!++;
  for (let i = 0; i < count; i++) {
    const component = componentOf[i]!;
    if (cyclicSize[component] === 1 && !hasSelfEdge(graph, nodes[i]!)) cyclicSize[component] = 0;
  }
  const words = new Float64Array(clusterCount);
  const nodeCounts = new Uint32Array(clusterCount);
  const cyclicCounts = new Uint32Array(clusterCount);
  const cycleNodes = new Uint32Array(clusterCount).fill(NO_NODE);
  const largestCycle = new Uint32Array(clusterCount);
  for (let i = 0; i < count; i++) {
    const cluster = clusterOf[componentOf[i]!]!;
    const onCycle = cyclicSize[componentOf[i]!]!;
    words[cluster]! += shallowWords[nodes[i]!]!;
    nodeCounts[cluster]!++;
    if (onCycle > 0) cyclicCounts[cluster]!++;
    if (onCycle > largestCycle[cluster]!) {
      largestCycle[cluster] = onCycle;
      cycleNodes[cluster] = nodes[i]!;
    }
  }

  // Largest first, then nodes gathered cluster by cluster (a counting sort keeps them ascending).
  const bySize = Uint32Array.from(words.keys());
  bySize.sort((a, b) => words[b]! - words[a]! || a - b);
  const rank = new Uint32Array(clusterCount);
  const firstNode = new Uint32Array(clusterCount + 1);
  bySize.forEach((cluster, position) => {
    rank[cluster] = position;
    firstNode[position + 1] = firstNode[position]! + nodeCounts[cluster]!;
  });
  const cursor = firstNode.slice();
  const gathered = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const slot = cursor[rank[clusterOf[componentOf[i]!]!]!]!++;
    gathered[slot] = nodes[i]!;
  }
  return {
    nodeCount: count,
    clusterCount,
    firstNode,
    nodes: gathered,
    words: Float64Array.from(bySize, (c) => words[c]!),
    cyclicCounts: Uint32Array.from(bySize, (c) => cyclicCounts[c]!),
    cycleNodes: Uint32Array.from(bySize, (c) => cycleNodes[c]!),
  };
}

/** A shortest cycle through the cluster's `cycleNodes` entry, as edges in order; empty when it has none. */
export function representativeCycle(graph: HeapGraph, garbage: Garbage, cluster: number): EdgeIndex[] {
  const start = garbage.cycleNodes[cluster]!;
  if (start === NO_NODE) return [];
  const { firstEdge, edgeTargets } = graph;
  // Every node of the cycle is in the cluster, whose nodes ascend: positions in it index the search's columns.
  const nodes = garbage.nodes.subarray(garbage.firstNode[cluster]!, garbage.firstNode[cluster + 1]!);
  const edgeTo = new Uint32Array(nodes.length).fill(NO_NODE);
  const cameFrom = new Uint32Array(nodes.length);
  const queue = new Uint32Array(nodes.length);
  let tail = 0;
  queue[tail++] = indexInAscending(nodes, start);
  for (let head = 0; head < tail; head++) {
    const position = queue[head]!;
    const node = nodes[position]!;
    for (let e = firstEdge[node]!; e < firstEdge[node + 1]!; e++) {
      const target = edgeTargets[e]!;
      if (target === start) {
        const cycle = [e];
        for (let at = position; nodes[at] !== start; at = cameFrom[at]!) cycle.push(edgeTo[at]!);
        return cycle.reverse();
      }
      const at = indexInAscending(nodes, target);
      if (at < 0 || edgeTo[at] !== NO_NODE) continue;
      edgeTo[at] = e;
      cameFrom[at] = position;
      queue[tail++] = at;
    }
  }
  return [];
}

function emptyGarbage(): Garbage {
  return {
    nodeCount: 0,
    clusterCount: 0,
    firstNode: new Uint32Array(1),
    nodes: new Uint32Array(0),
    words: new Float64Array(0),
    cyclicCounts: new Uint32Array(0),
    cycleNodes: new Uint32Array(0),
  };
}

/** Components over garbage slots, numbered so that every edge leads to the same or a lower component. */
function stronglyConnected(
  graph: HeapGraph,
  nodes: Uint32Array,
  slotOf: Uint32Array,
): { readonly componentOf: Uint32Array; readonly componentCount: number } {
  const { firstEdge, edgeTargets } = graph;
  const count = nodes.length;
  const componentOf = new Uint32Array(count).fill(NO_NODE);
  const numbers = new Uint32Array(count);
  const low = new Uint32Array(count);
  const parent = new Uint32Array(count);
  const cursor = new Uint32Array(count);
  const stack = new Uint32Array(count);
  let stackSize = 0;
  let nextNumber = 1;
  let componentCount = 0;
  for (let start = 0; start < count; start++) {
    if (numbers[start] !== 0) continue;
    let v = start;
    parent[v] = NO_NODE;
    cursor[v] = firstEdge[nodes[v]!]!;
    numbers[v] = low[v] = nextNumber++;
    stack[stackSize++] = v;
    while (v !== NO_NODE) {
      if (cursor[v]! < firstEdge[nodes[v]! + 1]!) {
        const w = slotOf[edgeTargets[cursor[v]!++]!]!;
        if (w === NO_NODE) continue;
        if (numbers[w] === 0) {
          parent[w] = v;
          cursor[w] = firstEdge[nodes[w]!]!;
          numbers[w] = low[w] = nextNumber++;
          stack[stackSize++] = w;
          v = w;
        } else if (componentOf[w] === NO_NODE && numbers[w]! < low[v]!) {
          low[v] = numbers[w]!;
        }
        continue;
      }
      if (low[v] === numbers[v]) {
        let w: number;
        do {
          w = stack[--stackSize]!;
          componentOf[w] = componentCount;
        } while (w !== v);
        componentCount++;
      }
      const up = parent[v]!;
      if (up !== NO_NODE && low[v]! < low[up]!) low[up] = low[v]!;
      v = up;
    }
  }
  return { componentOf, componentCount };
}

/** Hands every component to the source component that first reaches it. */
function clusterComponents(
  graph: HeapGraph,
  nodes: Uint32Array,
  slotOf: Uint32Array,
  componentOf: Uint32Array,
  componentCount: number,
): { readonly clusterOf: Uint32Array; readonly clusterCount: number } {
  const { firstEdge, edgeTargets } = graph;
  // Slots by component, components descending: referrers come before what they refer to.
  const first = new Uint32Array(componentCount + 1);
  for (let i = 0; i < nodes.length; i++) first[componentOf[i]! + 1]!++;
  for (let c = 0; c < componentCount; c++) first[c + 1]! += first[c]!;
  const cursor = first.slice();
  const slots = new Uint32Array(nodes.length);
  for (let i = 0; i < nodes.length; i++) {
    const slot = cursor[componentOf[i]!]!++;
    slots[slot] = i;
  }
  const clusterOf = new Uint32Array(componentCount).fill(NO_NODE);
  let clusterCount = 0;
  for (let component = componentCount - 1; component >= 0; component--) {
    if (clusterOf[component] === NO_NODE) clusterOf[component] = clusterCount++;
    const cluster = clusterOf[component]!;
    for (let i = first[component]!; i < first[component + 1]!; i++) {
      const node = nodes[slots[i]!]!;
      for (let e = firstEdge[node]!; e < firstEdge[node + 1]!; e++) {
        const slot = slotOf[edgeTargets[e]!]!;
        if (slot === NO_NODE) continue;
        const target = componentOf[slot]!;
        if (clusterOf[target] === NO_NODE) clusterOf[target] = cluster;
      }
    }
  }
  return { clusterOf, clusterCount };
}

function hasSelfEdge(graph: HeapGraph, node: NodeIndex): boolean {
  for (let e = graph.firstEdge[node]!; e < graph.firstEdge[node + 1]!; e++) {
    if (graph.edgeTargets[e] === node) return true;
  }
  return false;
}
