// Finds big raw buffers (NumPy data, payloads of bytes and str) in live memory: what a capture sizes instead of copying.
// The heap walk reads nothing of them but their first page. Whatever is not certainly raw is left to be copied.

import { isInRuns } from '../base/sorted-search.ts';
import type { Address } from '../graph/heap-graph.ts';
import type { Layout } from './layout.ts';
import { mappedChunkBytes } from './malloc-state.ts';
import type { MemoryRegion } from './memory-reader.ts';
import { TypeFlag } from './type-table.ts';
import { writableSpans } from './writable-spans.ts';

/** Fills `into` with live memory and returns how many bytes came from the target. */
export type ReadLive = (address: Address, into: Uint8Array) => number;

/** A malloc chunk with a mapping of its own, of which all but the first page is raw data. */
export interface RawBuffer {
  /** Where its mapping starts, with malloc's header. */
  readonly chunk: Address;
  /** What need not be copied. */
  readonly start: Address;
  /** Exclusive. */
  readonly end: Address;
  /** Pages looked at, to be looked at again. */
  readonly samples: readonly Address[];
}

/** Below this, copying costs less than the looks. NativeBlockScan reads no block above this size. */
const RAW_FROM_BYTES = 1 << 20;
const PAGE = 4096;
const CHUNK_HEADER = 16;
/** Debug headers (two at most), links of the collector, pointers to a dict and to weak references: 16 bytes each. */
const PRE_HEADERS_BYTES = 96;
/** Pages of one buffer that are looked at, from those of the smallest to those of the largest. */
const SAMPLES_LEAST = 16;
const SAMPLES_MOST = 64;
/** Present among the sampled, or it is left to be copied. */
const SAMPLES_NEEDED = 4;
/** Looked at again in the pause: tables of pointers are full of them, so that few pages tell. */
const SAMPLES_VERIFIED = 4;
/** Zeros say nothing about what a buffer is for; this share of the words looked at must say something. */
const NON_ZERO_SHARE = 0.25;
/** One system call each, some 1.3 µs: 16 GB of small mappings take 6 s, a fraction of what their walk takes. */
const PROBES_LIMIT = 1 << 22;
const TWO_32 = 0x1_0000_0000;
const USER_HIGH_WORDS = 0x10000;
/** Header, terminator, rounding to pages: what a text's chunk has beyond its text. */
const TEXT_SLACK_BYTES = 2 * PAGE;
/** dk_refcnt, and log2 of the number of slots. */
const SHARERS_LIMIT = 1 << 24;
const LOG2_SLOTS_LIMIT = 40;
const KEYS_KIND_MOST = 2;

/** Looks at chunks of one process; keep one per list of regions. */
export class RawBufferFinder {
  readonly #read: ReadLive;
  readonly #layout: Layout;
  readonly #regions: readonly MemoryRegion[];
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  readonly #page = new Uint8Array(PAGE);
  readonly #words = new Uint32Array(this.#page.buffer);
  readonly #small = new Uint8Array(8);

  constructor(read: ReadLive, layout: Layout, regions: readonly MemoryRegion[]) {
    this.#read = read;
    this.#layout = layout;
    this.#regions = regions;
    const readable = regions.filter((region) => region.readable);
    this.#starts = Float64Array.from(readable, (region) => region.start);
    this.#ends = Float64Array.from(readable, (region) => region.end);
  }

