// Which bytes of a target are in memory: what the kernel counts for each mapping, and ascending runs of resident pages
// that tell how much of a range they cover. Filled by target/ from /proc/PID/smaps and pagemap, or from a core file.

import type { Address } from '../graph/heap-graph.ts';
import type { MemoryRegion } from './memory-reader.ts';

/** What the kernel counts for one mapping, in bytes. */
export interface RegionUse {
  readonly region: MemoryRegion;
  readonly rssBytes: number;
  /** Each page divided by the number of processes that map it. */
  readonly pssBytes: number;
  /** Pages mapped by no other process. */
  readonly privateBytes: number;
  /** Of `rssBytes`: pages without a file behind them; in a private mapping of a file, those that were written to. */
  readonly anonymousBytes: number;
  /** Of `rssBytes`: in huge pages. */
  readonly hugeBytes: number;
  readonly swapBytes: number;
}

/** The memory of a process at one moment. */
export interface MemoryUse {
  /** In ascending order of address. */
  readonly regions: readonly RegionUse[];
  /** Resident pages of private mappings that have no file behind them: start, end pairs, ascending. */
  readonly residentRuns: readonly number[];
  /** Those of them that other processes map too (since a fork); also the kernel's page of zeros. */
  readonly sharedRuns: readonly number[];
}

/** Ascending, disjoint runs of addresses. Queries in ascending order cost O(1) each, others O(log runs). */
export class ResidentPages {
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  /** Bytes of all runs before each run, and of all runs at the end. */
  readonly #before: Float64Array;
  /** Run last found: where the next query is likely to fall. */
  #current = 0;

  /** `runs` are start, end pairs, ascending; runs that touch are one. */
  constructor(runs: ArrayLike<number>) {
    const count = runs.length >>> 1;
    const starts = new Float64Array(count);
    const ends = new Float64Array(count);
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const start = runs[i * 2]!;
      const end = runs[i * 2 + 1]!;
      if (end <= start) continue;
      if (kept > 0 && start <= ends[kept - 1]!) {
        ends[kept - 1] = Math.max(end, ends[kept - 1]!);
        continue;
      }
      starts[kept] = start;
      ends[kept++] = end;
    }
    this.#starts = starts.subarray(0, kept);
    this.#ends = ends.subarray(0, kept);
    this.#before = new Float64Array(kept + 1);
    for (let i = 0; i < kept; i++) this.#before[i + 1] = this.#before[i]! + (ends[i]! - starts[i]!);
  }

  /** Bytes of all runs. */
  get totalBytes(): number {
    return this.#before[this.#starts.length]!;
  }

  /** Bytes of [start, end) that are resident. */
  overlap(start: Address, end: Address): number {
    if (end <= start || this.#starts.length === 0) return 0;
    // Nearly every block lies in the run that the block before it lay in.
    if (start >= this.#starts[this.#current]! && end <= this.#ends[this.#current]!) return end - start;
    return this.#bytesBelow(end) - this.#bytesBelow(start);
  }

  /** Calls back for each part of a run that lies in [start, end), ascending. */
  forEachIn(start: Address, end: Address, visit: (from: Address, to: Address) => void): void {
    for (let run = Math.max(0, this.#runAtOrBefore(start)); run < this.#starts.length; run++) {
      if (this.#starts[run]! >= end) return;
      const from = Math.max(start, this.#starts[run]!);
      const to = Math.min(end, this.#ends[run]!);
      if (from < to) visit(from, to);
    }
  }

  #bytesBelow(address: Address): number {
    const run = this.#runAtOrBefore(address);
    if (run < 0) return 0;
    this.#current = run;
    return this.#before[run]! + Math.min(address, this.#ends[run]!) - this.#starts[run]!;
  }

  /** Index of the last run that starts at or before `address`, or -1. */
  #runAtOrBefore(address: Address): number {
    const starts = this.#starts;
    const guess = this.#current;
    if (address >= starts[guess]! && (guess + 1 === starts.length || address < starts[guess + 1]!)) return guess;
    let low = 0;
    let high = starts.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (address < starts[middle]!) high = middle - 1;
      else low = middle + 1;
    }
    return high;
  }
}
