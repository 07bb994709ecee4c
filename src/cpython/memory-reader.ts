// What the heap walk needs of a memory: implemented over a live process, a core file, or bytes in a test.

import type { Address } from '../graph/heap-graph.ts';

/** A mapped range of the target with its access rights and backing file. */
export interface MemoryRegion {
  readonly start: Address;
  /** Exclusive. */
  readonly end: Address;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  /** MAP_SHARED: never holds a Python heap, and is not copied. */
  readonly shared: boolean;
  /** Offset into `path` in bytes. */
  readonly offset: number;
  /** Backing file, `[heap]`, `[stack]`, …, or '' for anonymous memory. */
  readonly path: string;
}

/** A contiguous copy of part of the target's memory. `bytes.length` is a multiple of 8 and `start` is 8-aligned. */
export interface MemorySegment {
  readonly start: Address;
  readonly bytes: Uint8Array;
  /** False for read-only data (constants of the executable), which cannot hold heap objects. */
  readonly writable: boolean;
}
