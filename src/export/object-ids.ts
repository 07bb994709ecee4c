// Numbers for objects that are equal in two exports of one process, so that viewers can compare them: their addresses,
// folded into the 32 bits that viewers keep.

/** Python's allocators hand out multiples of this. */
const ALIGNMENT = 16;
const ID_SPACE = 2 ** 31;

/**
 * One odd number below 2^32 for each address, none below `2 * reserved`, and none twice. Where two addresses fold into
 * one number, which takes addresses a multiple of 32 GiB apart, the later one takes the next that is free.
 * O(addresses) time; 8 bytes per address of scratch at most.
 */
export function objectIds(addresses: ArrayLike<number>, reserved: number): Uint32Array {
  const ids = new Uint32Array(addresses.length);
  const slots = tableSize(addresses.length);
  // Open addressing; 0 is an empty slot, as no id is 0.
  const taken = new Uint32Array(slots);
  for (let i = 0; i < addresses.length; i++) {
    let id = idOf(Math.floor(addresses[i]! / ALIGNMENT) % ID_SPACE, reserved);
    let slot = slotOf(id, slots);
    while (taken[slot] !== 0) {
      if (taken[slot] === id) {
        id = idOf(((id - 1) / 2 + 1) % ID_SPACE, reserved);
        slot = slotOf(id, slots);
      } else {
        slot = (slot + 1) % slots;
      }
    }
    taken[slot] = id;
    ids[i] = id;
  }
  return ids;
}

function idOf(number: number, reserved: number): number {
  return 2 * Math.max(number, reserved) + 1;
}

/** Power of two, at most half full. */
function tableSize(count: number): number {
  let size = 16;
  while (size < 2 * count) size *= 2;
  return size;
}

/** Multiplicative hashing (Knuth): neighbours spread over the table. */
function slotOf(id: number, slots: number): number {
  return (Math.imul(id, 0x9e3779b1) >>> 0) % slots;
}
