import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryGraph, naiveReachable } from '../../test/support/arbitrary-graph.ts';
import { graphFromText, type TextGraph } from '../../test/support/graph-from-text.ts';
import { createBitSet, hasBit, setBit } from '../base/bitset.ts';
import { type HeapGraph, NO_NODE } from './heap-graph.ts';
import { reachableFrom, type ShortestPathOptions, shortestPaths } from './reachability.ts';

function drawPath(graph: TextGraph, name: string, options?: ShortestPathOptions): string {
  const { parent } = shortestPaths(graph, options);
  const path: number[] = [];
  for (let n = graph.node(name); n !== graph.nodeCount; n = parent[n]!) path.unshift(n);
  return graph.namesOf(path);
}

/** All-pairs relaxation until nothing changes (Bellman-Ford with unit lengths). */
function naiveDistances(graph: HeapGraph): number[] {
  const distance = new Array<number>(graph.nodeCount).fill(Number.POSITIVE_INFINITY);
  for (const root of graph.roots.nodes) distance[root] = 0;
  for (let round = 0; round < graph.nodeCount; round++) {
    for (let n = 0; n < graph.nodeCount; n++) {
      for (let e = graph.firstEdge[n]!; e < graph.firstEdge[n + 1]!; e++) {
        const target = graph.edgeTargets[e]!;
        distance[target] = Math.min(distance[target]!, distance[n]! + 1);
      }
    }
  }
  return distance;
}

describe('shortestPaths', () => {
  test('gives the shortest distance, by a path of existing edges, in random graphs', () => {
    fc.assert(
      fc.property(arbitraryGraph(), (graph) => {
        const { distance, parent, parentEdge, reachedCount } = shortestPaths(graph);
        const expected = naiveDistances(graph);
        for (let n = 0; n < graph.nodeCount; n++) {
          if (expected[n] === Number.POSITIVE_INFINITY) {
            expect([distance[n], parent[n], parentEdge[n]]).toEqual([NO_NODE, NO_NODE, NO_NODE]);
            continue;
          }
          expect(distance[n]).toBe(expected[n]);
          const source = parent[n]!;
          const edge = parentEdge[n]!;
          if (source === graph.nodeCount) {
            expect(graph.roots.nodes[edge]).toBe(n);
          } else {
            expect(graph.edgeTargets[edge]).toBe(n);
            expect(edge >= graph.firstEdge[source]! && edge < graph.firstEdge[source + 1]!).toBe(true);
            expect(distance[n]).toBe(distance[source]! + 1);
          }
        }
        expect(reachedCount).toBe(naiveReachable(graph).size);
      }),
    );
  });

  test('prefers a module path to a shorter one from a thread, but not to a much shorter one', () => {
    const near = graphFromText('root thread Main -> t -> frame -> x; root modules -> m -> shop -> bus -> dict -> x');
    expect(drawPath(near, 'x')).toBe('m shop bus dict x');
    const far = graphFromText(
      'root thread Main -> t -> frame -> x; root modules -> m -> a -> b -> c -> d -> e -> f -> g -> h -> i -> j -> x',
    );
    expect(drawPath(far, 'x')).toBe('t frame x');
  });

  test('uses native and interned roots only where nothing else leads', () => {
    const graph = graphFromText(
      'root native -> x; root interned -> x; root modules -> a -> b -> c -> d -> e -> f -> g -> x; root native -> y',
    );
    expect(drawPath(graph, 'x')).toBe('a b c d e f g x');
    expect(drawPath(graph, 'y')).toBe('y');
  });

  test('handicaps are a parameter', () => {
    const graph = graphFromText('root native -> x; root modules -> m -> x');
    const flat = { 0: 0, 1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 0 };
    expect(drawPath(graph, 'x', { handicaps: flat })).toBe('x');
  });

  test('of equally long paths, avoids nodes passed last, and still finds what only they lead to', () => {
    const graph = graphFromText('root -> main -> x; root -> shop -> x; main -> only');
    const passedLast = createBitSet(graph.nodeCount);
    expect(drawPath(graph, 'x')).toBe('main x');
    setBit(passedLast, graph.node('main'));
    expect(drawPath(graph, 'only', { passedLast })).toBe('main only');
    const below = graphFromText('root -> sys; sys -> main -> x; sys -> shop -> x; main -> only');
    const mainLast = createBitSet(below.nodeCount);
    setBit(mainLast, below.node('main'));
    expect(drawPath(below, 'x')).toBe('sys main x');
    expect(drawPath(below, 'x', { passedLast: mainLast })).toBe('sys shop x');
    expect(drawPath(below, 'only', { passedLast: mainLast })).toBe('sys main only');
  });
});

test('what __main__ imported is held by the module it came from', () => {
  const graph = graphFromText(`
    root modules -> mods -> main [value 0] -> main_ns [field __dict__] -> x [global x]
    mods -> shop [value 1] -> shop_ns [field __dict__] -> x [global x]; main_ns -> own [global own]
    type main module; label main __main__; flags main code; type shop module; label shop shop; flags shop code`);
  expect(drawPath(graph, 'x')).toBe('mods shop shop_ns x');
  expect(drawPath(graph, 'own')).toBe('mods main main_ns own');
});

describe('reachableFrom', () => {
  test('agrees with a search over sets', () => {
    fc.assert(
      fc.property(arbitraryGraph(), fc.nat(), (graph, pick) => {
        const without = pick % graph.nodeCount;
        const blocked = createBitSet(graph.nodeCount);
        setBit(blocked, without);
        const all = reachableFrom(graph, graph.roots.nodes);
        const rest = reachableFrom(graph, graph.roots.nodes, { blocked });
        const [allNaive, restNaive] = [naiveReachable(graph), naiveReachable(graph, without)];
        for (let n = 0; n < graph.nodeCount; n++) {
          expect(hasBit(all, n)).toBe(allNaive.has(n));
          expect(hasBit(rest, n)).toBe(restNaive.has(n));
        }
      }),
    );
  });
});
