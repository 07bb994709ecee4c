import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryGraph } from '../../test/support/arbitrary-graph.ts';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { buildReferrers, findEdge, sourceOfEdge } from './referrers.ts';

test('referrers are all edges turned round, sources ascending', () => {
  fc.assert(
    fc.property(arbitraryGraph(), (graph) => {
      const { firstReferrer, referrers } = buildReferrers(graph);
      const expected: number[][] = Array.from({ length: graph.nodeCount }, () => []);
      for (let n = 0; n < graph.nodeCount; n++) {
        for (let e = graph.firstEdge[n]!; e < graph.firstEdge[n + 1]!; e++) {
          expected[graph.edgeTargets[e]!]!.push(n);
          expect(sourceOfEdge(graph, e)).toBe(n);
        }
      }
      expected.forEach((sources, n) => {
        expect([...referrers.subarray(firstReferrer[n]!, firstReferrer[n + 1]!)]).toEqual(sources);
      });
      expect(firstReferrer[graph.nodeCount]).toBe(graph.edgeCount);
    }),
  );
});

test('findEdge steps through parallel edges', () => {
  const graph = graphFromText('a -> b; a -> c; a -> b');
  const [a, b] = [graph.node('a'), graph.node('b')];
  expect(findEdge(graph, a, b)).toBe(0);
  expect(findEdge(graph, a, b, 1)).toBe(2);
  expect(findEdge(graph, a, b, 3)).toBe(-1);
  expect(findEdge(graph, b, a)).toBe(-1);
});
