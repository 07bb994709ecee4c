// Numbers addresses in the order in which they are first met. A hash table of typed arrays with open addressing: no
// object per address.

import type { Address } from '../../graph/heap-graph.ts';

const FIRST_CAPACITY = 1 << 10;
const TWO_32 = 0x1_0000_0000;
/** Golden ratio of 2^32: spreads the multiples of 16 that addresses are (Knuth, "Multiplicative hashing"). */
const SPREAD = 0x9e3779b1;

export class AddressIndex {
  /** Number of addresses met. */
  count = 0;
  #addresses = new Float64Array(FIRST_CAPACITY);
  #numbers = new Uint32Array(FIRST_CAPACITY);

  /** The number of `address` (not 0); `count` as it was before where it is new. */
  numberOf(address: Address): number {
    const at = slotOf(this.#addresses, address);
    if (this.#addresses[at] === address) return this.#numbers[at]!;
    const number = this.count++;
    this.#addresses[at] = address;
    this.#numbers[at] = number;
    if (this.count * 2 > this.#addresses.length) this.#grow();
    return number;
  }

  #grow(): void {
    const addresses = new Float64Array(this.#addresses.length * 2);
    const numbers = new Uint32Array(addresses.length);
    for (let i = 0; i < this.#addresses.length; i++) {
      const address = this.#addresses[i]!;
      if (address === 0) continue;
      const at = slotOf(addresses, address);
      addresses[at] = address;
      numbers[at] = this.#numbers[i]!;
    }
    this.#addresses = addresses;
    this.#numbers = numbers;
  }
}

/** Where `address` is, or the free slot where it would be. */
function slotOf(addresses: Float64Array, address: Address): number {
  const mask = addresses.length - 1;
  const hash = Math.imul((address % TWO_32) ^ (address / TWO_32), SPREAD) >>> 0;
  let at = (hash >>> 8) & mask;
  while (addresses[at] !== 0 && addresses[at] !== address) at = (at + 1) & mask;
  return at;
}
