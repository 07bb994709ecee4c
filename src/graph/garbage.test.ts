import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryGraph, naiveReachable } from '../../test/support/arbitrary-graph.ts';
import { graphFromText, type TextGraph } from '../../test/support/graph-from-text.ts';
import { findGarbage, type Garbage, representativeCycle } from './garbage.ts';
import { type HeapGraph, NO_NODE } from './heap-graph.ts';
import { reachableFrom } from './reachability.ts';
import { sourceOfEdge } from './referrers.ts';

function garbageOf(graph: HeapGraph): Garbage {
  return findGarbage(graph, reachableFrom(graph, graph.roots.nodes));
}

/** One line per cluster: its nodes, words, nodes on cycles, and its cycle. */
function drawGarbage(graph: TextGraph): string[] {
  const garbage = garbageOf(graph);
  return Array.from({ length: garbage.clusterCount }, (_, c) => {
    const nodes = garbage.nodes.subarray(garbage.firstNode[c]!, garbage.firstNode[c + 1]!);
    const cycle = representativeCycle(graph, garbage, c);
    const around = cycle.map((e) => `${graph.nameOf(sourceOfEdge(graph, e))}>`).join('');
    return `${graph.namesOf(nodes)} | ${garbage.words[c]} words, ${garbage.cyclicCounts[c]} on cycles | ${around}`;
  });
}

test('clusters are disjoint, largest first, each with a shortest cycle', () => {
  const graph = graphFromText(`
    root -> live -> kept
    exc -> tb -> frame -> exc; frame -> request -> response -> request; request -> live; size request 800
    a -> a
    lone -> leaf
    size lone 24`);
  expect(drawGarbage(graph)).toEqual([
    'exc tb frame request response | 104 words, 5 on cycles | exc>tb>frame>',
    'lone leaf | 4 words, 0 on cycles | ',
    'a | 1 words, 1 on cycles | a>',
  ]);
});

test('a shared tail belongs to one cluster only', () => {
  const graph = graphFromText('a -> b -> a; c -> d -> c; b -> shared; d -> shared');
  const drawn = drawGarbage(graph);
  expect(drawn).toHaveLength(2);
  expect(drawn.join(' ').match(/shared/g)).toHaveLength(1);
});

test('nothing unreachable gives an empty table', () => {
  expect(garbageOf(graphFromText('root -> a -> b')).clusterCount).toBe(0);
});

test('partitions the unreachable nodes of random graphs, and finds a cycle exactly where one is', () => {
  fc.assert(
    fc.property(arbitraryGraph(), (graph) => {
      const garbage = garbageOf(graph);
      const reachable = naiveReachable(graph);
      const unreachable = Array.from({ length: graph.nodeCount }, (_, n) => n).filter((n) => !reachable.has(n));
      expect([...garbage.nodes].sort((a, b) => a - b)).toEqual(unreachable);

      const reaches = (from: number): Set<number> => {
        const seen = new Set<number>();
        const pending = [from];
        while (pending.length > 0) {
          const node = pending.pop()!;
          for (let e = graph.firstEdge[node]!; e < graph.firstEdge[node + 1]!; e++) {
            const target = graph.edgeTargets[e]!;
            if (seen.has(target)) continue;
            seen.add(target);
            pending.push(target);
          }
        }
        return seen;
      };
      const onCycle = new Set(unreachable.filter((n) => reaches(n).has(n)));
      for (let c = 0; c < garbage.clusterCount; c++) {
        const nodes = [...garbage.nodes.subarray(garbage.firstNode[c]!, garbage.firstNode[c + 1]!)];
        expect(garbage.cyclicCounts[c]).toBe(nodes.filter((n) => onCycle.has(n)).length);
        expect(garbage.words[c]).toBe(nodes.reduce((sum, n) => sum + graph.shallowWords[n]!, 0));
        if (c > 0) expect(garbage.words[c]).toBeLessThanOrEqual(garbage.words[c - 1]!);
        // Nodes of one strongly connected component are never split.
        for (const node of nodes) {
          for (const other of reaches(node)) if (reaches(other).has(node)) expect(nodes).toContain(other);
        }
        const cycle = representativeCycle(graph, garbage, c);
        expect(cycle.length > 0).toBe(garbage.cyclicCounts[c]! > 0);
        expect(cycle.length > 0).toBe(garbage.cycleNodes[c] !== NO_NODE);
        cycle.forEach((edge, i) => {
          const next = cycle[(i + 1) % cycle.length]!;
          expect(graph.edgeTargets[edge]).toBe(sourceOfEdge(graph, next));
        });
      }
    }),
    { numRuns: 300 },
  );
});