  /** Every raw buffer, in ascending order. `present` holds start, end pairs of the pages that exist, ascending. */
  find(present: readonly number[]): RawBuffer[] {
    const found: RawBuffer[] = [];
    let run = 0;
    let probes = 0;
    for (const span of writableSpans(this.#regions)) {
      // Chunks with a mapping of their own lie in anonymous memory.
      if (span.path !== '') continue;
      while (run < present.length && present[run + 1]! <= span.start) run += 2;
      let at = span.start;
      for (let r = run; r < present.length && present[r]! < span.end; r += 2) {
        const end = Math.min(span.end, present[r + 1]!);
        at = Math.max(at, present[r]!);
        while (at < end) {
          if (++probes > PROBES_LIMIT) return found;
          const size = this.#chunkSize(at, span.end);
          if (size >= RAW_FROM_BYTES) {
            const buffer = this.#judge(at, size, present);
            if (buffer !== undefined) found.push(buffer);
          }
          at += size === 0 ? PAGE : size;
        }
      }
    }
    return found;
  }

  /** Whether the same chunk still holds raw data: its mapping may have been given back and used anew. Cheap. */
  isStillRaw(buffer: RawBuffer): boolean {
    const size = buffer.end - buffer.chunk;
    return (
      this.#chunkSize(buffer.chunk, buffer.end) === size &&
      this.#isRaw(buffer.chunk, size, spread(buffer.samples, SAMPLES_VERIFIED))
    );
  }

  /** Size of the mmapped chunk at the page `at`, or 0. */
  #chunkSize(at: Address, end: Address): number {
    const header = this.#page.subarray(0, CHUNK_HEADER);
    if (this.#read(at, header) < CHUNK_HEADER) return 0;
    if (this.#words[0] !== 0 || this.#words[1] !== 0) return 0;
    const size = mappedChunkBytes(this.#words[2]! + this.#words[3]! * TWO_32);
    return at + size <= end ? size : 0;
  }

  #judge(chunk: Address, size: number, present: readonly number[]): RawBuffer | undefined {
    const wanted = Math.min(SAMPLES_MOST, SAMPLES_LEAST + (size >>> 22));
    const samples: Address[] = [];
    const step = (size - PAGE) / wanted;
    for (let i = 0; i < wanted; i++) {
      const page = chunk + PAGE + Math.floor((i * step) / PAGE) * PAGE;
      if (isInRuns(present, page)) samples.push(page);
    }
    // What is put behind the payload of a subclass would lie here.
    const last = chunk + size - PAGE;
    if (samples.at(-1) !== last && isInRuns(present, last)) samples.push(last);
    if (samples.length < SAMPLES_NEEDED || !this.#isRaw(chunk, size, samples)) return undefined;
    return { chunk, start: chunk + PAGE, end: chunk + size, samples };
  }

  #isRaw(chunk: Address, size: number, samples: readonly Address[]): boolean {
    if (this.#read(chunk, this.#page) < PAGE) return false;
    switch (this.#objectAtStart(size)) {
      case 'text':
        return true;
      case 'object':
        return false;
    }
    if (this.#isKeysTable(size)) return false;
    this.#words.fill(0, 0, CHUNK_HEADER / 4);
    let nonZero = this.#numbersInPage();
    if (nonZero < 0) return false;
    for (const page of samples) {
      if (this.#read(page, this.#page) < PAGE) return false;
      const count = this.#numbersInPage();
      if (count < 0) return false;
      nonZero += count;
    }
    return nonZero >= (samples.length + 1) * (PAGE / 8) * NON_ZERO_SHARE;
  }

  /**
   * Whether the first page starts with an object. Exactly `bytes` and `str` hold nothing but their text behind the
   * header; a subclass may have its dict behind it, and every other type anything.
   */
  #objectAtStart(size: number): 'text' | 'object' | undefined {
    const o = this.#layout;
    const typeAt = o.need('PyObject.ob_type');
    const flagsAt = o.need('PyTypeObject.tp_flags');
    for (let before = 0; before <= PRE_HEADERS_BYTES; before += 16) {
      const type = this.#pointerAt(CHUNK_HEADER + before + typeAt);
      if (type === 0 || type % 8 !== 0) continue;
      const metatype = this.#liveWord(type + typeAt);
      if (metatype === 0 || !this.#isMapped(metatype) || !this.#isMapped(type + flagsAt)) continue;
      const flags = this.#liveWord(type + flagsAt) % TWO_32;
      const metaFlags = this.#liveWord(metatype + flagsAt) % TWO_32;
      if ((flags & TypeFlag.ready) === 0 || (metaFlags & TypeFlag.type) === 0) continue;
      return this.#isText(type, CHUNK_HEADER + before, size) ? 'text' : 'object';
    }
    return undefined;
  }

  /** By type and by length: the second item of a list may be the type `bytes` itself. */
  #isText(type: Address, object: number, size: number): boolean {
    const o = this.#layout;
    const name = this.#typeName(type);
    if (name !== 'bytes' && name !== 'str') return false;
    const at = object + o.need(name === 'bytes' ? 'PyVarObject.ob_size' : 'PyASCIIObject.length');
    const length = this.#words[at / 4]! + this.#words[at / 4 + 1]! * TWO_32;
    const widths = name === 'bytes' ? [1] : [1, 2, 4];
    return widths.some((width) => length * width < size && length * width > size - TEXT_SLACK_BYTES);
  }

  #typeName(type: Address): string {
    const address = this.#liveWord(type + this.#layout.need('PyTypeObject.tp_name'));
    const bytes = this.#small;
    if (!this.#isMapped(address) || this.#read(address, bytes) < bytes.length) return '';
    const end = bytes.indexOf(0);
    return end < 0 ? '' : String.fromCharCode(...bytes.subarray(0, end));
  }

  /** A dict's table of keys may be all but empty: it is known by its header, at any debug header's distance. */
  #isKeysTable(size: number): boolean {
    const log2 = this.#layout.dictKeysFormat === 'log2';
    const sizeAt = this.#layout.at(log2 ? 'PyDictKeysObject.dk_log2_size' : 'PyDictKeysObject.dk_size');
    for (let before = 0; before <= PRE_HEADERS_BYTES; before += 16) {
      const at = CHUNK_HEADER + before;
      const sharers = this.#words[at / 4]! + this.#words[at / 4 + 1]! * TWO_32;
      if (sharers === 0 || sharers > SHARERS_LIMIT) continue;
      if (!log2) {
        const slots = this.#words[(at + sizeAt) / 4]! + this.#words[(at + sizeAt) / 4 + 1]! * TWO_32;
        if (slots > 0 && slots < size && Number.isInteger(Math.log2(slots))) return true;
        continue;
      }
      const logSlots = this.#page[at + sizeAt]!;
      const logBytes = this.#page[at + this.#layout.at('PyDictKeysObject.dk_log2_index_bytes')]!;
      const kind = this.#page[at + this.#layout.at('PyDictKeysObject.dk_kind')]!;
      const plausible =
        logSlots > 0 && logSlots <= LOG2_SLOTS_LIMIT && logBytes >= logSlots && logBytes <= logSlots + 3;
      if (plausible && kind <= KEYS_KIND_MOST) return true;
    }
    return false;
  }

  /** How many words of the page are not zero, or -1 when one may be a pointer into this process. */
  #numbersInPage(): number {
    const words = this.#words;
    let count = 0;
    for (let i = 0; i < words.length; i += 2) {
      const low = words[i]!;
      const high = words[i + 1]!;
      if (low === 0 && high === 0) continue;
      if (high < USER_HIGH_WORDS && this.#isMapped(low + high * TWO_32)) return -1;
      count++;
    }
    return count;
  }

  /** The word of the first page at `offset`, or 0 where it points at nothing. */
  #pointerAt(offset: number): Address {
    const high = this.#words[offset / 4 + 1]!;
    const word = this.#words[offset / 4]! + high * TWO_32;
    return high < USER_HIGH_WORDS && this.#isMapped(word) ? word : 0;
  }

  #liveWord(address: Address): number {
    const bytes = this.#small;
    if (address % 8 !== 0 || this.#read(address, bytes) < bytes.length) return 0;
    const view = new DataView(bytes.buffer);
    return view.getUint32(0, true) + view.getUint32(4, true) * TWO_32;
  }

  #isMapped(address: Address): boolean {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (address < this.#starts[middle]!) high = middle - 1;
      else if (address >= this.#ends[middle]!) low = middle + 1;
      else return true;
    }
    return false;
  }
}

/** `count` of the samples, from first to last. */
function spread(samples: readonly Address[], count: number): Address[] {
  if (samples.length <= count) return [...samples];
  return Array.from({ length: count }, (_, i) => samples[Math.round((i * (samples.length - 1)) / (count - 1))]!);
}
