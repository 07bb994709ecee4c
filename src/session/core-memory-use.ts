// What of a process was resident when its core was written: exactly, from the note of `leakscope capture`, or else from
// what is in the file, which knows nothing of pages of zeros, of other processes, and of files' pages.

import type { MallocHeap } from '../cpython/allocator-map.ts';
import { type MemoryUse, type RegionUse, ResidentPages } from '../cpython/resident-pages.ts';
import type { CoreFile } from '../target/core-file.ts';
import { parseSmaps } from '../target/memory-use.ts';
import { PAGE_BYTES, READ_BYTES } from '../target/process-memory.ts';

export interface CoreMemoryUse {
  readonly use: MemoryUse;
  /** Read from the kernel in the pause; otherwise the pages that are not zero stand for the resident ones. */
  readonly isExact: boolean;
}

const ZEROS = Buffer.alloc(READ_BYTES);

/**
 * `heaps` are those of glibc's malloc in the core. Their chunks have headers all along, so they count as resident up to
 * the end that was never handed out, whatever the chunks hold.
 */
export function coreMemoryUse(core: CoreFile, heaps: readonly MallocHeap[]): CoreMemoryUse {
  const { note } = core;
  if (note?.resident !== undefined) {
    const { runs, shared } = note.resident;
    return { use: { regions: parseSmaps(note.smaps), residentRuns: runs, sharedRuns: shared }, isExact: true };
  }
  const residentRuns = union(
    nonZeroRuns(core),
    heaps.map(({ start, end, topBytes }) => [pageStart(start), pageStart(end - topBytes + PAGE_BYTES - 1)] as const),
  );
  const pages = new ResidentPages(residentRuns);
  const regions = core.regions.map((region): RegionUse => {
    const bytes = region.writable && !region.shared ? pages.overlap(region.start, region.end) : 0;
    return {
      region,
      rssBytes: bytes,
      pssBytes: bytes,
      privateBytes: bytes,
      anonymousBytes: bytes,
      hugeBytes: 0,
      swapBytes: 0,
    };
  });
  return { use: { regions, residentRuns, sharedRuns: [] }, isExact: false };
}

function pageStart(address: number): number {
  return address - (address % PAGE_BYTES);
}

/** Ascending start, end pairs that cover both; they may touch or overlap. */
function union(runs: readonly number[], ranges: readonly (readonly [start: number, end: number])[]): number[] {
  const pairs = [...ranges];
  for (let i = 0; i < runs.length; i += 2) pairs.push([runs[i]!, runs[i + 1]!]);
  return pairs.sort((a, b) => a[0] - b[0]).flat();
}

/** Start, end pairs of the pages in the image that are not zero: segments bridge small gaps of zeros. */
function nonZeroRuns(core: CoreFile): number[] {
  const runs: number[] = [];
  for (const { start, bytes } of core.image.segments) {
    const memory = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < memory.length; at += PAGE_BYTES) {
      const end = Math.min(memory.length, at + PAGE_BYTES);
      if (memory.compare(ZEROS, 0, end - at, at, end) === 0) continue;
      if (runs.at(-1) === start + at) runs[runs.length - 1] = start + end;
      else runs.push(start + at, start + end);
    }
  }
  return runs;
}
