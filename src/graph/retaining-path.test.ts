import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryGraph } from '../../test/support/arbitrary-graph.ts';
import { graphFromText, type TextGraph } from '../../test/support/graph-from-text.ts';
import { groupByPath } from './clusters.ts';
import type { HeapGraph } from './heap-graph.ts';
import { shortestPaths } from './reachability.ts';
import { buildReferrers } from './referrers.ts';
import { alternativePaths, type RetainingPath, retainingPath } from './retaining-path.ts';

function drawAlternatives(graph: TextGraph, node: string, count: number): string[] {
  const found = alternativePaths(graph, shortestPaths(graph), buildReferrers(graph), graph.node(node), count);
  return found.map((path) => graph.namesOf(path.nodes));
}

function expectRealPath(graph: HeapGraph, path: RetainingPath): void {
  expect(graph.roots.nodes[path.rootRow]).toBe(path.nodes[0]);
  expect(path.nodes.length).toBe(path.edges.length + 1);
  path.edges.forEach((edge, i) => {
    const source = path.nodes[i]!;
    expect(edge >= graph.firstEdge[source]! && edge < graph.firstEdge[source + 1]!).toBe(true);
    expect(graph.edgeTargets[edge]).toBe(path.nodes[i + 1]);
  });
  // No node twice: a path through the node itself would explain it by itself.
  expect(new Set(path.nodes).size).toBe(path.nodes.length);
}

describe('alternativePaths', () => {
  test('lists other holders, nearest first, each kind of holder once', () => {
    const graph = graphFromText(`
      root -> m -> cache [global cache] -> x [value 0]
      m -> log [global log] -> deep [element 0] -> x [element 0]; log -> deeper [element 1] -> x [element 5]
      x -> child -> x [attribute parent]`);
    expect(drawAlternatives(graph, 'x', 5)).toEqual(['m cache x', 'm log deep x']);
    expect(drawAlternatives(graph, 'x', 1)).toEqual(['m cache x']);
    expect(drawAlternatives(graph, 'child', 5)).toEqual(['m cache x child', 'm log deep x child']);
  });

  test('differ below the last definition: in holders, not in ways to a module or class', () => {
    const graph = graphFromText(`
      root modules -> mods -> app [value 0] -> ns [field __dict__] -> cache [global cache] -> x [value 0]
      mods -> other [value 1] -> other_ns [field __dict__] -> cache [global cache]
      ns -> User [global User] -> User_ns [field __dict__] -> pool [attribute pool]
      ns -> u [global u] -> User [field __class__]; other_ns -> f [global f] -> ns [field __globals__]
      flags app code; flags other code; flags f code; flags User code
      flags ns namespace; flags other_ns namespace; flags User_ns namespace`);
    expect(drawAlternatives(graph, 'x', 5)).toEqual(['mods app ns cache x', 'mods other other_ns cache x']);
    expect(drawAlternatives(graph, 'pool', 5)).toEqual(['mods app ns User User_ns pool']);
    expect(drawAlternatives(graph, 'ns', 5)).toEqual(['mods app ns']);
  });

  test('an unreachable node has none', () => {
    expect(drawAlternatives(graphFromText('root -> a; x -> y'), 'y', 3)).toEqual([]);
  });

  test('gives real, simple, different paths in random graphs, the shortest first', () => {
    fc.assert(
      fc.property(arbitraryGraph(), fc.nat(), (graph, pick) => {
        const node = pick % graph.nodeCount;
        const paths = shortestPaths(graph);
        const found = alternativePaths(graph, paths, buildReferrers(graph), node, 4);
        const shortest = retainingPath(paths, node);
        if (shortest === undefined) {
          expect(found).toEqual([]);
          return;
        }
        expect(found[0]).toEqual(shortest);
        for (const path of found) {
          expectRealPath(graph, path);
          expect(path.nodes.at(-1)).toBe(node);
          expect(path.nodes.length).toBeGreaterThanOrEqual(shortest.nodes.length);
        }
        expect(new Set(found.map((p) => p.nodes.join())).size).toBe(found.length);
      }),
    );
  });
});

test('groupByPath puts entries of one holder together and keeps holders apart', () => {
  const graph = graphFromText(`
    root -> m -> cache [global cache] -> u1 [value 0]; cache -> u2 [value 1]; cache -> u3 [value 2]
    m -> other [global other] -> o1 [value 0]; u1 -> p1 [attribute p]; u2 -> p2 [attribute p]
    type u1 User; type u2 User; type u3 User; type o1 User; size u3 80; size o1 800; flags m code; lost -> lost`);
  const paths = shortestPaths(graph);
  const nodes = ['u1', 'u2', 'u3', 'o1', 'p1', 'p2', 'lost'].map(graph.node);
  const drawn = groupByPath(graph, paths, nodes).map(
    (g) => `${graph.nameOf(g.example)} × ${g.count}, ${g.weight} B, ${g.distance} edges`,
  );
  expect(drawn).toEqual(['o1 × 1, 800 B, 2 edges', 'u1 × 3, 96 B, 2 edges', 'p1 × 2, 16 B, 3 edges']);
});

test('groupByPath folds chains of any length into one group per place in the unit', () => {
  const links = Array.from({ length: 3000 }, (_, i) => `n${i} -> d${i} [field __dict__] -> n${i + 1} [attribute next]`);
  const types = Array.from({ length: 3001 }, (_, i) => `type n${i} Node; type d${i} dict`);
  const graph = graphFromText(`root -> n0\n${links.join('\n')}\n${types.join('\n')}`);
  const nodes = Uint32Array.from({ length: graph.nodeCount }, (_, n) => n);
  const groups = groupByPath(graph, shortestPaths(graph), nodes);
  expect(groups.reduce((sum, g) => sum + g.count, 0)).toBe(6001);
  expect(groups.length).toBeLessThanOrEqual(4);
});

test('groupByPath lumps together what comes after its limit', () => {
  const graph = graphFromText(
    'root -> a -> b [attribute b]; a -> c [attribute c]; a -> d [attribute d]; a -> e [attribute e]',
  );
  const nodes = ['b', 'c', 'd', 'e'].map(graph.node);
  const groups = groupByPath(graph, shortestPaths(graph), nodes, { shapesLimit: 4 });
  expect(groups.map((g) => g.count)).toEqual([3, 1]);
});
