import fc from 'fast-check';
import { expect, test } from 'vitest';
import { setIndices } from '../base/bitset.ts';
import { everyNode, isEmpty, NONE, narrowByMask, narrowByRange, narrowByTable, selectionOf } from './node-selection.ts';

/** Around the ends of the words of a set. */
const arbitraryNumbers = fc.array(fc.oneof(fc.nat(9), fc.constant(NONE)), { maxLength: 100 });

test.each([0, 1, 31, 32, 33, 64, 100])('every one of %i nodes', (count) => {
  expect([...setIndices(everyNode(count))]).toEqual([...Array(count).keys()]);
  expect(isEmpty(everyNode(count))).toBe(count === 0);
});

test('a condition keeps what it means of what was there', () => {
  fc.assert(
    // Every node, every other one, or so few that they are looked at one by one.
    fc.property(arbitraryNumbers, fc.nat(9), fc.nat(9), fc.constantFrom(1, 2, 20), (numbers, low, high, every) => {
      const nodes = [...numbers.keys()].filter((node) => node % every === 0);
      const within = selectionOf(numbers.length, nodes);
      const column = Uint32Array.from(numbers);
      const inside = (node: number): boolean => numbers[node]! >= low && numbers[node]! <= high;
      const hasNumber = (node: number): boolean => numbers[node] !== NONE;
      expect([...setIndices(narrowByRange(within, column, { low, high }))]).toEqual(
        nodes.filter((node) => hasNumber(node) && inside(node)),
      );
      expect([
        ...setIndices(narrowByRange(within, column, { low: low - 0.5, high: Number.POSITIVE_INFINITY })),
      ]).toEqual(nodes.filter((node) => hasNumber(node) && numbers[node]! >= low));
      // The column of retained sizes has a row for the super-root as well, and is of no whole numbers.
      const longer = Float64Array.of(...numbers, 5);
      expect([...setIndices(narrowByRange(within, longer, { low, high }))]).toEqual(nodes.filter(inside));
      const rows = Uint32Array.from(numbers, (number) => number % 10);
      const table = Uint8Array.from({ length: 10 }, (_, row) => Number(row >= low));
      expect([...setIndices(narrowByTable(within, rows, table))]).toEqual(nodes.filter((node) => rows[node]! >= low));
      expect([...setIndices(narrowByMask(within, Uint8Array.from(rows), 5))]).toEqual(
        nodes.filter((node) => (rows[node]! & 5) !== 0),
      );
    }),
  );
});
