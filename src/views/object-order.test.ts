import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryGraph } from '../../test/support/arbitrary-graph.ts';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { type HeapGraph, NOT_A_CONTAINER, qualifiedTypeName } from '../graph/heap-graph.ts';
import { type ObjectColumn, orderObjects } from './object-order.ts';

const COLUMNS = ['bytes', 'retained_bytes', 'entries', 'address', 'type'] as const;

/** The same with the sort of the language. */
function sorted(graph: HeapGraph, retained: Float64Array, nodes: readonly number[], sort: ObjectColumn, sign: number) {
  const value = (node: number): number | string => {
    switch (sort) {
      case 'bytes':
        return graph.shallowWords[node]!;
      case 'retained_bytes':
        return retained[node]!;
      case 'entries':
        return graph.entryCounts[node]!;
      case 'address':
        return node;
      case 'type':
        return qualifiedTypeName(graph.types[graph.typeOf[node]!]!);
    }
  };
  const isLast = (node: number): number => Number(sort === 'entries' && graph.entryCounts[node] === NOT_A_CONTAINER);
  return nodes.toSorted((a, b) => {
    const [x, y] = [value(a), value(b)];
    return isLast(a) - isLast(b) || (x === y ? a - b : (x < y ? -1 : 1) * sign);
  });
}

test('orders as any sort does, equal ones by address', () => {
  fc.assert(
    fc.property(
      arbitraryGraph(60),
      fc.constantFrom(...COLUMNS),
      fc.constantFrom('ascending' as const, 'descending' as const),
      fc.infiniteStream(fc.integer({ min: 0, max: 2 ** 33 })),
      (graph, sort, order, sizes) => {
        const retained = Float64Array.from(
          { length: graph.nodeCount },
          (_, n) => graph.shallowWords[n]! * 8 + 8 * (sizes.next().value as number),
        );
        // Above 32 GiB all are equal to the sort.
        for (let n = 0; n < retained.length; n++) retained[n] = Math.min(retained[n]!, (2 ** 32 - 2) * 8);
        const nodes = Uint32Array.from(Array.from({ length: graph.nodeCount }, (_, n) => n).filter((n) => n % 3 !== 1));
        const found = orderObjects(graph, retained, nodes, { sort, order });
        expect([...found]).toEqual(sorted(graph, retained, [...nodes], sort, order === 'ascending' ? 1 : -1));
      },
    ),
  );
});

test('what is no container comes last by entries, whichever way', () => {
  const graph = graphFromText('root -> a -> b -> c; entries a 0; entries c 7');
  const retained = new Float64Array(4);
  const nodes = Uint32Array.of(0, 1, 2);
  const names = (order: 'ascending' | 'descending') =>
    graph.namesOf(orderObjects(graph, retained, nodes, { sort: 'entries', order }));
  expect(names('ascending')).toBe('a c b');
  expect(names('descending')).toBe('c a b');
});
