// Which traced blocks came since an earlier look. A block is known by its address, and by who allocated it how large: an
// address that was freed and given to somebody else is another block.

import { indexInAscending } from '../../base/sorted-search.ts';
import type { AllocationTraces } from './allocation-traces.ts';

/** The traced blocks of one look: ascending numbers, 8 bytes each. */
export type RememberedBlocks = Float64Array;

/** User space ends here (without 5-level paging); the bits above, up to what a number can hold, are for the tag. */
const TWO_47 = 2 ** 47;
const TAG_MASK = 63;

export function rememberBlocks(traces: AllocationTraces): RememberedBlocks {
  const keys = new Float64Array(traces.count);
  for (let i = 0; i < traces.count; i++) keys[i] = keyOf(traces, i);
  return keys.sort();
}

/**
 * 1 for each trace whose block was not there before. One in 64 of those that took over the address of another is taken
 * for it, and all of those that the same line allocated in the same size. O(traces × log traces).
 */
export function findNewBlocks(traces: AllocationTraces, before: RememberedBlocks): Uint8Array {
  const isNew = new Uint8Array(traces.count);
  for (let i = 0; i < traces.count; i++) if (indexInAscending(before, keyOf(traces, i)) < 0) isNew[i] = 1;
  return isNew;
}

function keyOf({ addresses, sizes, tracebackOf, tracebacks }: AllocationTraces, trace: number): number {
  const traceback = tracebacks.addresses[tracebackOf[trace]!]!;
  // The low bits of addresses are the same in all.
  const tag = (Math.imul(traceback / 16, 0x9e3779b1) ^ Math.imul(sizes[trace]!, 0x85ebca6b)) >>> 24;
  return addresses[trace]! + (tag & TAG_MASK) * TWO_47;
}
