import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryGraph } from '../../test/support/arbitrary-graph.ts';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { findAccumulationPoint } from './accumulation-point.ts';
import { buildDominatorTree, heaviestChild, largestChildren, largestRetained } from './dominator-tree.ts';
import { computeDominators } from './dominators.ts';
import { retainedBytes } from './retained-size.ts';

test('every reachable node is a child of its dominator, once', () => {
  fc.assert(
    fc.property(arbitraryGraph(), (graph) => {
      const dominators = computeDominators(graph);
      const { firstChild, children, superRoot } = buildDominatorTree(dominators);
      const seen: number[] = [];
      for (let n = 0; n <= superRoot; n++) {
        for (const child of children.subarray(firstChild[n]!, firstChild[n + 1]!)) {
          expect(dominators.idom[child]).toBe(n);
          seen.push(child);
        }
      }
      expect(seen.sort((a, b) => a - b)).toEqual([...dominators.order.subarray(1)].sort((a, b) => a - b));
    }),
  );
});

test('largestRetained and largestChildren agree with sorting everything', () => {
  fc.assert(
    fc.property(arbitraryGraph(), fc.integer({ min: 0, max: 8 }), (graph, limit) => {
      const dominators = computeDominators(graph);
      const tree = buildDominatorTree(dominators);
      const bytes = retainedBytes(graph, dominators);
      const bySize = (a: number, b: number): number => bytes[b]! - bytes[a]! || a - b;
      expect(largestRetained(dominators, bytes, limit)).toEqual(
        [...dominators.order.subarray(1)].sort(bySize).slice(0, limit),
      );
      const top = [...dominators.order.subarray(1)].filter((n) => dominators.idom[n] === graph.nodeCount);
      expect(largestChildren(tree, graph.nodeCount, bytes, limit)).toEqual(top.sort(bySize).slice(0, limit));
      const heaviest = heaviestChild(tree, graph.nodeCount, bytes);
      expect(heaviest).toBe(top.length === 0 ? -1 : top[0]);
    }),
  );
});

test('largestRetained takes only accepted nodes', () => {
  const graph = graphFromText('root -> a -> b -> c; size a 800; size b 80; size c 8');
  const dominators = computeDominators(graph);
  const bytes = retainedBytes(graph, dominators);
  const accept = (n: number): boolean => n !== graph.node('a');
  expect(graph.namesOf(largestRetained(dominators, bytes, 2, { accept }))).toBe('b c');
});

test('the accumulation point is the last node that keeps most of the weight', () => {
  const graph = graphFromText(`
    root -> modules -> shop -> cache -> u1; cache -> u2; cache -> u3
    shop -> settings; modules -> os
    size u1 800; size u2 800; size u3 800; size settings 80; size os 160`);
  const dominators = computeDominators(graph);
  const tree = buildDominatorTree(dominators);
  const bytes = retainedBytes(graph, dominators);
  const found = findAccumulationPoint(tree, graph.nodeCount, bytes);
  expect(graph.nameOf(found.node)).toBe('cache');
  expect(graph.namesOf(found.path)).toBe('ROOT modules shop cache');
  expect(graph.nameOf(findAccumulationPoint(tree, graph.nodeCount, bytes, { ratio: 0.99 }).node)).toBe('modules');
});
