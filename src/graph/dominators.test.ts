import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryGraph, naiveReachable, naiveRetained } from '../../test/support/arbitrary-graph.ts';
import { graphFromEdges } from '../../test/support/graph-from-edges.ts';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { computeDominators } from './dominators.ts';
import { NO_NODE } from './heap-graph.ts';
import { retainedBytes, retainedCounts, sumOverDominators } from './retained-size.ts';

/** `a<ROOT b<a`: every node with its dominator, in order of mention. */
function drawDominators(text: string): string {
  const graph = graphFromText(text);
  const { idom } = computeDominators(graph);
  return Array.from({ length: graph.nodeCount }, (_, n) => `${graph.nameOf(n)}<${graph.nameOf(idom[n]!)}`).join(' ');
}

describe('computeDominators', () => {
  test.each([
    ['chain', 'root -> a -> b -> c', 'a<ROOT b<a c<b'],
    ['diamond', 'root -> a -> b -> d; a -> c -> d', 'a<ROOT b<a d<a c<a'],
    ['two roots share a node', 'root -> a -> c; root -> b -> c', 'a<ROOT c<ROOT b<ROOT'],
    ['a root below another root', 'root -> a -> b -> c; root -> c', 'a<ROOT b<a c<ROOT'],
    ['cycle', 'root -> a -> b -> c -> a', 'a<ROOT b<a c<b'],
    ['irreducible loop', 'root -> a -> b -> c -> b; a -> c', 'a<ROOT b<a c<a'],
    ['self edge', 'root -> a -> a; a -> b -> b', 'a<ROOT b<a'],
    ['parallel edges', 'root -> a -> b; a -> b', 'a<ROOT b<a'],
    ['unreachable part points in', 'root -> a -> b; x -> b; x -> y -> x', 'a<ROOT b<a x<- y<-'],
    ['no roots', 'a -> b', 'a<- b<-'],
    [
      "Lengauer and Tarjan's figure 1",
      `root -> R; R -> C -> F -> I -> K -> I; R -> B -> E -> H -> K; R -> A -> D -> L -> H; B -> A; B -> D
       C -> G -> I; G -> J -> I; K -> R; H -> E`,
      'R<ROOT C<R F<C I<R K<R B<R E<R H<R A<R D<R L<D G<C J<G',
    ],
  ])('%s', (_, text, expected) => {
    expect(drawDominators(text)).toBe(expected);
  });

  test('agrees with removing each node from random graphs', () => {
    fc.assert(
      fc.property(arbitraryGraph(), (graph) => {
        const dominators = computeDominators(graph);
        const { idom, order } = dominators;
        const reachable = naiveReachable(graph);
        const retained = Array.from({ length: graph.nodeCount }, (_, n) => naiveRetained(graph, n));

        expect(new Set(order)).toEqual(new Set([graph.nodeCount, ...reachable]));
        expect(order.length).toBe(reachable.size + 1);
        const rank = new Map(Array.from(order, (node, i) => [node, i]));
        for (let n = 0; n < graph.nodeCount; n++) {
          if (!reachable.has(n)) {
            expect(idom[n]).toBe(NO_NODE);
            continue;
          }
          // The immediate dominator is the strict dominator that every other one dominates.
          const strict = [...reachable].filter((d) => d !== n && retained[d]!.has(n));
          const immediate = strict.find((d) => strict.every((other) => retained[other]!.has(d)));
          expect(idom[n]).toBe(immediate ?? graph.nodeCount);
          expect(rank.get(idom[n]!)).toBeLessThan(rank.get(n)!);
        }

        const bytes = retainedBytes(graph, dominators);
        const counts = retainedCounts(dominators);
        const sumOf = (nodes: Set<number>): number =>
          [...nodes].reduce((sum, n) => sum + 8 * graph.shallowWords[n]!, 0);
        for (let n = 0; n < graph.nodeCount; n++) {
          expect(bytes[n]).toBe(sumOf(retained[n]!));
          expect(counts[n]).toBe(retained[n]!.size);
        }
        expect(bytes[graph.nodeCount]).toBe(sumOf(reachable));
        expect(counts[graph.nodeCount]).toBe(reachable.size);
      }),
      { numRuns: 1000 },
    );
  });

  test('stays fast on a deep list whose payloads are indexed from outside', () => {
    // Node i of the list refers to node i + 1 and to its payload; an index refers to every payload. Finding each
    // payload's common ancestor by walking up the list would take length² / 2 steps.
    const length = 200_000;
    const index = 2 * length;
    const edges: [number, number][] = [];
    for (let i = 0; i < length; i++) {
      if (i + 1 < length) edges.push([i, i + 1]);
      edges.push([i, length + i]);
    }
    for (let i = 0; i < length; i++) edges.push([index, length + i]);
    const graph = graphFromEdges({ nodeCount: index + 1, edges, roots: [0, index] });
    const startedAt = performance.now();
    const { idom } = computeDominators(graph);
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(idom[length - 1]).toBe(length - 2);
    expect(idom.subarray(length, index).every((d) => d === graph.nodeCount)).toBe(true);
  });

  test('a deep list and back edges from its end to every node', () => {
    const length = 100_000;
    const edges: [number, number][] = [];
    for (let i = 0; i + 1 < length; i++) edges.push([i, i + 1]);
    for (let i = 0; i < length; i++) edges.push([length - 1, i]);
    for (let i = 0; i < length; i++) edges.push([i, 0]);
    const graph = graphFromEdges({ nodeCount: length, edges, roots: [0] });
    const dominators = computeDominators(graph);
    expect(dominators.idom.subarray(1, length).every((d, i) => d === i)).toBe(true);
    expect(retainedCounts(dominators)[0]).toBe(length);
  });
});

test('sumOverDominators sums any weight and leaves unreachable nodes at 0', () => {
  const graph = graphFromText('root -> a -> b -> d; a -> c -> d; x -> d');
  const weight = new Uint32Array(graph.nodeCount);
  weight[graph.node('d')] = 5;
  weight[graph.node('c')] = 2;
  weight[graph.node('x')] = 100;
  const sums = sumOverDominators(computeDominators(graph), weight);
  const drawn = ['a', 'b', 'c', 'd', 'x'].map((name) => `${name}=${sums[graph.node(name)]}`).join(' ');
  expect(drawn).toBe('a=7 b=0 c=2 d=5 x=0');
  expect(sums[graph.nodeCount]).toBe(7);
});
