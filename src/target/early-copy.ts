// Copies a target's memory while it runs, for planRecopy to find out later which pages of the copy still hold.
// Tracking must have begun: what is written from then on is marked by the kernel.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfCancelled } from '../base/errors.ts';
import type { BufferCursor } from './capture-buffers.ts';
import { type CapturePlan, isAnonymous, type PlannedRange } from './capture-plan.ts';
import { type MappedRegion, regionAt } from './memory-maps.ts';
import type { Pagemap } from './pagemap.ts';
import { PAGE_BYTES, type ProcessMemory, READ_BYTES } from './process-memory.ts';
import type { EarlyCopy } from './recopy-plan.ts';
import { whyNoSoftDirty } from './soft-dirty.ts';

/** Less is copied faster than the kernel is asked which pages were written. */
const WORTH_IT_BYTES = 32 << 20;
/** Smaller ranges change owners often and are copied in no time. */
const EARLY_FROM_BYTES = 256 * 1024;
/** Copied between two turns of the event loop: some 20 ms. */
const SLICE_BYTES = 64 << 20;

/** Why `readBytes` of memory would not be copied ahead of a pause, or ''. Leaves the target as it is. */
export function whyNotCopyEarly(isWanted: boolean | undefined, readBytes: number): string {
  if (isWanted !== true) return 'switched off';
  return readBytes < WORTH_IT_BYTES ? 'there is too little to copy' : whyNoSoftDirty();
}

/** Copies the large anonymous ranges of the plan. Throws E_CANCELLED. */
export async function copyEarly(
  plan: CapturePlan,
  regions: readonly MappedRegion[],
  from: { readonly memory: ProcessMemory; readonly pagemap: Pagemap },
  cursor: BufferCursor,
  signal: AbortSignal | undefined,
): Promise<{ copies: EarlyCopy[]; bytes: number }> {
  const copies: EarlyCopy[] = [];
  let bytes = 0;
  let sinceTurn = 0;
  for (const range of plan.ranges) {
    if (range.end - range.start < EARLY_FROM_BYTES) continue;
    const region = regionAt(regions, range.start);
    if (region === undefined || !isAnonymous(region)) continue;
    for (let at = range.start; at < range.end; ) {
      const space = cursor.take(Math.min(SLICE_BYTES, range.end - at));
      if (space === undefined) return { copies, bytes };
      const entries = new Uint32Array((space.length / PAGE_BYTES) * 2);
      const end = at + space.length;
      if (from.pagemap.entries(at, entries)) {
        bytes += copyRuns(range, at, space, entries, from.memory);
        copies.push({ start: at, end, bytes: space, entries });
      } else {
        copies.push({ start: at, end, bytes: space, entries: entries.fill(0) });
      }
      at = end;
      sinceTurn += space.length;
      if (sinceTurn < SLICE_BYTES) continue;
      sinceTurn = 0;
      await nextTurn();
      throwIfCancelled(signal);
    }
  }
  return { copies, bytes };
}

/** Fills `space` with the runs of the range that lie in it, and forgets the entries of every page that was not read. */
function copyRuns(
  range: PlannedRange,
  start: number,
  space: Uint8Array,
  entries: Uint32Array,
  memory: ProcessMemory,
): number {
  const end = start + space.length;
  let at = start;
  let bytes = 0;
  const forget = (from: number, to: number): void => {
    entries.fill(0, ((from - start) / PAGE_BYTES) * 2, ((to - start) / PAGE_BYTES) * 2);
  };
  for (let i = 0; i < range.runs.length && range.runs[i]! < end; i += 2) {
    const from = Math.max(start, range.runs[i]!);
    const to = Math.min(end, range.runs[i + 1]!);
    if (from >= to) continue;
    forget(at, from);
    for (at = from; at < to; ) {
      const wanted = Math.min(READ_BYTES, to - at);
      const got = memory.readOnce(at, space.subarray(at - start, at - start + wanted));
      const whole = got > 0 ? got - (got % PAGE_BYTES) : 0;
      bytes += whole;
      at += whole;
      if (whole > 0) continue;
      forget(at, at + PAGE_BYTES);
      at += PAGE_BYTES;
    }
  }
  forget(at, end);
  return bytes;
}
