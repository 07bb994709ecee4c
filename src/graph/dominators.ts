// Immediate dominators of every reachable node: the last node that all paths from the roots to it go through.
//
// Semi-NCA (Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", 2005, section 2.3; names are
// the thesis's) with two changes for heaps. The nearest common ancestor is found by jump pointers (Myers, "An
// applicative random-access stack", 1983) instead of a walk, because a linked list a million long whose payloads are
// also indexed by a dict makes the walk quadratic. And a path is compressed by reversing its links instead of with a
// stack, so that no shape of heap needs memory for its depth.

import { type HeapGraph, NO_NODE } from './heap-graph.ts';

/** The super-root, which refers to every root, has the index `nodeCount`. */
export interface Dominators {
  /** nodeCount + 1 entries. Roots' dominator may be `nodeCount`; unreachable nodes and the super-root have NO_NODE. */
  readonly idom: Uint32Array;
  /** The super-root and all reachable nodes; a dominator always stands before the nodes it dominates. */
  readonly order: Uint32Array;
}

/** Cursor of a node without edges left. */
const DONE = 0xffffffff;

/**
 * O(edges log nodes) time. Scratch: 24 bytes per reachable node and 4 per edge that runs against the depth-first
 * order, of which 8 per node are returned.
 */
export function computeDominators(graph: HeapGraph): Dominators {
  const { nodeCount, firstEdge, edgeTargets, roots } = graph;
  const superRoot = nodeCount;
  const size = nodeCount + 1;

  // Vertices are numbered in depth-first preorder; 0 is the super-root. From here on u, v, w are such numbers.
  const vertex = new Uint32Array(size);
  const parent = new Uint32Array(size);
  const semi = new Uint32Array(size);
  const firstPred = new Uint32Array(size + 1);
  // Two columns that passes 3 and 4 use again as one of pairs: what is read together then shares a cache line.
  const pairs = new Uint32Array(2 * size);
  const numberOf = pairs.subarray(0, size).fill(NO_NODE);
  const cursor = pairs.subarray(size);

  // Pass 1: depth-first search. An edge to a descendant settles a semidominator candidate at once; an edge to a lower
  // number is only counted, for pass 2.
  let count = 1;
  vertex[0] = superRoot;
  numberOf[superRoot] = 0;
  const rootNodes = roots.nodes;
  for (let row = 0; row < rootNodes.length; row++) {
    const root = rootNodes[row]!;
    if (numberOf[root] !== NO_NODE) continue;
    numberOf[root] = count;
    vertex[count] = root;
    let u = count++;
    let e = firstEdge[root]!;
    let end = firstEdge[root + 1]!;
    while (true) {
      while (e < end) {
        const target = edgeTargets[e++]!;
        const v = numberOf[target]!;
        if (v === NO_NODE) {
          numberOf[target] = count;
          vertex[count] = target;
          parent[count] = u;
          semi[count] = u;
          const first = firstEdge[target]!;
          const last = firstEdge[target + 1]!;
          if (first !== last) {
            cursor[u] = e === end ? DONE : e;
            u = count;
            e = first;
            end = last;
          }
          count++;
        } else if (v < u) {
          firstPred[v]!++;
        } else if (u < semi[v]!) {
          semi[v] = u;
        }
      }
      do u = parent[u]!;
      while (u !== 0 && cursor[u] === DONE);
      if (u === 0) break;
      e = cursor[u]!;
      end = firstEdge[vertex[u]! + 1]!;
    }
  }
  for (let row = 0; row < rootNodes.length; row++) semi[numberOf[rootNodes[row]!]!] = 0;

  // Pass 2: predecessors with a higher number, as CSR: counts become range ends, filling turns ends into starts.
  let predCount = 0;
  for (let v = 0; v < count; v++) {
    predCount += firstPred[v]!;
    firstPred[v] = predCount;
  }
  firstPred[count] = predCount;
  const preds = new Uint32Array(predCount);
  for (let node = 0; node < nodeCount; node++) {
    const u = numberOf[node]!;
    if (u === NO_NODE) continue;
    const end = firstEdge[node + 1]!;
    for (let e = firstEdge[node]!; e < end; e++) {
      const v = numberOf[edgeTargets[e]!]!;
      if (v < u) {
        const slot = --firstPred[v]!;
        preds[slot] = u;
      }
    }
  }

  // Pass 3: semidominators, from the highest number down. A pair is (ancestor of v, label of v): the least
  // semidominator on the compressed path from v up to, but without, the ancestor. Numbers and cursors are done with.
  for (let v = 0; v < count; v++) pairs[2 * v] = parent[v]!;
  for (let w = count - 1; w > 0; w--) {
    let least = semi[w]!;
    const end = firstPred[w + 1]!;
    for (let i = firstPred[w]!; i < end; i++) {
      // eval(v): walk up while the ancestor is processed (a number above w), turning the links round on the way …
      let x = preds[i]!;
      let below = 0;
      let above = pairs[2 * x]!;
      while (above > w) {
        pairs[2 * x] = below;
        below = x;
        x = above;
        above = pairs[2 * x]!;
      }
      // … then down again, every link now leading to the top.
      let best = pairs[2 * x + 1]!;
      while (below !== 0) {
        const next = pairs[2 * below]!;
        pairs[2 * below] = above;
        const label = pairs[2 * below + 1]!;
        if (best < label) pairs[2 * below + 1] = best;
        else best = label;
        below = next;
      }
      if (best < least) least = best;
    }
    semi[w] = least;
    pairs[2 * w + 1] = least;
  }

  // Pass 4: idom(w) = nearest ancestor of parent(w) in the dominator tree whose number is at most semi(w).
  // `parent` becomes idom; a pair is now (jump pointer of v, depth of v) in that tree.
  pairs[0] = 0;
  pairs[1] = 0;
  for (let w = 1; w < count; w++) {
    const least = semi[w]!;
    let d = parent[w]!;
    while (d > least) {
      const far = pairs[2 * d]!;
      d = far >= least ? far : parent[d]!;
    }
    parent[w] = d;
    const depth = pairs[2 * d + 1]!;
    const near = pairs[2 * d]!;
    const nearDepth = pairs[2 * near + 1]!;
    const far = pairs[2 * near]!;
    // Two equal jumps in a row become one of their joint length.
    pairs[2 * w] = depth - nearDepth === nearDepth - pairs[2 * far + 1]! ? far : d;
    pairs[2 * w + 1] = depth + 1;
  }

  // Pass 5: numbers back to nodes.
  const idom = semi;
  idom.fill(NO_NODE);
  for (let w = 1; w < count; w++) idom[vertex[w]!] = vertex[parent[w]!]!;
  return { idom, order: count === size ? vertex : vertex.slice(0, count) };
}
