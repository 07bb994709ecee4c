// Groups many nodes by how they are held: paths that differ only in positions, or in how often a chain repeats, are one.
//
// Every path is a word over units (type of the referrer, general edge name); the words are kept in a trie that folds
// repeated tails, so that a linked list a million long has as many shapes as its repeating unit has edges.

import { EDGE_KIND_SHIFT, type HeapGraph, NO_NODE, NodeFlag, type NodeIndex, WORD_BYTES } from './heap-graph.ts';
import type { ShortestPaths } from './reachability.ts';
import { generalEdgeName } from './retaining-path.ts';

export interface PathGroup {
  readonly count: number;
  /** Sum of the weights; shallow bytes unless a weight was given. */
  readonly weight: number;
  /** A node of the group with the shortest path: name this one's path to name the group. */
  readonly example: NodeIndex;
  /** Length of that path in edges. */
  readonly distance: number;
}

export interface GroupOptions {
  /** Column to add up instead of shallow bytes. */
  readonly weight?: ArrayLike<number>;
  /** Distinct shapes kept; what comes after is one group of its own. */
  readonly shapesLimit?: number;
}

/** A repeating tail is folded when its unit has at most this many edges (instance, `__dict__`, container, entry). */
const LONGEST_PERIOD = 4;
const SHAPES_LIMIT = 1 << 20;
const SHAPE_KEYS = 1 << 21;
const ROOT_SHAPE = 0;
/** The group of all that came after the limit. */
const OTHER_SHAPE = 1;

/** Heaviest first; unreachable nodes are left out. O(nodes given + path nodes seen), 4 bytes per node of the graph. */
export function groupByPath(
  graph: HeapGraph,
  paths: ShortestPaths,
  nodes: ArrayLike<NodeIndex>,
  options: GroupOptions = {},
): PathGroup[] {
  const { distance, parent, parentEdge } = paths;
  const { edgeNames, typeOf, nodeFlags, shallowWords, nodeCount } = graph;
  const shapes = new ShapeTrie(options.shapesLimit ?? SHAPES_LIMIT);
  const shapeOfNode = new Uint32Array(nodeCount).fill(NO_NODE);
  const pending: NodeIndex[] = [];

  const shapeOf = (node: NodeIndex): number => {
    let at = node;
    while (shapeOfNode[at] === NO_NODE) {
      pending.push(at);
      const up = parent[at]!;
      if (up === nodeCount) break;
      at = up;
    }
    while (pending.length > 0) {
      const current = pending.pop()!;
      const up = parent[current]!;
      if (up === nodeCount) {
        const row = parentEdge[current]!;
        shapeOfNode[current] = shapes.child(ROOT_SHAPE, -1 - graph.roots.kinds[row]!, graph.roots.labels[row]!);
        continue;
      }
      // Modules, classes, functions, threads and frames are themselves; everything else is one of its type.
      const isNamed = (nodeFlags[up]! & (NodeFlag.code | NodeFlag.synthetic)) !== 0;
      const referrer = isNamed ? graph.types.length + up : typeOf[up]!;
      shapeOfNode[current] = shapes.child(
        shapeOfNode[up]!,
        referrer,
        generalEdgeName(edgeNames[parentEdge[current]!]!),
      );
    }
    return shapeOfNode[node]!;
  };

  const groupOf = new Map<number, { count: number; weight: number; example: NodeIndex }>();
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i]!;
    if (distance[node] === NO_NODE) continue;
    const weight = options.weight === undefined ? shallowWords[node]! * WORD_BYTES : options.weight[node]!;
    const key = shapeOf(node) * graph.types.length + typeOf[node]!;
    const group = groupOf.get(key);
    if (group === undefined) {
      groupOf.set(key, { count: 1, weight, example: node });
      continue;
    }
    group.count++;
    group.weight += weight;
    if (distance[node]! < distance[group.example]!) group.example = node;
  }
  return [...groupOf.values()]
    .map((group) => ({ ...group, distance: distance[group.example]! }))
    .sort((a, b) => b.weight - a.weight || b.count - a.count || a.example - b.example);
}

/** Words of units as numbers: equal words, and words that differ in the length of a repeated tail, are equal numbers. */
class ShapeTrie {
  readonly #limit: number;
  readonly #parents: number[] = [ROOT_SHAPE, ROOT_SHAPE];
  readonly #units: number[] = [-1, -1];
  readonly #unitOf = new Map<string, number>();
  readonly #children = new Map<number, number>();

  constructor(limit: number) {
    this.#limit = Math.min(limit, SHAPE_KEYS);
  }

  /** The word `shape` followed by the unit of an edge. */
  child(shape: number, referrer: number, edgeName: number): number {
    if (shape === OTHER_SHAPE) return OTHER_SHAPE;
    const unit = this.#unit(referrer, edgeName);
    // Units stay below 2^32 (Map holds at most 2^24 of them): the key is exact.
    const key = unit * SHAPE_KEYS + shape;
    const known = this.#children.get(key);
    if (known !== undefined) return known;
    let child = this.#folded(shape, unit);
    if (child < 0) {
      if (this.#parents.length >= this.#limit) return OTHER_SHAPE;
      child = this.#parents.push(shape) - 1;
      this.#units.push(unit);
    }
    this.#children.set(key, child);
    return child;
  }

  #unit(referrer: number, edgeName: number): number {
    const key = `${referrer} ${edgeName >>> EDGE_KIND_SHIFT} ${edgeName}`;
    let unit = this.#unitOf.get(key);
    if (unit === undefined) {
      unit = this.#unitOf.size;
      this.#unitOf.set(key, unit);
    }
    return unit;
  }

  /** Where `shape` + `unit` ends in the same p units twice: the word without the second time. Otherwise -1. */
  #folded(shape: number, unit: number): number {
    for (let period = 1; period <= LONGEST_PERIOD; period++) {
      // Compare units shape[-i] and shape[-i - period], the last one being `unit` against shape[1 - period].
      let ahead = shape;
      let behind = shape;
      for (let i = 1; i < period; i++) behind = this.#parents[behind]!;
      const result = behind;
      if (this.#units[behind] !== unit) continue;
      behind = this.#parents[behind]!;
      let equal = true;
      for (let i = 1; i < period && equal; i++) {
        equal = behind !== ROOT_SHAPE && this.#units[ahead] === this.#units[behind];
        ahead = this.#parents[ahead]!;
        behind = this.#parents[behind]!;
      }
      if (equal) return result;
    }
    return -1;
  }
}
