// A column of whole numbers with a byte beside each, which tells small numbers apart: most objects are small, hold little and
// are held by few. Four bytes are compared at once in one 32-bit word (Lamport, Multiple byte processing with full-word
// instructions, CACM 18(8), 1975), which takes a third of the time of looking at four numbers. Only where a byte says no more
// than "large", the number itself is looked at.

import { union } from '../base/bitset.ts';
import { isSparse, NONE, type NodeSelection, type NumberRange, narrowByRange } from './node-selection.ts';

/** Codes of seven bits, so that bytes of one word never borrow from each other: this or more ... */
const LARGE = 126;
/** ... and none. Below, the number itself. */
const NO_NUMBER = 127;

const EACH_BYTE = 0x01010101;
const HIGH_BITS = 0x80808080;

export interface CoarseColumn {
  /** Of each node; `NONE` where it has none. */
  readonly numbers: Uint32Array;
  /** Of four nodes each, the first in the lowest byte: processors that Node runs on are little-endian. */
  readonly codes: Uint32Array;
}

export function coarseColumn(numbers: Uint32Array): CoarseColumn {
  const codes = new Uint32Array(8 * Math.ceil(numbers.length / 32));
  const bytes = new Uint8Array(codes.buffer);
  for (let n = 0; n < numbers.length; n++) {
    bytes[n] = Math.min(numbers[n]!, LARGE) + (NO_NUMBER - LARGE) * Number(numbers[n] === NONE);
  }
  return { numbers, codes };
}

/** Those whose number lies in the range; those without one are never meant. */
export function narrowByCoarse(within: NodeSelection, column: CoarseColumn, range: NumberRange): NodeSelection {
  const { numbers, codes } = column;
  const low = Math.max(0, Math.ceil(range.low));
  const high = Math.floor(range.high);
  if (isSparse(within)) return narrowByRange(within, numbers, range);
  if (high < LARGE || (low <= LARGE && high >= NONE - 1))
    return narrowByCodes(within, codes, low, Math.min(high, LARGE));
  const large = narrowByRange(narrowByCodes(within, codes, LARGE, LARGE), numbers, range);
  return low < LARGE ? union(narrowByCodes(within, codes, low, LARGE - 1), large) : large;
}

function narrowByCodes(within: NodeSelection, codes: Uint32Array, low: number, high: number): NodeSelection {
  const kept = new Uint32Array(within.length);
  if (low > high) return kept;
  const least = low * EACH_BYTE;
  const most = (high * EACH_BYTE) | HIGH_BITS;
  for (let w = 0; w < within.length; w++) {
    if (within[w] !== 0) kept[w] = within[w]! & bitsOfCodes(codes, 8 * w, least, most);
  }
  return kept;
}

function bitsOfCodes(codes: Uint32Array, first: number, least: number, most: number): number {
  let bits = 0;
  for (let i = first + 7; i >= first; i--) {
    const four = codes[i]!;
    // The high bit of each byte stays where its code is no less than the least, and no more than the most.
    const inside = ((four | HIGH_BITS) - least) & (most - four) & HIGH_BITS;
    // Multiplied so, the four bits meet in the highest ones, and no others do.
    bits = (bits << 4) | (Math.imul(inside >>> 7, 0x10204080) >>> 28);
  }
  return bits;
}
