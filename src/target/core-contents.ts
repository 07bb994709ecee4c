// Reads a core file once, from its start to its end: headers, notes, and the pages that are not zero.

import type { ProblemLog } from '../base/problems.ts';
import { formatBytes } from '../base/units.ts';
import type { MemorySegment } from '../cpython/memory-reader.ts';
import type { Address } from '../graph/heap-graph.ts';
import {
  CORE_HEAD_BYTES,
  type CoreHead,
  type CoreHeaders,
  type CoreSegment,
  readCoreHead,
  readCoreHeaders,
} from './core-headers.ts';
import { type CoreNotes, readCoreNotes } from './core-notes.ts';
import { CorePages } from './core-pages.ts';
import { isSharedMemory } from './core-regions.ts';
import type { CoreFileHandle, CoreSink, StreamOptions } from './core-stream.ts';

/** What a core file holds. */
export interface CoreContents {
  readonly machine: number;
  readonly headers: CoreHeaders;
  readonly notes: CoreNotes;
  /** Non-zero pages of writable mappings, ascending. */
  readonly writable: readonly MemorySegment[];
  /** Non-zero pages of what cannot be written: headers, constants, relocated data. Ascending. */
  readonly constants: readonly MemorySegment[];
  /** False when there were more constants than are kept. */
  readonly hasAllConstants: boolean;
  /** Start, end pairs of the memory that was read from the file, ascending: what was not kept of it is zero. */
  readonly dumped: Float64Array;
  /** What the file was to hold and does not, because it is cut off. */
  readonly missing: { readonly bytes: number; readonly segments: number };
}

/** Notes of a process with tens of thousands of threads; each has a few KB of registers. */
const MAX_NOTES_BYTES = 256 << 20;
/** Code is not needed, only the header of the file that may begin it. */
const EXECUTABLE_KEPT_BYTES = 64 << 10;
/** Constants of programs and libraries are some tens of MB; beyond this they are someone's data. */
const MAX_CONSTANT_BYTES = 512 << 20;

/** Throws E_CORE_FILE, E_FILE_READ, E_NOT_ENOUGH_MEMORY or E_CANCELLED. */
export async function readCoreContents(
  file: CoreFileHandle,
  problems: ProblemLog,
  options: StreamOptions & { readonly chunkBytes?: number } = {},
): Promise<CoreContents> {
  const collector = new CoreCollector(file, problems, options.chunkBytes);
  const { endOffset, damaged } = await file.stream(collector, options);
  if (damaged)
    problems.add('core-compression', 'the compressed core file is damaged or cut off: its beginning is used');
  return collector.finish(endOffset);
}

const OVERLAP = 'segments of the core file lie over each other, and one was left out';

/** A piece of the file that is wanted. */
interface Extent {
  readonly offset: number;
  readonly bytes: number;
  /** Undefined for notes. */
  readonly segment: CoreSegment | undefined;
}

class CoreCollector implements CoreSink {
  readonly #file: CoreFileHandle;
  readonly #problems: ProblemLog;
  readonly #writable: CorePages;
  readonly #constants: CorePages;
  #head: CoreHead | undefined;
  #headBytes: Uint8Array = new Uint8Array(CORE_HEAD_BYTES);
  #headUsed = 0;
  #headers: CoreHeaders | undefined;
  #extents: readonly Extent[] = [];
  #current = 0;
  /** Within the current extent. */
  #taken = 0;
  /** Pieces of each PT_NOTE. */
  readonly #notePieces: Uint8Array[][] = [];
  #notes: CoreNotes | undefined;
  #notesLeft = 0;
  readonly #leftOut = new Set<CoreSegment>();

  constructor(file: CoreFileHandle, problems: ProblemLog, chunkBytes: number | undefined) {
    this.#file = file;
    this.#problems = problems;
    const chunk = chunkBytes === undefined ? {} : { chunkBytes };
    this.#writable = new CorePages({ writable: true, ...chunk });
    this.#constants = new CorePages({ writable: false, limitBytes: MAX_CONSTANT_BYTES, ...chunk });
  }

