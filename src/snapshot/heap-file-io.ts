// .heap files on disk: written beside their place and moved into it, readable by their owner only.

import { type FileHandle, open } from 'node:fs/promises';
import { LeakscopeError } from '../base/errors.ts';
import { fileError, replaceFile } from '../base/replaced-file.ts';
import type { ByteSink, ByteSource, HeapFile } from './heap-file.ts';
import { readHeap } from './heap-reader.ts';
import { writeHeap } from './heap-writer.ts';

const BUFFER_BYTES = 1 << 20;

/**
 * Replaces `path` in one step when all is on disk; on failure nothing is left behind and an older file stays.
 * Returns the file's length in bytes. Throws E_FILE_WRITE.
 */
export async function writeHeapFile(path: string, file: HeapFile): Promise<number> {
  return replaceFile(path, async (handle) => {
    const sink = new FileSink(handle);
    await writeHeap(sink, file);
    return sink.flush();
  });
}

/** Throws E_FILE_READ where the file cannot be read, E_HEAP_FILE or E_HEAP_VERSION where its content cannot. */
export async function readHeapFile(path: string): Promise<HeapFile> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw fileError('E_FILE_READ', `cannot read ${path}`, error);
  }
  try {
    const { size } = await handle.stat();
    return await readHeap(new FileSource(handle, size));
  } catch (error) {
    if (error instanceof LeakscopeError) {
      throw new LeakscopeError(error.code, `${path}: ${error.message}`, {
        cause: error,
        ...(error.hint === undefined ? {} : { hint: error.hint }),
      });
    }
    throw fileError('E_FILE_READ', `cannot read ${path}`, error);
  } finally {
    await handle.close();
  }
}

/** Gathers small writes. */
class FileSink implements ByteSink {
  readonly #handle: FileHandle;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #used = 0;
  #written = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#used + bytes.length > BUFFER_BYTES) await this.flush();
    if (bytes.length > BUFFER_BYTES) {
      await this.#writeAll(bytes);
      return;
    }
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Returns the bytes written so far. */
  async flush(): Promise<number> {
    await this.#writeAll(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
    return this.#written;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at);
      at += bytesWritten;
    }
    this.#written += bytes.length;
  }
}

/** Reads ahead. */
class FileSource implements ByteSource {
  readonly size: number;
  readonly #handle: FileHandle;
  #buffer = new Uint8Array(BUFFER_BYTES);
  #start = 0;
  #end = 0;

  constructor(handle: FileHandle, size: number) {
    this.#handle = handle;
    this.size = size;
  }

  async read(length: number): Promise<Uint8Array> {
    if (this.#end - this.#start < length) await this.#fill(length);
    const end = Math.min(this.#start + length, this.#end);
    const bytes = this.#buffer.subarray(this.#start, end);
    this.#start = end;
    return bytes;
  }

  /** Makes at least `length` bytes available, unless the file ends before. */
  async #fill(length: number): Promise<void> {
    const held = this.#buffer.subarray(this.#start, this.#end);
    const buffer = length > this.#buffer.length ? new Uint8Array(length) : this.#buffer;
    buffer.set(held, 0);
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = held.length;
    while (this.#end < length) {
      const { bytesRead } = await this.#handle.read(buffer, this.#end, buffer.length - this.#end);
      if (bytesRead === 0) return;
      this.#end += bytesRead;
    }
  }
}
