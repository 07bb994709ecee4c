// Which pages of a mapping exist, from /proc/PID/pagemap: reading an absent page would only yield zeros, and make the
// kernel build page tables in the target. Format: Documentation/admin-guide/mm/pagemap.rst of Linux.

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { MemoryRegion } from '../cpython/memory-reader.ts';
import type { Address } from '../graph/heap-graph.ts';

/** An open pagemap, with a buffer that is reused for every read. */
export interface Pagemap {
  /**
   * Appends the runs of existing pages of `region` to `runs` as start, end pairs. With `modifiedOnly`, unchanged pages
   * of the backing file are left out. Where the kernel tells nothing, the whole region is one run.
   */
  presentRuns(region: MemoryRegion, modifiedOnly: boolean, runs: number[]): void;
  /** The entries of the pages from `start` on, two words each; false, with `into` undefined, where they cannot be read. */
  entries(start: Address, into: Uint32Array): boolean;
  close(): void;
}

/** One read covers 128 MiB of the target, with pages of 4 KiB. */
const ENTRIES_PER_READ = 32768;

// Flags of the high 32-bit half of an entry.
export const PRESENT = 1 << 31;
const SWAPPED = 1 << 30;
/** A page of a file, or of shared anonymous memory. */
const FILE_OR_SHARED = 1 << 29;
/** Written, or mapped, since the last time that someone cleared the flags of the process. */
export const SOFT_DIRTY = 1 << 23;
/** The rest of the page's frame number, which is 0 for those who may not know it (without CAP_SYS_ADMIN). */
export const FRAME_HIGH = (1 << 23) - 1;
/** Linux 6.15: a guard marker, also shown as swapped. Reading it fails. */
const GUARD = 1 << 26;

/** Opens the pagemap of a process; one that may not be opened counts every page as present. */
export function openPagemap(pid: number): Pagemap {
  let fd: number | undefined;
  try {
    fd = openSync(`/proc/${pid}/pagemap`, 'r');
  } catch {
    // Kernels built without it, or not allowed: correct without, only slower.
    fd = undefined;
  }
  const pageBytes = kernelPageBytes();
  const entries = new Uint32Array(ENTRIES_PER_READ * 2);
  const bytes = new Uint8Array(entries.buffer);
  return {
    presentRuns(region, modifiedOnly, runs) {
      if (fd === undefined || !scanRuns(fd, bytes, entries, pageBytes, region, modifiedOnly, runs)) {
        runs.push(region.start, region.end);
      }
    },
    entries(start, into) {
      if (fd === undefined) return false;
      const target = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
      const first = (start / pageBytes) * 8;
      for (let done = 0; done < target.length; ) {
        let got = 0;
        try {
          got = readSync(fd, target, done, Math.min(ENTRIES_PER_READ * 8, target.length - done), first + done);
        } catch {}
        if (got === 0) return false;
        done += got;
      }
      return true;
    },
    close() {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}

/** aarch64 kernels may have pages of 16 or 64 KiB; the kernel tells each program in its auxiliary vector (AT_PAGESZ). */
export function kernelPageBytes(): number {
  const vector = readFileSync('/proc/self/auxv');
  for (let at = 0; at + 16 <= vector.length; at += 16) {
    if (vector.readUInt32LE(at) === 6) return vector.readUInt32LE(at + 8);
  }
  return 4096;
}

/** False, with `runs` as it was, when the pagemap cannot be read. */
function scanRuns(
  fd: number,
  bytes: Uint8Array,
  entries: Uint32Array,
  pageBytes: number,
  region: MemoryRegion,
  modifiedOnly: boolean,
  runs: number[],
): boolean {
  const before = runs.length;
  const firstPage = region.start / pageBytes;
  const pages = (region.end - region.start) / pageBytes;
  let runStart = -1;
  for (let page = 0; page < pages; ) {
    const wanted = Math.min(ENTRIES_PER_READ, pages - page);
    let got: number;
    try {
      got = readSync(fd, bytes, 0, wanted * 8, (firstPage + page) * 8) >>> 3;
    } catch {
      got = 0;
    }
    if (got === 0) {
      runs.length = before;
      return false;
    }
    for (let i = 0; i < got; i++) {
      const flags = entries[i * 2 + 1]!;
      const exists =
        (flags & (PRESENT | SWAPPED)) !== 0 &&
        (flags & GUARD) === 0 &&
        !(modifiedOnly && (flags & PRESENT) !== 0 && (flags & FILE_OR_SHARED) !== 0);
      if (exists === runStart >= 0) continue;
      const at = region.start + (page + i) * pageBytes;
      if (exists) runStart = at;
      else {
        runs.push(runStart, at);
        runStart = -1;
      }
    }
    page += got;
  }
  if (runStart >= 0) runs.push(runStart, region.end);
  return true;
}