  nextWanted(): number {
    if (this.#headers === undefined) return this.#headUsed;
    const extent = this.#extents[this.#current];
    return extent === undefined ? Number.POSITIVE_INFINITY : extent.offset + this.#taken;
  }

  write(offset: number, bytes: Uint8Array): void {
    if (this.#headers === undefined) this.#takeHeaders(bytes.subarray(Math.max(0, this.#headUsed - offset)));
    if (this.#headers === undefined) return;
    for (let extent = this.#extents[this.#current]; extent !== undefined; extent = this.#extents[this.#current]) {
      const from = extent.offset + this.#taken - offset;
      if (from < 0) {
        // Of a stream, and gone by: only headers that claim what lies within themselves ask for it.
        this.#leaveOut(extent);
        this.#next();
        continue;
      }
      if (from >= bytes.length) return;
      const part = bytes.subarray(from, Math.min(bytes.length, from + extent.bytes - this.#taken));
      this.#takePart(extent, part);
      this.#taken += part.length;
      if (this.#taken < extent.bytes) return;
      this.#next();
    }
  }

  finish(endOffset: number): CoreContents {
    if (this.#headers === undefined) this.#readHeaders(this.#headBytes.subarray(0, this.#headUsed));
    const headers = this.#headers!;
    const notes = this.#readNotes(headers);
    const dumped: number[] = [];
    const missing = { bytes: 0, segments: 0 };
    for (const segment of headers.segments) {
      const held = Math.max(0, Math.min(segment.fileBytes, endOffset - segment.offset));
      if (held < segment.fileBytes) {
        missing.bytes += segment.fileBytes - held;
        missing.segments++;
      }
      if (held > 0 && !this.#leftOut.has(segment)) dumped.push(segment.address, segment.address + held);
    }
    if (missing.bytes > 0) {
      this.#problems.add(
        'core-truncated',
        `the core file is cut off: ${formatBytes(missing.bytes)} of ${missing.segments} memory segments are missing`,
      );
    }
    if (this.#constants.droppedBytes > 0) {
      this.#problems.add('core-constants', 'the core file holds more read-only data than is kept');
    }
    return {
      machine: headers.machine,
      headers,
      notes,
      writable: this.#writable.finish(),
      constants: this.#constants.finish(),
      hasAllConstants: this.#constants.droppedBytes === 0,
      dumped: Float64Array.from(dumped),
      missing,
    };
  }

  #takeHeaders(bytes: Uint8Array): void {
    let rest = bytes;
    for (;;) {
      const part = rest.subarray(0, this.#headBytes.length - this.#headUsed);
      this.#headBytes.set(part, this.#headUsed);
      this.#headUsed += part.length;
      rest = rest.subarray(part.length);
      if (this.#headUsed < this.#headBytes.length) return;
      if (this.#head !== undefined) break;
      this.#head = readCoreHead(this.#headBytes, (offset, length) => this.#file.readAt(offset, length));
      if (this.#head.headersEnd <= this.#headUsed) break;
      const longer = new Uint8Array(this.#head.headersEnd);
      longer.set(this.#headBytes);
      this.#headBytes = longer;
    }
    this.#readHeaders(this.#headBytes);
  }

  #readHeaders(bytes: Uint8Array): void {
    this.#head ??= readCoreHead(bytes);
    const headers = readCoreHeaders(this.#head, bytes, this.#problems);
    this.#headers = headers;
    const extents: Extent[] = [
      ...headers.notes.map(({ offset, fileBytes }) => ({
        offset,
        bytes: Math.min(fileBytes, MAX_NOTES_BYTES),
        segment: undefined,
      })),
      ...headers.segments.map((segment) => ({
        offset: segment.offset,
        bytes: segment.executable ? Math.min(segment.fileBytes, EXECUTABLE_KEPT_BYTES) : segment.fileBytes,
        segment,
      })),
    ].filter((extent) => extent.bytes > 0);
    extents.sort((a, b) => a.offset - b.offset);
    // One byte of the file belongs to one segment: else a small file could claim to be endless memory.
    let end = 0;
    this.#extents = extents.filter((extent) => {
      if (extent.offset < end) {
        this.#leaveOut(extent);
        return false;
      }
      end = extent.offset + extent.bytes;
      return true;
    });
    this.#notesLeft = this.#extents.filter((extent) => extent.segment === undefined).length;
  }

  #leaveOut({ segment }: Extent): void {
    this.#problems.addAt('core-overlap', OVERLAP, segment?.address ?? 0);
    if (segment !== undefined) this.#leftOut.add(segment);
  }

  #takePart(extent: Extent, part: Uint8Array): void {
    const { segment } = extent;
    if (segment === undefined) {
      if (this.#taken === 0) this.#notePieces.push([]);
      // The piece is only lent.
      this.#notePieces.at(-1)!.push(new Uint8Array(part));
      return;
    }
    const address: Address = segment.address + this.#taken;
    (segment.writable ? this.#writable : this.#constants).add(address, part);
  }

  #next(): void {
    const finished = this.#extents[this.#current];
    this.#current++;
    this.#taken = 0;
    this.#writable.endMapping();
    this.#constants.endMapping();
    if (finished?.segment === undefined && --this.#notesLeft === 0) this.#dropShared();
  }

  /**
   * Memory that processes share is no heap of this one, and may be most of the file. It is known by the notes, which
   * the kernel writes before all memory; gdb writes them behind, and then it is read for nothing.
   */
  #dropShared(): void {
    const shared = new Set(
      this.#readNotes(this.#headers!)
        .files.filter(isSharedMemory)
        .map((file) => file.start),
    );
    if (shared.size === 0) return;
    this.#extents = this.#extents.filter(({ segment }, i) => {
      if (i < this.#current || segment === undefined || !shared.has(segment.address)) return true;
      this.#leftOut.add(segment);
      return false;
    });
  }

  #readNotes(headers: CoreHeaders): CoreNotes {
    this.#notes ??= readCoreNotes(
      this.#notePieces.map((pieces) => Buffer.concat(pieces)),
      headers.machine,
      this.#problems,
    );
    return this.#notes;
  }
}
