import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryGraph, naiveReachable } from '../../test/support/arbitrary-graph.ts';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { createBitSet, setBit } from '../base/bitset.ts';
import { takeCensus } from './census.ts';
import { buildDominatorTree } from './dominator-tree.ts';
import { computeDominators } from './dominators.ts';
import type { HeapGraph } from './heap-graph.ts';
import { qualifiedTypeName } from './heap-graph.ts';
import { retainedBytes } from './retained-size.ts';

function retainedOf(graph: HeapGraph) {
  const dominators = computeDominators(graph);
  return { tree: buildDominatorTree(dominators), bytes: retainedBytes(graph, dominators) };
}

test('counts, shallow and retained bytes by type', () => {
  const graph = graphFromText(`
    root -> cache -> u1 -> d1; cache -> u2 -> d2
    type cache dict; type d1 dict; type d2 dict; type u1 shop.User; type u2 shop.User
    size cache 800; size d1 160; size d2 160; size u1 48; size u2 48`);
  const rows = takeCensus(graph, { retained: retainedOf(graph) });
  expect(
    rows.map((r) => `${qualifiedTypeName(graph.types[r.type]!)} ${r.count} ${r.bytes} ${r.retainedBytes}`),
  ).toEqual(['dict 3 1120 1216', 'shop.User 2 96 416']);
});

test('only the asked-for nodes', () => {
  const graph = graphFromText('root -> a -> b; size b 80');
  const nodes = createBitSet(graph.nodeCount);
  setBit(nodes, graph.node('b'));
  expect(takeCensus(graph, { nodes })).toEqual([{ type: 0, count: 1, bytes: 80, retainedBytes: undefined }]);
});

test('retained bytes of a type are what becomes unreachable without its nodes, when no one else shares them', () => {
  fc.assert(
    fc.property(arbitraryGraph(), fc.array(fc.nat(2), { minLength: 24, maxLength: 24 }), (drawn, typeOf) => {
      const graph: HeapGraph = {
        ...drawn,
        typeOf: Uint32Array.from({ length: drawn.nodeCount }, (_, n) => typeOf[n]!),
        types: ['A', 'B', 'C'].map((name, i) => ({ name, module: 'm', address: i + 1 })),
      };
      const retained = retainedOf(graph);
      for (const row of takeCensus(graph, { retained })) {
        // By definition: every node with a dominator (or itself) of the type, once.
        const { idom } = computeDominators(graph);
        let expected = 0;
        for (const n of naiveReachable(graph)) {
          for (let d = n; d !== graph.nodeCount; d = idom[d]!) {
            if (graph.typeOf[d] !== row.type) continue;
            expected += 8 * graph.shallowWords[n]!;
            break;
          }
        }
        expect(row.retainedBytes).toBe(expected);
      }
    }),
  );
});
