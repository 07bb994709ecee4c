// A frozen copy of a target's memory, read by address. Never throws: unmapped reads give 0 and are counted.

import type { Address } from '../graph/heap-graph.ts';
import type { MemoryRegion, MemorySegment } from './memory-reader.ts';

const TWO_32 = 0x1_0000_0000;
/** x86-64 and aarch64 user space ends at 2^47 or 2^48 (without 5-level paging); larger words are not pointers. */
const MAX_HIGH_WORD = 0x10000;

/** Fetches memory that was not copied in the pause (read-only data); undefined when it cannot be read. */
export type ColdReader = (start: Address, length: number) => Uint8Array | undefined;

/** Grain and size of the table of recent segments: a walk alternates between objects and what they refer to. */
const GRAIN = 1 << 20;
const RECENT = 1024;

const COLD_PAGE = 4096;
/** Cold pages kept: 64 MiB, far above the read-only data a walk touches. */
const COLD_PAGES_KEPT = 16384;

/**
 * Copied segments in ascending order, binary-searched with a last-segment cache.
 * Unaligned and cross-segment reads are correct but slower than aligned ones.
 */
export class MemoryImage {
  readonly segments: readonly MemorySegment[];
  readonly regions: readonly MemoryRegion[];
  /** Reads that met no memory. */
  misses = 0;
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #words: Uint32Array[];
  readonly #cold: ColdReader | undefined;
  readonly #coldPages = new Map<number, Uint8Array | null>();
  /** Segment last found at addresses of this grain (modulo RECENT); a guess to be checked. */
  readonly #recent = new Int32Array(RECENT);
  #current = 0;
  #currentStart = 0;
  #currentEnd = 0;
  #currentWords: Uint32Array = new Uint32Array(0);

  constructor(segments: readonly MemorySegment[], regions: readonly MemoryRegion[] = [], cold?: ColdReader) {
    this.segments = [...segments].sort((a, b) => a.start - b.start);
    this.regions = regions;
    this.#cold = cold;
    this.#starts = Float64Array.from(this.segments, (s) => s.start);
    this.#ends = Float64Array.from(this.segments, (s) => s.start + s.bytes.length);
    this.#words = this.segments.map((s) => new Uint32Array(s.bytes.buffer, s.bytes.byteOffset, s.bytes.length >>> 2));
  }

