// The bytes of a core file in order, plain or compressed with zstd or LZ4, pushed to whoever wants them; and what kind
// of file a path holds, told by its first bytes. What is in the core is core-contents.ts.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Decompress } from 'fzstd';
import { LeakscopeError, throwIfCancelled } from '../base/errors.ts';
import { lz4Frames } from './lz4-frame.ts';
import { errnoCode } from './proc-file.ts';
import { READ_BYTES } from './process-memory.ts';
import { ZstdFrames } from './zstd-frames.ts';

export type CoreCompression = 'none' | 'zstd' | 'lz4';

/** What takes the bytes of a core. */
export interface CoreSink {
  /** The bytes from `offset` on; calls come in ascending order. They must not be kept. */
  write(offset: number, bytes: Uint8Array): void;
  /** Where the next byte of interest is; Infinity when all are there. */
  nextWanted(): number;
}

export interface CoreFileHandle {
  readonly path: string;
  readonly compression: CoreCompression;
  /** As it lies on disk. */
  readonly fileBytes: number;
  readonly modifiedAtMs: number;
  /** Bytes of a file that is not compressed; undefined beyond its end, and of a compressed one. */
  readAt(offset: number, length: number): Uint8Array | undefined;
  /** Pushes the file to `sink`; returns the length of the (uncompressed) file as far as it could be read. */
  stream(sink: CoreSink, options: StreamOptions): Promise<StreamEnd>;
  close(): void;
}

export interface StreamOptions {
  readonly signal?: AbortSignal | undefined;
  /** Share of the file that has been read, now and then. */
  readonly progress?: ((fraction: number) => void) | undefined;
}

export interface StreamEnd {
  /** Length of the uncompressed file as far as it could be read; Infinity when all that is wanted came before its end. */
  readonly endOffset: number;
  /** The compressed data is cut off or damaged at its end. */
  readonly damaged: boolean;
}

/** Pushed at once to a decompressor: it may become thousands of times as much before control returns. */
const COMPRESSED_PIECE_BYTES = 64 << 10;
/** Uncompressed bytes between two turns of the event loop: some 20 ms. */
const TURN_BYTES = 32 << 20;

const MAGIC_BYTES = 4;

/** How the file begins, or undefined when it is no core, compressed or not, or cannot be read. */
export function coreCompression(path: string): CoreCompression | undefined {
  let fd: number;
  try {
    // O_NONBLOCK: a FIFO must not hang us.
    fd = openSync(path, 0o4000);
  } catch {
    return undefined;
  }
  try {
    if (!fstatSync(fd).isFile()) return undefined;
    return compressionOf(fd);
  } finally {
    closeSync(fd);
  }
}

function compressionOf(fd: number): CoreCompression | undefined {
  const head = Buffer.alloc(MAGIC_BYTES);
  if (readSync(fd, head, 0, MAGIC_BYTES, 0) < MAGIC_BYTES) return undefined;
  switch (head.readUInt32BE(0)) {
    case 0x7f454c46:
      return 'none';
    case 0x28b52ffd:
      return 'zstd';
    case 0x04224d18:
      return 'lz4';
    default:
      return undefined;
  }
}

