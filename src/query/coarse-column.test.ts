import fc from 'fast-check';
import { expect, test } from 'vitest';
import { setIndices } from '../base/bitset.ts';
import { coarseColumn, narrowByCoarse } from './coarse-column.ts';
import { NONE, selectionOf } from './node-selection.ts';

/** Around where codes end, and the ends of 32 bits. */
const arbitraryNumber = fc.oneof(
  fc.nat(9),
  fc.integer({ min: 120, max: 260 }),
  fc.integer({ min: NONE - 3, max: NONE }),
  fc.nat(NONE),
);
const arbitraryBound = fc.oneof(
  arbitraryNumber,
  arbitraryNumber.map((number) => number + 0.5),
  fc.constantFrom(Number.NEGATIVE_INFINITY, -1, 2 ** 40, Number.POSITIVE_INFINITY),
);

test('a range keeps those whose number lies in it', () => {
  fc.assert(
    fc.property(
      fc.array(arbitraryNumber, { maxLength: 100 }),
      arbitraryBound,
      arbitraryBound,
      fc.constantFrom(1, 2, 20),
      (numbers, low, high, every) => {
        const nodes = [...numbers.keys()].filter((node) => node % every === 0);
        const within = selectionOf(numbers.length, nodes);
        const kept = narrowByCoarse(within, coarseColumn(Uint32Array.from(numbers)), { low, high });
        expect([...setIndices(kept)]).toEqual(
          nodes.filter((node) => numbers[node]! !== NONE && numbers[node]! >= low && numbers[node]! <= high),
        );
      },
    ),
    { numRuns: 2000 },
  );
});
