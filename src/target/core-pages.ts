// Keeps the pages of a core file that are not zero, as they come: a core with a gigabyte of reserved zeros costs
// nothing. Memory is taken in pieces, after asking whether it is there.

import { LeakscopeError } from '../base/errors.ts';
import { formatBytes } from '../base/units.ts';
import type { MemorySegment } from '../cpython/memory-reader.ts';
import type { Address } from '../graph/heap-graph.ts';
import { readAvailableMemory } from './memory-limit.ts';
import { PAGE_BYTES, READ_BYTES } from './process-memory.ts';

/** Zero pages between others are kept up to this size, as in capture-plan.ts; a larger gap splits the segment. */
const MAX_GAP_BYTES = 1 << 20;
/** Small, so that little is unused at the end and a small container notices in time. */
const CHUNK_BYTES = 64 << 20;
const ZEROS = Buffer.alloc(READ_BYTES);

/** Collects runs of pages; `add` in ascending order of addresses within one segment. */
export class CorePages {
  readonly #writable: boolean;
  readonly #chunkBytes: number;
  readonly #limitBytes: number;
  readonly #segments: MemorySegment[] = [];
  #chunk = new SharedArrayBuffer(0);
  /** Used of the chunk, the open run included. */
  #used = 0;
  #runStart: Address = 0;
  #runEnd: Address = 0;
  #runOffset = 0;
  /** Bytes of an incomplete page, when pieces of a stream end within one. */
  readonly #rest = Buffer.alloc(PAGE_BYTES);
  #restBytes = 0;
  #restAddress: Address = 0;
  /** Bytes that were not kept because of the limit. */
  droppedBytes = 0;
  keptBytes = 0;

  constructor(options: { writable: boolean; limitBytes?: number; chunkBytes?: number }) {
    this.#writable = options.writable;
    this.#limitBytes = options.limitBytes ?? Number.POSITIVE_INFINITY;
    this.#chunkBytes = options.chunkBytes ?? CHUNK_BYTES;
  }

  /** Takes the bytes at `address`, which follow those of the call before or begin at a page. */
  add(address: Address, bytes: Uint8Array): void {
    let at = 0;
    if (this.#restBytes > 0) {
      if (address !== this.#restAddress + this.#restBytes) this.#flushRest();
      else {
        at = Math.min(PAGE_BYTES - this.#restBytes, bytes.length);
        this.#rest.set(bytes.subarray(0, at), this.#restBytes);
        this.#restBytes += at;
        if (this.#restBytes === PAGE_BYTES) this.#flushRest();
      }
    }
    const wholeEnd = bytes.length - ((bytes.length - at) % PAGE_BYTES);
    for (; at < wholeEnd; at += READ_BYTES) {
      this.#addPages(address + at, bytes.subarray(at, Math.min(wholeEnd, at + READ_BYTES)));
    }
    const rest = bytes.subarray(wholeEnd);
    if (rest.length === 0) return;
    this.#rest.set(rest, 0);
    this.#restBytes = rest.length;
    this.#restAddress = address + bytes.length - rest.length;
  }

  /** What follows belongs to another mapping: a run must not reach from one into the next. */
  endMapping(): void {
    this.#flushRest();
    this.#closeRun();
  }

  /** Everything kept, ascending. */
  finish(): MemorySegment[] {
    this.endMapping();
    return this.#segments.sort((a, b) => a.start - b.start);
  }

  #flushRest(): void {
    if (this.#restBytes === 0) return;
    this.#rest.fill(0, this.#restBytes);
    this.#restBytes = 0;
    this.#addPages(this.#restAddress, this.#rest);
  }

  #addPages(address: Address, bytes: Uint8Array): void {
    const pages = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (pages.compare(ZEROS, 0, pages.length) === 0) return;
    for (let at = 0; at < pages.length; ) {
      if (pages.compare(ZEROS, 0, PAGE_BYTES, at, at + PAGE_BYTES) === 0) {
        at += PAGE_BYTES;
        continue;
      }
      let end = at + PAGE_BYTES;
      while (end < pages.length && pages.compare(ZEROS, 0, PAGE_BYTES, end, end + PAGE_BYTES) !== 0) end += PAGE_BYTES;
      this.#keep(address + at, pages.subarray(at, end));
      at = end;
    }
  }

  #keep(address: Address, bytes: Uint8Array): void {
    if (this.keptBytes + bytes.length > this.#limitBytes) {
      this.droppedBytes += bytes.length;
      return;
    }
    this.keptBytes += bytes.length;
    const gap = address - this.#runEnd;
    const fits = this.#used + gap + bytes.length <= this.#chunk.byteLength;
    if (gap >= 0 && gap <= MAX_GAP_BYTES && fits && this.#runEnd > 0) {
      // Fresh buffers are zero: a gap needs no filling.
      this.#used += gap;
    } else {
      this.#closeRun();
      if (this.#used + bytes.length > this.#chunk.byteLength) this.#newChunk();
      this.#runStart = address;
      this.#runOffset = this.#used;
    }
    new Uint8Array(this.#chunk, this.#used, bytes.length).set(bytes);
    this.#used += bytes.length;
    this.#runEnd = address + bytes.length;
  }

  #closeRun(): void {
    if (this.#runEnd === 0) return;
    const bytes = new Uint8Array(this.#chunk, this.#runOffset, this.#runEnd - this.#runStart);
    this.#segments.push({ start: this.#runStart, bytes, writable: this.#writable });
    this.#runEnd = 0;
  }

  #newChunk(): void {
    const available = readAvailableMemory();
    if (available !== undefined && available < this.#chunkBytes) {
      throw new LeakscopeError(
        'E_NOT_ENOUGH_MEMORY',
        `the memory in the core file needs more than ${formatBytes(this.keptBytes)}, and ${formatBytes(available)} are free here`,
        { hint: 'free some memory, raise the limit of the container, or run leakscope outside of it' },
      );
    }
    this.#chunk = new SharedArrayBuffer(this.#chunkBytes);
    this.#used = 0;
  }
}
