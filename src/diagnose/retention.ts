// What keeps what alive in one graph, computed once for all questions about it: dominators, retained sizes, shortest paths.

import { buildDominatorTree, type DominatorTree, heaviestChild } from '../graph/dominator-tree.ts';
import { computeDominators, type Dominators } from '../graph/dominators.ts';
import { type HeapGraph, NO_NODE, NodeFlag, type NodeIndex, WORD_BYTES } from '../graph/heap-graph.ts';
import { type NodeNames, nodeNames } from '../graph/node-names.ts';
import { namePath } from '../graph/path-names.ts';
import { type ShortestPaths, shortestPaths } from '../graph/reachability.ts';
import { retainedBytes, retainedCounts } from '../graph/retained-size.ts';
import { retainingPath } from '../graph/retaining-path.ts';

export interface Retention {
  readonly graph: HeapGraph;
  readonly dominators: Dominators;
  readonly tree: DominatorTree;
  /**
   * Bytes freed with each node; the super-root's entry, at nodeCount, is all that is reachable. What nothing reaches,
   * nothing dominates: it retains itself.
   */
  readonly retained: Float64Array;
  /** How many nodes that is, itself included. */
  readonly retainedObjects: Uint32Array;
  readonly paths: ShortestPaths;
  readonly names: NodeNames;
  /** Memory of all nodes, reachable or not. */
  readonly heapBytes: number;
}

/** O(edges log nodes) time; about 44 bytes per node while it is kept. */
export function computeRetention(graph: HeapGraph): Retention {
  const dominators = computeDominators(graph);
  const retained = retainedBytes(graph, dominators);
  const retainedObjects = retainedCounts(dominators);
  for (let n = 0; n < graph.nodeCount; n++) {
    if (dominators.idom[n] !== NO_NODE) continue;
    retained[n] = graph.shallowWords[n]! * WORD_BYTES;
    retainedObjects[n] = 1;
  }
  return {
    graph,
    dominators,
    tree: buildDominatorTree(dominators),
    retained,
    retainedObjects,
    paths: shortestPaths(graph),
    names: nodeNames(graph),
    heapBytes: sumBytes(graph),
  };
}

export function isReachable({ dominators }: Pick<Retention, 'dominators'>, node: NodeIndex): boolean {
  return dominators.idom[node] !== NO_NODE;
}

/** Below this share of an object's weight, its heaviest child does not explain it: the object itself is the place. */
const ACCUMULATION_RATIO = 0.7;
/** Parts of the program rather than of its data: nobody fixes a leak by deleting a module. */
const NOT_A_HOLDER = NodeFlag.code | NodeFlag.namespace | NodeFlag.synthetic;

/** From this many objects of one type in a row on, each keeping most of the one before, they are one linked structure. */
const CHAIN_LENGTH = 4;

/**
 * Whether memory piles up at this node: data, not code, and no single child keeps most of its weight (the accumulation
 * point of Eclipse MAT, asked of one node). Of a linked structure, where each link keeps nearly all of the rest, it is
 * the first link. Namespaces are looked through: an object and its `__dict__` are one.
 */
export function isAccumulationPoint(retention: Retention, node: NodeIndex): boolean {
  const { graph, dominators } = retention;
  if ((graph.nodeFlags[node]! & NOT_A_HOLDER) !== 0) return false;
  let link = heavyChild(retention, node);
  if (link === undefined) return true;
  const type = graph.typeOf[node]!;
  for (let length = 2; length < CHAIN_LENGTH; length++) {
    if (graph.typeOf[link] !== type) return false;
    const next = heavyChild(retention, link);
    if (next === undefined) return false;
    link = next;
  }
  if (graph.typeOf[link] !== type) return false;
  let outer = dominators.idom[node]!;
  if (outer !== graph.nodeCount && isNamespace(graph, outer)) outer = dominators.idom[outer]!;
  return outer === graph.nodeCount || graph.typeOf[outer] !== type;
}

/** The child that keeps most of the node's weight, if one does. */
function heavyChild({ graph, tree, retained }: Retention, node: NodeIndex): NodeIndex | undefined {
  let child = heaviestChild(tree, node, retained);
  if (child >= 0 && isNamespace(graph, child)) child = heaviestChild(tree, child, retained);
  return child < 0 || retained[child]! < ACCUMULATION_RATIO * retained[node]! ? undefined : child;
}

function isNamespace(graph: HeapGraph, node: NodeIndex): boolean {
  return (graph.nodeFlags[node]! & NodeFlag.namespace) !== 0;
}

/** Names along the node's shortest path; empty when nothing keeps the node alive. */
export function pathText(
  { graph, paths, names }: Pick<Retention, 'graph' | 'paths' | 'names'>,
  node: NodeIndex,
): string {
  const path = retainingPath(paths, node);
  return path === undefined ? '' : namePath(graph, path, names).text;
}

function sumBytes(graph: HeapGraph): number {
  let words = 0;
  for (let n = 0; n < graph.nodeCount; n++) words += graph.shallowWords[n]!;
  return words * WORD_BYTES;
}
