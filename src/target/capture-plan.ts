// Decides which memory of a target to copy: what a Python heap can live in, and of that only pages that exist.

import type { MemoryRegion } from '../cpython/memory-reader.ts';
import type { RawBuffer } from '../cpython/raw-buffers.ts';
import type { Address } from '../graph/heap-graph.ts';
import type { Pagemap } from './pagemap.ts';

/** One copied range; becomes one segment, or more where it crosses buffers. */
export interface PlannedRange {
  readonly start: Address;
  /** Exclusive. */
  readonly end: Address;
  /** Start, end pairs of what must be read; the rest of the range holds no pages and is zero. */
  readonly runs: readonly number[];
}

export interface CapturePlan {
  readonly ranges: readonly PlannedRange[];
  /** Buffer space for all ranges. */
  readonly bufferBytes: number;
  /** Bytes to read, the part that takes the time. */
  readonly readBytes: number;
  /** Bytes that exist and are left out, because they lie in `skipped`. */
  readonly skippedBytes: number;
  /** By start of region, how far its pages exist without a gap: need not be asked for again inside the pause. */
  readonly presentUntil: ReadonlyMap<Address, Address>;
}

/** Below this a region is read whole: asking for its pages costs as much as reading them. */
const ASK_PAGES_FROM_BYTES = 256 * 1024;
/** Absent pages between present ones are zero-filled up to this size; a larger gap splits the range. */
const MAX_GAP_BYTES = 1 << 20;
/** Growth between planning and stopping that the buffers have room for. */
const HEADROOM_BYTES = 8 << 20;
const HEADROOM_SHARE = 0.02;
/** File-backed private data above this is someone's data file, of which only changed pages can hold objects. */
const LARGE_FILE_BYTES = 8 << 20;

/** Memory that reading cannot disturb: device registers may react to a read. */
export function isPlainMemory(region: MemoryRegion): boolean {
  if (!region.readable) return false;
  if (region.path.startsWith('/dev/')) return region.path === '/dev/zero';
  return !region.path.startsWith('[v') && !region.path.startsWith('anon_inode:') && !region.path.startsWith('/dmabuf');
}

/** Private writable memory: heaps, stacks, and the data of programs and libraries. */
export function canHoldObjects(region: MemoryRegion): boolean {
  return region.writable && !region.shared && isPlainMemory(region);
}

/** Whether absent pages of a copied region are zero; otherwise they hold what the backing file holds. */
export function isAnonymous(region: MemoryRegion): boolean {
  return !region.path.startsWith('/') || region.path === '/dev/zero';
}

/**
 * Plans the copy of every region that can hold objects. Asking for pages costs 50 ns each, 12 ms per GB: an `earlier`
 * plan saves asking for what existed then. Pages given back since are read as the zeros they are. Nothing of `skipped`,
 * start and end pairs in ascending order, becomes part of a range.
 */
export function planCapture(
  regions: readonly MemoryRegion[],
  pagemap: Pagemap,
  earlier?: CapturePlan | undefined,
  skipped: readonly number[] = [],
): CapturePlan {
  const presentUntil = new Map<Address, Address>();
  const ranges: PlannedRange[] = [];
  let bufferBytes = 0;
  let readBytes = 0;
  let skippedBytes = 0;
  const add = (runs: readonly number[]): void => {
    const start = runs[0]!;
    const end = runs[runs.length - 1]!;
    ranges.push({ start, end, runs });
    bufferBytes += end - start;
    for (let i = 0; i < runs.length; i += 2) readBytes += runs[i + 1]! - runs[i]!;
  };
  for (const region of regions) {
    if (!canHoldObjects(region)) continue;
    const anonymous = isAnonymous(region);
    const size = region.end - region.start;
    if (size < (anonymous ? ASK_PAGES_FROM_BYTES : LARGE_FILE_BYTES)) {
      add([region.start, region.end]);
      continue;
    }
    let runs: number[] = [];
    const known = Math.min(
      region.end,
      (anonymous ? earlier?.presentUntil.get(region.start) : undefined) ?? region.start,
    );
    if (known < region.end) pagemap.presentRuns({ ...region, start: known }, !anonymous, runs);
    if (known > region.start) {
      if (runs[0] === known) runs[0] = region.start;
      else runs.unshift(region.start, known);
    }
    if (runs[0] === region.start) presentUntil.set(region.start, runs[1]!);
    // Unchanged file pages are no zeros: a range of a data file must not bridge over them.
    const maxGap = anonymous ? MAX_GAP_BYTES : 0;
    const cuts = new Set<Address>();
    if (skipped.length > 0) {
      const before = sumOf(runs);
      runs = without(runs, skipped, cuts);
      skippedBytes += before - sumOf(runs);
    }
    let first = 0;
    for (let i = 2; i <= runs.length; i += 2) {
      if (i < runs.length && runs[i]! - runs[i - 1]! <= maxGap && !cuts.has(runs[i]!)) continue;
      add(runs.slice(first, i));
      first = i;
    }
  }
  return { ranges, bufferBytes, readBytes, skippedBytes, presentUntil };
}

/** Memory that a copy by this plan needs. */
export function bytesWanted(plan: CapturePlan): number {
  return plan.bufferBytes * (1 + HEADROOM_SHARE) + HEADROOM_BYTES;
}

/** What need not be copied of raw buffers: start, end pairs. */
export function skippedBy(buffers: readonly Pick<RawBuffer, 'start' | 'end'>[]): number[] {
  return buffers.flatMap((buffer) => [buffer.start, buffer.end]);
}

function sumOf(runs: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < runs.length; i += 2) sum += runs[i + 1]! - runs[i]!;
  return sum;
}

/** The runs without what lies in `skipped`. Starts of runs behind something skipped are added to `cuts`. */
function without(runs: readonly number[], skipped: readonly number[], cuts: Set<Address>): number[] {
  const result: number[] = [];
  let skip = 0;
  let wasCut = false;
  const add = (start: Address, end: Address): void => {
    if (start >= end) return;
    if (wasCut) cuts.add(start);
    wasCut = false;
    result.push(start, end);
  };
  for (let i = 0; i < runs.length; i += 2) {
    let at = runs[i]!;
    const end = runs[i + 1]!;
    while (skip < skipped.length && skipped[skip + 1]! <= at) {
      skip += 2;
      wasCut = true;
    }
    for (; skip < skipped.length && skipped[skip]! < end; skip += 2) {
      add(at, skipped[skip]!);
      wasCut = true;
      at = Math.max(at, skipped[skip + 1]!);
      if (at >= end) break;
    }
    add(at, end);
  }
  return result;
}