/** Opens a core file. Throws E_FILE_READ, or E_CORE_FILE when it does not begin like one. */
export function openCoreFile(path: string): CoreFileHandle {
  let fd: number;
  try {
    fd = openSync(path, 0o4000);
  } catch (cause) {
    throw new LeakscopeError('E_FILE_READ', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
  const stat = fstatSync(fd);
  const compression = stat.isFile() ? compressionOf(fd) : undefined;
  if (compression === undefined) {
    closeSync(fd);
    throw new LeakscopeError('E_CORE_FILE', `${path} is no core file`, {
      hint: 'leakscope reads ELF core files, also compressed with zstd or LZ4',
    });
  }
  let open = true;
  return {
    path,
    compression,
    fileBytes: stat.size,
    modifiedAtMs: stat.mtimeMs,
    readAt(offset, length) {
      if (compression !== 'none' || !(offset >= 0) || offset + length > stat.size) return undefined;
      const bytes = new Uint8Array(length);
      return readFully(fd, bytes, offset, path) === length ? bytes : undefined;
    },
    stream: (sink, options) => {
      if (compression === 'none') return streamPlain(fd, path, stat.size, sink, options);
      const input = compressedInput(fd, path, stat.size);
      return compression === 'zstd' ? streamZstd(input, sink, options) : streamLz4(input, sink, options);
    },
    close() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

async function streamPlain(
  fd: number,
  path: string,
  size: number,
  sink: CoreSink,
  options: StreamOptions,
): Promise<StreamEnd> {
  const buffer = Buffer.alloc(READ_BYTES);
  const turns = new Turns(options);
  for (;;) {
    const wanted = sink.nextWanted();
    if (wanted >= size) return { endOffset: size, damaged: false };
    const got = readFully(fd, buffer, wanted, path);
    if (got === 0) return { endOffset: wanted, damaged: false };
    sink.write(wanted, buffer.subarray(0, got));
    await turns.after(got, wanted / size);
  }
}

async function streamZstd(input: CompressedInput, sink: CoreSink, options: StreamOptions): Promise<StreamEnd> {
  let offset = 0;
  const turns = new Turns(options);
  const blocks = guarded(sink);
  // Handed over by block, of 128 KiB at most.
  const decompressor = new Decompress((block) => {
    blocks.write(offset, block);
    offset += block.length;
  });
  const frames = new ZstdFrames();
  try {
    for (;;) {
      const piece = input.read(COMPRESSED_PIECE_BYTES);
      if (piece.length === 0) break;
      frames.check(piece);
      const before = offset;
      // The library keeps parts of what it was given.
      decompressor.push(new Uint8Array(piece));
      if (hasAll(sink)) return ENOUGH;
      await turns.after(offset - before, input.position() / input.size);
    }
  } catch (error) {
    if (blocks.failed() || error instanceof LeakscopeError || !isZstdError(error)) throw error;
    return { endOffset: offset, damaged: true };
  }
  return { endOffset: offset, damaged: false };
}

/** Tells a failure of the sink from one of the decompressor between them. */
function guarded(sink: CoreSink): { write(offset: number, bytes: Uint8Array): void; failed(): boolean } {
  let failed = false;
  return {
    write(offset, bytes) {
      if (sink.nextWanted() >= offset + bytes.length) return;
      failed = true;
      sink.write(offset, bytes);
      failed = false;
    },
    failed: () => failed,
  };
}

/** Errors of the library carry a number; a forged table may also send it out of an array's bounds. */
function isZstdError(error: unknown): boolean {
  return (
    error instanceof RangeError || error instanceof TypeError || typeof (error as { code?: unknown }).code === 'number'
  );
}

async function streamLz4(input: CompressedInput, sink: CoreSink, options: StreamOptions): Promise<StreamEnd> {
  let offset = 0;
  let pending = 0;
  const turns = new Turns(options);
  const blocks = guarded(sink);
  const frames = lz4Frames(
    (length) => input.read(length),
    (block) => {
      blocks.write(offset, block);
      offset += block.length;
      pending = block.length;
      return !hasAll(sink);
    },
  );
  try {
    for (const _ of frames) await turns.after(pending, input.position() / input.size);
  } catch (error) {
    if (blocks.failed() || !(error instanceof RangeError)) throw error;
    return { endOffset: offset, damaged: true };
  }
  return hasAll(sink) ? ENOUGH : { endOffset: offset, damaged: false };
}

const ENOUGH: StreamEnd = { endOffset: Number.POSITIVE_INFINITY, damaged: false };

function hasAll(sink: CoreSink): boolean {
  return sink.nextWanted() === Number.POSITIVE_INFINITY;
}

interface CompressedInput {
  readonly size: number;
  /** The next bytes, valid until the next call; fewer than asked for only at the end. */
  read(length: number): Uint8Array;
  position(): number;
}

function compressedInput(fd: number, path: string, size: number): CompressedInput {
  let buffer = Buffer.alloc(1 << 20);
  let bufferAt = 0;
  let start = 0;
  let end = 0;
  return {
    size,
    position: () => bufferAt + start,
    read(length) {
      if (end - start < length) {
        const held = buffer.subarray(start, end);
        const next = length > buffer.length ? Buffer.alloc(length) : buffer;
        held.copy(next);
        bufferAt += start;
        buffer = next;
        end = held.length;
        start = 0;
        end += readFully(fd, buffer.subarray(end), bufferAt + end, path);
      }
      const bytes = buffer.subarray(start, Math.min(end, start + length));
      start += bytes.length;
      return bytes;
    },
  };
}

/** Lets the event loop turn now and then, and looks whether the run was cancelled. */
class Turns {
  readonly #options: StreamOptions;
  #bytes = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  async after(bytes: number, fraction: number): Promise<void> {
    this.#bytes += bytes;
    if (this.#bytes < TURN_BYTES) return;
    this.#bytes = 0;
    this.#options.progress?.(fraction);
    await nextTurn();
    throwIfCancelled(this.#options.signal);
  }
}

/** Reads until `into` is full or the file ends. */
function readFully(fd: number, into: Uint8Array, offset: number, path: string): number {
  let done = 0;
  try {
    while (done < into.length) {
      const got = readSync(fd, into, done, into.length - done, offset + done);
      if (got === 0) break;
      done += got;
    }
  } catch (error) {
    if (errnoCode(error) === undefined) throw error;
    throw new LeakscopeError('E_FILE_READ', `cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
  return done;
}
