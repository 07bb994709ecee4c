// Fixed-size bit sets over Uint32Array, as free functions so that hot loops stay monomorphic.

export type BitSet = Uint32Array;

/** A set of `size` bits, all clear. */
export function createBitSet(size: number): BitSet {
  return new Uint32Array((size + 31) >>> 5);
}

export function hasBit(set: BitSet, index: number): boolean {
  return (set[index >>> 5]! & (1 << (index & 31))) !== 0;
}

export function setBit(set: BitSet, index: number): void {
  set[index >>> 5]! |= 1 << (index & 31);
}

export function clearBit(set: BitSet, index: number): void {
  set[index >>> 5]! &= ~(1 << (index & 31));
}

/** Number of set bits in one 32-bit word (Hacker's Delight, figure 5-2). */
export function popCount32(word: number): number {
  word -= (word >>> 1) & 0x55555555;
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
  word = (word + (word >>> 4)) & 0x0f0f0f0f;
  return Math.imul(word, 0x01010101) >>> 24;
}

/** Number of set bits. */
export function countBits(set: BitSet): number {
  let count = 0;
  for (let w = 0; w < set.length; w++) count += set[w] === 0 ? 0 : popCount32(set[w]!);
  return count;
}

/** Indices of the set bits, ascending. */
export function setIndices(set: BitSet): Uint32Array {
  const indices = new Uint32Array(countBits(set));
  let count = 0;
  for (let w = 0; w < set.length; w++) {
    // The lowest bit of what is left, until nothing is.
    for (let word = set[w]!; word !== 0; word &= word - 1) indices[count++] = 32 * w + 31 - Math.clz32(word & -word);
  }
  return indices;
}

/** Bits of both; the two are of one size, here and below. */
export function intersection(a: BitSet, b: BitSet): BitSet {
  const both = a.slice();
  for (let w = 0; w < both.length; w++) both[w]! &= b[w]!;
  return both;
}

/** Bits of either. */
export function union(a: BitSet, b: BitSet): BitSet {
  const either = a.slice();
  for (let w = 0; w < either.length; w++) either[w]! |= b[w]!;
  return either;
}

/** Bits of `a` that `b` does not have. */
export function difference(a: BitSet, b: BitSet): BitSet {
  const rest = a.slice();
  for (let w = 0; w < rest.length; w++) rest[w]! &= ~b[w]!;
  return rest;
}
