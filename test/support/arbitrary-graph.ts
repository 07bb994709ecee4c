// Random heap graphs for property tests, and the slow, obvious answers that kernels are checked against.

import fc from 'fast-check';
import type { HeapGraph } from '../../src/graph/heap-graph.ts';
import { graphFromEdges } from './graph-from-edges.ts';

/** Small graphs with cycles, self edges, parallel edges, unreachable parts, and sometimes no root at all. */
export function arbitraryGraph(maxNodes = 24): fc.Arbitrary<HeapGraph> {
  return fc.integer({ min: 1, max: maxNodes }).chain((nodeCount) => {
    const node = fc.integer({ min: 0, max: nodeCount - 1 });
    return fc
      .record({
        edges: fc.array(fc.tuple(node, node), { maxLength: 3 * nodeCount }),
        roots: fc.array(node, { maxLength: 3 }),
        words: fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: nodeCount, maxLength: nodeCount }),
      })
      .map((drawn) => graphFromEdges({ nodeCount, ...drawn }));
  });
}

/** Nodes reachable from the roots by plain recursion-free search over Sets, optionally without one node. */
export function naiveReachable(graph: HeapGraph, without = -1): Set<number> {
  const reached = new Set<number>();
  const pending = Array.from(graph.roots.nodes);
  while (pending.length > 0) {
    const node = pending.pop()!;
    if (node === without || reached.has(node)) continue;
    reached.add(node);
    for (let e = graph.firstEdge[node]!; e < graph.firstEdge[node + 1]!; e++) pending.push(graph.edgeTargets[e]!);
  }
  return reached;
}

/** Nodes that stop being reachable when `node` is removed (itself included): its retained set, by definition. */
export function naiveRetained(graph: HeapGraph, node: number): Set<number> {
  const all = naiveReachable(graph);
  if (!all.has(node)) return new Set();
  const left = naiveReachable(graph, node);
  return new Set([...all].filter((n) => !left.has(n)));
}
