import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BitSet, countBits, createBitSet, difference, intersection, setBit, setIndices, union } from './bitset.ts';

function setOf(indices: readonly number[]): BitSet {
  const set = createBitSet(100);
  for (const index of indices) setBit(set, index);
  return set;
}

test('what is set is counted and listed, ascending', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(99)), (indices) => {
      expect(countBits(setOf(indices))).toBe(indices.length);
      expect([...setIndices(setOf(indices))]).toEqual(indices.toSorted((a, b) => a - b));
    }),
  );
});

test('sets are joined, met and taken away', () => {
  const arbitrarySet = fc.uniqueArray(fc.nat(99));
  fc.assert(
    fc.property(arbitrarySet, arbitrarySet, (left, right) => {
      const [a, b] = [setOf(left), setOf(right)];
      const among = (accept: (node: number) => boolean): number[] => [...Array(100).keys()].filter(accept);
      expect([...setIndices(union(a, b))]).toEqual(among((node) => left.includes(node) || right.includes(node)));
      expect([...setIndices(intersection(a, b))]).toEqual(among((node) => left.includes(node) && right.includes(node)));
      expect([...setIndices(difference(a, b))]).toEqual(among((node) => left.includes(node) && !right.includes(node)));
    }),
  );
});
