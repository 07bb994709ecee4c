// What is left to copy in a pause when memory was copied while the target ran: pages written, moved or new since then.
// Pure: decides over what the pagemap showed then and shows now. Without an earlier copy, all is left to copy.

import type { Address } from '../graph/heap-graph.ts';
import type { PlannedRange } from './capture-plan.ts';
import { EXCLUSIVE, FRAME_HIGH, PRESENT, SOFT_DIRTY } from './pagemap.ts';
import { PAGE_BYTES } from './process-memory.ts';

/** Memory copied while the target ran. */
export interface EarlyCopy {
  readonly start: Address;
  /** Exclusive. */
  readonly end: Address;
  readonly bytes: Uint8Array;
  /** The pagemap's entries after tracking began and before the copy, two words a page; zero for what was not copied. */
  readonly entries: Uint32Array;
}

/** One piece of the image to be. */
export interface RecopyPart {
  readonly start: Address;
  /** Exclusive. */
  readonly end: Address;
  /** The early copy of exactly this piece; undefined for one that needs new space, of which nothing is copied yet. */
  readonly early: Uint8Array | undefined;
  /** Start, end pairs of what must be read, and of what holds no pages and is zero. The rest stays as it was copied. */
  readonly runs: readonly number[];
  readonly zeros: readonly number[];
}

export interface RecopyPlan {
  readonly parts: readonly RecopyPart[];
  /** Buffer space for parts without an early copy. */
  readonly newBytes: number;
  readonly readBytes: number;
}

/**
 * `early` in ascending order. `entriesNow` fills in the entries of the stopped target; where it cannot, everything is
 * copied again.
 */
export function planRecopy(
  ranges: readonly PlannedRange[],
  early: readonly EarlyCopy[],
  entriesNow: (start: Address, into: Uint32Array) => boolean,
): RecopyPlan {
  const parts: RecopyPart[] = [];
  let newBytes = 0;
  let readBytes = 0;
  let next = 0;
  const add = (part: RecopyPart): void => {
    parts.push(part);
    if (part.early === undefined) newBytes += part.end - part.start;
    for (let i = 0; i < part.runs.length; i += 2) readBytes += part.runs[i + 1]! - part.runs[i]!;
  };
  for (const range of ranges) {
    let at = range.start;
    while (next < early.length && early[next]!.end <= at) next++;
    for (let i = next; i < early.length && early[i]!.start < range.end; i++) {
      const copy = early[i]!;
      const start = Math.max(at, copy.start);
      const end = Math.min(range.end, copy.end);
      if (start > at) add(newPart(range, at, start));
      add(earlyPart(range, copy, start, end, entriesNow));
      at = end;
    }
    if (at < range.end) add(newPart(range, at, range.end));
  }
  return { parts, newBytes, readBytes };
}

/**
 * Whether a page is what it was: written or newly mapped ones are marked; those whose page table was moved here are not,
 * but lie in other frames. A frame that others map too says nothing: the page of zeros comes back, unmarked, wherever
 * memory was written, given back and only read since.
 */
function isUnchanged(lowThen: number, highThen: number, lowNow: number, highNow: number): boolean {
  const flags = highThen & highNow;
  if ((flags & PRESENT) === 0 || (flags & EXCLUSIVE) === 0 || (highNow & SOFT_DIRTY) !== 0) return false;
  const frame = highNow & FRAME_HIGH;
  return lowThen === lowNow && (highThen & FRAME_HIGH) === frame && (lowNow !== 0 || frame !== 0);
}

function newPart(range: PlannedRange, start: Address, end: Address): RecopyPart {
  const runs: number[] = [];
  const zeros: number[] = [];
  splitRuns(range.runs, start, end, zeros, (from, to) => runs.push(from, to));
  return { start, end, early: undefined, runs, zeros };
}

function earlyPart(
  range: PlannedRange,
  copy: EarlyCopy,
  start: Address,
  end: Address,
  entriesNow: (start: Address, into: Uint32Array) => boolean,
): RecopyPart {
  const bytes = copy.bytes.subarray(start - copy.start, end - copy.start);
  const now = new Uint32Array(((end - start) / PAGE_BYTES) * 2);
  const isKnown = entriesNow(start, now);
  const then = copy.entries.subarray(((start - copy.start) / PAGE_BYTES) * 2);
  const runs: number[] = [];
  const zeros: number[] = [];
  splitRuns(range.runs, start, end, zeros, (from, to) => {
    if (!isKnown) {
      runs.push(from, to);
      return;
    }
    let changedFrom = -1;
    for (let page = from; page < to; page += PAGE_BYTES) {
      const i = ((page - start) / PAGE_BYTES) * 2;
      if (!isUnchanged(then[i]!, then[i + 1]!, now[i]!, now[i + 1]!)) {
        if (changedFrom < 0) changedFrom = page;
      } else if (changedFrom >= 0) {
        runs.push(changedFrom, page);
        changedFrom = -1;
      }
    }
    if (changedFrom >= 0) runs.push(changedFrom, to);
  });
  return { start, end, early: bytes, runs, zeros };
}

/** Walks what of `runs` lies in [start, end), and adds what lies between to `zeros`. */
function splitRuns(
  runs: readonly number[],
  start: Address,
  end: Address,
  zeros: number[],
  visit: (from: Address, to: Address) => void,
): void {
  let at = start;
  for (let i = firstRunAfter(runs, start); i < runs.length && runs[i]! < end; i += 2) {
    const from = Math.max(start, runs[i]!);
    const to = Math.min(end, runs[i + 1]!);
    if (from > at) zeros.push(at, from);
    visit(from, to);
    at = to;
  }
  if (at < end) zeros.push(at, end);
}

/** Index of the first run that ends after `address`. */
function firstRunAfter(runs: readonly number[], address: Address): number {
  let low = 0;
  let high = runs.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (runs[middle * 2 + 1]! <= address) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}
