// Sets of 8-aligned addresses as one bitmap per memory segment, with ranks: a node's index is its rank.
// One bit per 8 bytes of memory (16 MiB per GiB), so membership never allocates and a forged heap cannot grow it.

import { countBits, popCount32 } from '../base/bitset.ts';
import type { Address } from '../graph/heap-graph.ts';
import type { MemoryImage } from './memory-image.ts';

const ALIGNMENT = 8;

export class AddressSet {
  readonly #image: MemoryImage;
  readonly #starts: Float64Array;
  /** Bitmaps by segment, made at the first member: most sets touch few segments. */
  readonly #bits: (Uint32Array | undefined)[];
  #ranks: Uint32Array[] | undefined;

  constructor(image: MemoryImage) {
    this.#image = image;
    this.#starts = Float64Array.from(image.segments, (s) => s.start);
    this.#bits = new Array(image.segments.length).fill(undefined);
  }

  /** Adds an address; false when it was a member already, is unaligned, or lies in no copied segment. */
  add(address: Address): boolean {
    const segment = this.#image.segmentIndex(address);
    if (segment < 0) return false;
    const offset = address - this.#starts[segment]!;
    if (offset % ALIGNMENT !== 0) return false;
    const bit = offset / ALIGNMENT;
    let bits = this.#bits[segment];
    if (bits === undefined) {
      bits = new Uint32Array(Math.ceil(this.#image.segments[segment]!.bytes.length / ALIGNMENT / 32));
      this.#bits[segment] = bits;
    }
    const mask = 1 << (bit & 31);
    const word = bit >>> 5;
    if ((bits[word]! & mask) !== 0) return false;
    bits[word]! |= mask;
    return true;
  }

  has(address: Address): boolean {
    const segment = this.#image.segmentIndex(address);
    if (segment < 0) return false;
    const bits = this.#bits[segment];
    if (bits === undefined) return false;
    const offset = address - this.#starts[segment]!;
    if (offset % ALIGNMENT !== 0) return false;
    const bit = offset / ALIGNMENT;
    return (bits[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }

  /**
   * The nearest member at `address`, 16 or 32 bytes before it, or 0: the block of an object with a pre-header.
   * Members and `address` are multiples of 16.
   */
  atOrBefore(address: Address): Address {
    const segment = this.#image.segmentIndex(address);
    const bits = segment < 0 ? undefined : this.#bits[segment];
    if (bits === undefined) return 0;
    const offset = address - this.#starts[segment]!;
    if (offset % ALIGNMENT !== 0) return 0;
    const bit = offset / ALIGNMENT;
    if ((bits[bit >>> 5]! & (1 << (bit & 31))) !== 0) return address;
    if (bit >= 2 && (bits[(bit - 2) >>> 5]! & (1 << ((bit - 2) & 31))) !== 0) return address - 16;
    if (bit >= 4 && (bits[(bit - 4) >>> 5]! & (1 << ((bit - 4) & 31))) !== 0) return address - 32;
    return 0;
  }

  delete(address: Address): void {
    const segment = this.#image.segmentIndex(address);
    const bits = segment < 0 ? undefined : this.#bits[segment];
    if (bits === undefined) return;
    const bit = (address - this.#starts[segment]!) / ALIGNMENT;
    bits[bit >>> 5]! &= ~(1 << (bit & 31));
  }

  /** A copy with the same members. */
  clone(): AddressSet {
    const copy = new AddressSet(this.#image);
    for (let s = 0; s < this.#bits.length; s++) copy.#bits[s] = this.#bits[s]?.slice();
    return copy;
  }

  count(): number {
    let total = 0;
    for (const bits of this.#bits) total += bits === undefined ? 0 : countBits(bits);
    return total;
  }

  /** Calls back for every member in ascending order; members added meanwhile in a word already read are not seen. */
  forEach(callback: (address: Address) => void): void {
    for (let s = 0; s < this.#bits.length; s++) {
      const bits = this.#bits[s];
      if (bits === undefined) continue;
      const start = this.#starts[s]!;
      for (let w = 0; w < bits.length; w++) {
        let word = bits[w]!;
        while (word !== 0) {
          const lowest = 31 - Math.clz32(word & -word);
          word &= word - 1;
          callback(start + (w * 32 + lowest) * ALIGNMENT);
        }
      }
    }
  }

  /** Calls back for every member in [start, end) in ascending order. `start` and `end` may lie in different segments. */
  forEachIn(start: Address, end: Address, callback: (address: Address) => void): void {
    for (let s = 0; s < this.#bits.length; s++) {
      const bits = this.#bits[s];
      const base = this.#starts[s]!;
      if (bits === undefined || base >= end || base + bits.length * 32 * ALIGNMENT <= start) continue;
      const firstWord = Math.max(0, Math.floor((start - base) / ALIGNMENT / 32));
      const lastWord = Math.min(bits.length, Math.ceil((end - base) / ALIGNMENT / 32));
      for (let w = firstWord; w < lastWord; w++) {
        let word = bits[w]!;
        while (word !== 0) {
          const lowest = 31 - Math.clz32(word & -word);
          word &= word - 1;
          const address = base + (w * 32 + lowest) * ALIGNMENT;
          if (address >= start && address < end) callback(address);
        }
      }
    }
  }

  /** Fixes the ranks; call once after the last `add`. Returns the number of members. */
  freeze(): number {
    const ranks: Uint32Array[] = [];
    let total = 0;
    for (let s = 0; s < this.#bits.length; s++) {
      const bits = this.#bits[s];
      if (bits === undefined) {
        ranks.push(new Uint32Array(0));
        continue;
      }
      const prefix = new Uint32Array(bits.length);
      for (let w = 0; w < bits.length; w++) {
        prefix[w] = total;
        if (bits[w] !== 0) total += popCount32(bits[w]!);
      }
      ranks.push(prefix);
    }
    this.#ranks = ranks;
    return total;
  }

  /** Rank of a member by ascending address, or -1. Needs `freeze`. */
  rank(address: Address): number {
    const segment = this.#image.segmentIndex(address);
    if (segment < 0) return -1;
    const bits = this.#bits[segment];
    if (bits === undefined) return -1;
    const offset = address - this.#starts[segment]!;
    if (offset % ALIGNMENT !== 0) return -1;
    const bit = offset / ALIGNMENT;
    const word = bits[bit >>> 5]!;
    const mask = 1 << (bit & 31);
    if ((word & mask) === 0) return -1;
    return this.#ranks![segment]![bit >>> 5]! + popCount32(word & (mask - 1));
  }
}