  /** Index of the segment that holds `address`, or -1. */
  segmentIndex(address: Address): number {
    if (address >= this.#currentStart && address < this.#currentEnd) return this.#current;
    const slot = (address / GRAIN) & (RECENT - 1);
    const recent = this.#recent[slot]!;
    if (address >= this.#starts[recent]! && address < this.#ends[recent]!) return this.#use(recent);
    let low = 0;
    let high = this.#starts.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (address < this.#starts[middle]!) high = middle - 1;
      else if (address >= this.#ends[middle]!) low = middle + 1;
      else {
        this.#recent[slot] = middle;
        return this.#use(middle);
      }
    }
    return -1;
  }

  #use(segment: number): number {
    this.#current = segment;
    this.#currentStart = this.#starts[segment]!;
    this.#currentEnd = this.#ends[segment]!;
    this.#currentWords = this.#words[segment]!;
    return segment;
  }

  /** Whether `address` lies in copied memory. */
  isCopied(address: Address): boolean {
    return this.segmentIndex(address) >= 0;
  }

  /** The 8 bytes at `address` as a number; words of 2^53 or more lose low bits. */
  u64(address: Address): number {
    if (address >= this.#currentStart && address + 8 <= this.#currentEnd && (address & 3) === 0) {
      const i = (address - this.#currentStart) / 4;
      return this.#currentWords[i]! + this.#currentWords[i + 1]! * TWO_32;
    }
    return this.#slowU64(address);
  }

  #slowU64(address: Address): number {
    if (this.segmentIndex(address) >= 0 && address + 8 <= this.#currentEnd && (address & 3) === 0) {
      const i = (address - this.#currentStart) / 4;
      return this.#currentWords[i]! + this.#currentWords[i + 1]! * TWO_32;
    }
    const bytes = this.bytes(address, 8);
    if (bytes === undefined) return 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
    return view.getUint32(0, true) + view.getUint32(4, true) * TWO_32;
  }

  /** The 8 bytes at `address` as a signed number (exact within ±2^53). */
  i64(address: Address): number {
    const low = this.u32(address);
    const high = this.u32(address + 4) | 0;
    return high * TWO_32 + low;
  }

  /** A word that may be a user-space pointer, or 0 when it cannot be one. */
  pointer(address: Address): Address {
    if (address >= this.#currentStart && address + 8 <= this.#currentEnd && (address & 3) === 0) {
      const i = (address - this.#currentStart) / 4;
      const high = this.#currentWords[i + 1]!;
      return high < MAX_HIGH_WORD ? this.#currentWords[i]! + high * TWO_32 : 0;
    }
    const word = this.#slowU64(address);
    return word < MAX_HIGH_WORD * TWO_32 ? word : 0;
  }

  u32(address: Address): number {
    if (this.segmentIndex(address) >= 0 && address + 4 <= this.#currentEnd && (address & 3) === 0) {
      return this.#currentWords[(address - this.#currentStart) / 4]!;
    }
    const bytes = this.bytes(address, 4);
    return bytes === undefined ? 0 : new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  }

  i32(address: Address): number {
    return this.u32(address) | 0;
  }

  u16(address: Address): number {
    const bytes = this.bytes(address, 2);
    return bytes === undefined ? 0 : bytes[0]! | (bytes[1]! << 8);
  }

  u8(address: Address): number {
    const index = this.segmentIndex(address);
    if (index >= 0) return this.segments[index]!.bytes[address - this.#currentStart]!;
    return this.bytes(address, 1)?.[0] ?? 0;
  }

  /** `length` bytes (a view where they lie in one segment), or undefined where any is unmapped. */
  bytes(address: Address, length: number): Uint8Array | undefined {
    if (!(address > 0) || !(length >= 0) || address + length >= MAX_HIGH_WORD * TWO_32) return this.#miss();
    const index = this.segmentIndex(address);
    if (index >= 0 && address + length <= this.#currentEnd) {
      const offset = address - this.#currentStart;
      return this.segments[index]!.bytes.subarray(offset, offset + length);
    }
    return this.#pieces(address, length);
  }

  /** Bytes up to the first NUL, at most `limit`, as UTF-8; undefined where unmapped. */
  cString(address: Address, limit = 512): string | undefined {
    let end = 0;
    while (end < limit) {
      const piece = this.bytes(address + end, 1);
      if (piece === undefined) return undefined;
      if (piece[0] === 0) break;
      end++;
    }
    const bytes = this.bytes(address, end);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes.slice());
  }

  #miss(): undefined {
    this.misses++;
    return undefined;
  }

  /** A copy assembled across segments and cold pages. */
  #pieces(address: Address, length: number): Uint8Array | undefined {
    // A hostile length must not allocate: what is not mapped is not read, and no single read needs more than this.
    if (length > 1 << 28) return this.#miss();
    const result = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const at = address + done;
      const index = this.segmentIndex(at);
      if (index >= 0) {
        const offset = at - this.#currentStart;
        const part = this.segments[index]!.bytes.subarray(offset, offset + (length - done));
        result.set(part, done);
        done += part.length;
        continue;
      }
      const pageStart = at - (at % COLD_PAGE);
      const page = this.#coldPage(pageStart);
      if (page === undefined) return this.#miss();
      const part = page.subarray(at - pageStart, at - pageStart + (length - done));
      if (part.length === 0) return this.#miss();
      result.set(part, done);
      done += part.length;
    }
    return result;
  }

  #coldPage(start: Address): Uint8Array | undefined {
    const cached = this.#coldPages.get(start);
    if (cached !== undefined) return cached ?? undefined;
    if (this.#cold === undefined || !this.#isReadable(start)) return undefined;
    const page = this.#cold(start, COLD_PAGE);
    if (this.#coldPages.size >= COLD_PAGES_KEPT) this.#coldPages.clear();
    this.#coldPages.set(start, page ?? null);
    return page;
  }

  #isReadable(pageStart: Address): boolean {
    return this.regions.some((r) => r.readable && pageStart < r.end && pageStart + COLD_PAGE > r.start);
  }
}
