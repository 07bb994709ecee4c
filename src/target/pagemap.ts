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
  /**
   * Appends the runs of pages of `region` that are in memory (swapped ones are not) and have no file behind them, and to
   * `shared` those among them that this process does not map alone. False where the kernel tells nothing.
   */
  residentRuns(region: MemoryRegion, runs: number[], shared: number[]): boolean;
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
/** Linux 4.2: no other process maps the page. */
export const EXCLUSIVE = 1 << 24;
/** Written, or mapped, since the last time that someone cleared the flags of the process. */
export const SOFT_DIRTY = 1 << 23;
/** The rest of the page's frame number, which is 0 for those who may not know it (without CAP_SYS_ADMIN). */
export const FRAME_HIGH = (1 << 23) - 1;
/** Linux 6.15: a guard marker, also shown as swapped. Reading it fails. */
const GUARD = 1 << 26;

/** All that are looked at; the rest is the number of the frame. -1 is none of their sums. */
const FLAGS = PRESENT | SWAPPED | FILE_OR_SHARED | EXCLUSIVE | GUARD;

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
  const scan = (region: MemoryRegion, ...wanted: RunsWanted[]): boolean =>
    fd !== undefined && scanRuns(fd, bytes, entries, pageBytes, region, wanted);
  return {
    presentRuns(region, modifiedOnly, runs) {
      const takes = modifiedOnly ? existsModified : exists;
      if (!scan(region, { takes, runs })) runs.push(region.start, region.end);
    },
    residentRuns(region, runs, shared) {
      return scan(region, { takes: isResident, runs }, { takes: isResidentShared, runs: shared });
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

function exists(flags: number): boolean {
  return (flags & (PRESENT | SWAPPED)) !== 0 && (flags & GUARD) === 0;
}

function existsModified(flags: number): boolean {
  return exists(flags) && !((flags & PRESENT) !== 0 && (flags & FILE_OR_SHARED) !== 0);
}

function isResident(flags: number): boolean {
  return (flags & PRESENT) !== 0 && (flags & FILE_OR_SHARED) === 0;
}

function isResidentShared(flags: number): boolean {
  return isResident(flags) && (flags & EXCLUSIVE) === 0;
}

/** The pages that one list of runs is for. */
interface RunsWanted {
  /** Whether a page with these flags belongs to a run. */
  readonly takes: (flags: number) => boolean;
  readonly runs: number[];
}

/** Fills the lists of runs wanted in one pass. False, with the lists as they were, when the pagemap cannot be read. */
function scanRuns(
  fd: number,
  bytes: Uint8Array,
  entries: Uint32Array,
  pageBytes: number,
  region: MemoryRegion,
  wanted: readonly RunsWanted[],
): boolean {
  const before = wanted.map(({ runs }) => runs.length);
  const starts = wanted.map(() => -1);
  const firstPage = region.start / pageBytes;
  const pages = (region.end - region.start) / pageBytes;
  for (let page = 0; page < pages; ) {
    const asked = Math.min(ENTRIES_PER_READ, pages - page);
    let got: number;
    try {
      got = readSync(fd, bytes, 0, asked * 8, (firstPage + page) * 8) >>> 3;
    } catch {
      got = 0;
    }
    if (got === 0) {
      for (const [w, { runs }] of wanted.entries()) runs.length = before[w]!;
      return false;
    }
    for (let w = 0; w < wanted.length; w++) {
      const { takes, runs } = wanted[w]!;
      let start = starts[w]!;
      // Neighbours mostly have the same flags: only where these change is there something to ask.
      let before = -1;
      for (let i = 0; i < got; i++) {
        const flags = entries[i * 2 + 1]! & FLAGS;
        if (flags === before) continue;
        before = flags;
        const taken = takes(flags);
        if (taken === start >= 0) continue;
        const at = region.start + (page + i) * pageBytes;
        if (taken) start = at;
        else {
          runs.push(start, at);
          start = -1;
        }
      }
      starts[w] = start;
    }
    page += got;
  }
  for (const [w, { runs }] of wanted.entries()) if (starts[w]! >= 0) runs.push(starts[w]!, region.end);
  return true;
}
