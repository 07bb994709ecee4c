import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryGraph } from '../../test/support/arbitrary-graph.ts';
import { WORD_BYTES } from '../graph/heap-graph.ts';
import { selectionOf } from '../query/node-selection.ts';
import { orderAllObjects, orderObjects } from './object-order.ts';
import { ObjectOrders, ObjectSelection } from './object-selection.ts';

test.each(['all', 'most', 'many', 'few'] as const)('windows of %s are pieces of the sorted whole', (share) => {
  fc.assert(
    fc.property(
      arbitraryGraph(200),
      fc.constantFrom('bytes' as const, 'retained_bytes' as const, 'address' as const, 'type' as const),
      fc.constantFrom('ascending' as const, 'descending' as const),
      fc.nat(250),
      fc.nat(20),
      (graph, sort, order, offset, limit) => {
        const retained = Float64Array.from({ length: graph.nodeCount }, (_, n) => ((n * 7919) % 13) * WORD_BYTES);
        const orders = new ObjectOrders(
          graph,
          retained,
          orderAllObjects(graph, retained, { sort: 'retained_bytes', order: 'descending' }),
        );
        const isMeant = {
          all: () => true,
          most: (n: number) => n % 3 > 0,
          many: (n: number) => n % 3 === 0,
          few: (n: number) => n % 40 === 0,
        }[share];
        const nodes = [...Array(graph.nodeCount).keys()].filter(isMeant);
        const heapBytes = graph.shallowWords.reduce((sum, words) => sum + words * WORD_BYTES, 0);
        const members = selectionOf(graph.nodeCount, nodes);
        const selection = new ObjectSelection({ graph, heapBytes, orders }, members);
        const whole = orderObjects(graph, retained, Uint32Array.from(nodes), { sort, order });
        expect(selection.count).toBe(nodes.length);
        expect(selection.bytes).toBe(nodes.reduce((sum, n) => sum + graph.shallowWords[n]! * WORD_BYTES, 0));
        expect(selection.window({ sort, order }, offset, limit)).toEqual([...whole.subarray(offset, offset + limit)]);
      },
    ),
  );
});
