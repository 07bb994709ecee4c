// Every live block of the target's allocators: what tells a pointer from a number, gives objects their true size,
// and shows the blocks that no object owns.

import type { Address } from '../graph/heap-graph.ts';
import { AddressSet } from './address-set.ts';
import type { MemoryImage } from './memory-image.ts';

const PAGE = 4096;
/** The two words before a block of glibc's malloc. The first belongs to the chunk before while that is in use. */
const MALLOC_HEADER = 16;
const DEBUG_HEADER = 16;
/** Header, eight pad bytes behind, and eight more of a serial number in some builds. */
const DEBUG_OVERHEAD = 24;
const DEBUG_PAD = 0xfdfd_fdfd;
const DEBUG_SAMPLE = 1000;

/** Bytes by allocator, as found in one image. */
export interface AllocatorTotals {
  /** pymalloc (or mimalloc on free-threaded builds). */
  readonly small: { arenas: number; arenaBytes: number; liveBlocks: number; liveBytes: number; freeBytes: number };
  /** The C library's malloc, where its heaps could be walked. */
  readonly malloc: {
    heaps: number;
    liveChunks: number;
    liveBytes: number;
    freeBytes: number;
    /** Of `liveBytes`: in mappings of their own. */
    mappedBytes: number;
    /** Of `freeBytes`: kept for reuse by threads' caches and fast bins. */
    cachedBytes: number;
  };
}

/** What the allocator of small blocks got from the system in one piece: an arena of pymalloc, a segment of mimalloc. */
export interface SmallArena {
  readonly start: Address;
  readonly end: Address;
}

/** A stretch of memory that glibc's malloc cuts into chunks. An arena may have several. */
export interface MallocHeap {
  readonly start: Address;
  /** As far as its chunks could be followed. */
  readonly end: Address;
  /** The arena's malloc_state; 0 for the main arena. */
  readonly arena: Address;
  /** Bytes at the end that were never handed out or came back: what malloc_trim could return. */
  readonly topBytes: number;
}

/** A chunk with a mapping of its own. */
export interface MappedChunk {
  readonly start: Address;
  readonly end: Address;
}

/** A contiguous run of equal blocks: a pymalloc pool or a mimalloc page. */
export interface BlockRun {
  readonly start: Address;
  readonly end: Address;
  readonly blockSize: number;
}

/**
 * Live block starts with their sizes. Filled by pymalloc.ts, mimalloc.ts and glibc-malloc.ts.
 * Sizes of small blocks come from the run they lie in, sizes of malloc blocks from their chunk header.
 */
export class AllocatorMap {
  /** Starts of live blocks, as the program knows them. */
  get blocks(): AddressSet {
    return this.#blocks;
  }
  readonly totals: AllocatorTotals = {
    small: { arenas: 0, arenaBytes: 0, liveBlocks: 0, liveBytes: 0, freeBytes: 0 },
    malloc: { heaps: 0, liveChunks: 0, liveBytes: 0, freeBytes: 0, mappedBytes: 0, cachedBytes: 0 },
  };
  /** Ascending after `seal`. */
  readonly smallArenas: SmallArena[] = [];
  readonly mallocHeaps: MallocHeap[] = [];
  readonly mappedChunks: MappedChunk[] = [];
  readonly #image: MemoryImage;
  #blocks: AddressSet;
  #hasDebugHeaders = false;
  /** Runs in ascending order after `seal`. */
  #runs: BlockRun[] = [];
  #runStarts = new Float64Array(0);
  #lastRun = 0;

  constructor(image: MemoryImage) {
    this.#image = image;
    this.#blocks = new AddressSet(image);
  }

  addRun(run: BlockRun): void {
    this.#runs.push(run);
  }

  /** Ascending after `seal`. */
  get runs(): readonly BlockRun[] {
    return this.#runs;
  }

  /** Sorts the runs; call once after the last `addRun`. */
  seal(): void {
    this.#runs.sort((a, b) => a.start - b.start);
    this.smallArenas.sort((a, b) => a.start - b.start);
    this.#runStarts = Float64Array.from(this.#runs, (r) => r.start);
  }

  /**
   * Under PYTHONMALLOC=debug each of Python's blocks starts with a header of its own. Where that is so, moves the
   * starts to what the program got. Call once after the last block was added.
   */
  skipDebugHeaders(): void {
    let sampled = 0;
    let withHeader = 0;
    for (const run of this.#runs) {
      if (sampled >= DEBUG_SAMPLE) break;
      for (let block = run.start; block < run.end && sampled < DEBUG_SAMPLE; block += 16) {
        if (!this.#blocks.has(block)) continue;
        sampled++;
        if (this.#isDebugHeader(block)) withHeader++;
      }
    }
    if (withHeader * 2 < sampled || sampled === 0) return;
    const moved = new AddressSet(this.#image);
    this.#blocks.forEach((block) => {
      // Blocks too large for pymalloc come from the raw allocator, and have its header too.
      let start = block;
      while (this.#isDebugHeader(start)) start += DEBUG_HEADER;
      moved.add(start);
    });
    this.#blocks = moved;
    this.#hasDebugHeaders = true;
  }

  /** Whether a debug header is at `block`: size, then the allocator's letter and seven pad bytes (Objects/obmalloc.c, _PyMem_DebugRawAlloc). */
  #isDebugHeader(block: Address): boolean {
    if (this.#image.u32(block + 12) !== DEBUG_PAD) return false;
    const word = this.#image.u32(block + 8);
    // A letter, or else this is the pad behind the block before.
    return word >>> 8 === DEBUG_PAD >>> 8 && (word & 0xff) !== (DEBUG_PAD & 0xff);
  }

  /** The run an address lies in, or undefined for malloc's memory. */
  runAt(address: Address): BlockRun | undefined {
    const last = this.#runs[this.#lastRun];
    if (last !== undefined && address >= last.start && address < last.end) return last;
    let low = 0;
    let high = this.#runStarts.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (address < this.#runStarts[middle]!) high = middle - 1;
      else low = middle + 1;
    }
    const run = this.#runs[high];
    if (run === undefined || address >= run.end) return undefined;
    this.#lastRun = high;
    return run;
  }

  /** The first page in a region that an allocator uses, or `end` when none is. */
  firstUseIn(start: Address, end: Address): Address {
    let arenas = end;
    for (const arena of this.smallArenas) if (arena.start >= start && arena.start < arenas) arenas = arena.start;
    for (let page = start; page < arenas; page += PAGE) {
      // A mapped chunk's block comes 16 bytes into its first page.
      if (this.runAt(page) !== undefined || this.#blocks.has(page + 16)) return page;
    }
    return arenas;
  }

  /** Bytes the allocator spends on the live block that starts at `address`. */
  sizeOf(address: Address): number {
    const run = this.runAt(address);
    if (run !== undefined) return run.blockSize;
    // glibc keeps size | flags in the word before the block.
    const header = this.#image.u64(address - this.#debugHeaders(address) * DEBUG_HEADER - 8);
    return header - (header % 16);
  }

  /** Bytes of the live block at `address` that its owner may use: without malloc's header. */
  usableSizeOf(address: Address): number {
    const run = this.runAt(address);
    const size = run !== undefined ? run.blockSize : this.sizeOf(address) - 8;
    return size - this.#debugHeaders(address) * DEBUG_OVERHEAD;
  }

  /** Where the allocator's own memory for the live block at `address` begins: before malloc's and any debug header. */
  extentStart(address: Address): Address {
    const ownHeader = this.runAt(address) === undefined ? MALLOC_HEADER : 0;
    return address - ownHeader - this.#debugHeaders(address) * DEBUG_HEADER;
  }

  /** How many debug headers lie before the block at `address`. */
  #debugHeaders(address: Address): number {
    let count = 0;
    if (this.#hasDebugHeaders) while (this.#isDebugHeader(address - (count + 1) * DEBUG_HEADER)) count++;
    return count;
  }

  /** Whether any allocator could be mapped: without one, pointers cannot be told from numbers by their target block. */
  get isKnown(): boolean {
    return this.totals.small.liveBlocks + this.totals.malloc.liveChunks > 0;
  }

  /** Start of the live block that holds the object at `address`: itself, or two or four words of pre-header before it. */
  blockOf(object: Address): Address {
    return this.#blocks.atOrBefore(object);
  }
}
