// Memory for copies of a target: allocated and touched before the pause, because the first touch of a page costs more
// than filling it, and reused from one snapshot to the next.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfCancelled } from '../base/errors.ts';
import { PAGE_BYTES } from './process-memory.ts';

/** Shared, so that worker threads read a copy without copying it again. */
export interface CaptureBuffers {
  readonly chunks: readonly SharedArrayBuffer[];
}

/** Node 20 limits a buffer to 4 GiB; smaller ones leave less unused at the end. */
export const DEFAULT_CHUNK_BYTES = 1 << 30;

/** Touched between two turns of the event loop: some 20 ms. */
const TOUCH_SLICE_BYTES = 64 << 20;

export function bufferBytes(buffers: CaptureBuffers): number {
  return buffers.chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
}

/**
 * Buffers of at least `bytes` in all, those of `reuse` first: what was copied into them is overwritten by the next
 * capture. Throws E_CANCELLED when `signal` is aborted.
 */
export async function prepareBuffers(
  bytes: number,
  options: {
    readonly reuse?: CaptureBuffers | undefined;
    readonly chunkBytes?: number;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<CaptureBuffers> {
  const chunkBytes = options.chunkBytes ?? DEFAULT_CHUNK_BYTES;
  const chunks = [...(options.reuse?.chunks ?? [])];
  let missing = bytes - bufferBytes({ chunks });
  while (missing > 0) {
    const size = Math.min(chunkBytes, Math.ceil(missing / PAGE_BYTES) * PAGE_BYTES);
    const chunk = new SharedArrayBuffer(size);
    await touch(chunk, options.signal);
    chunks.push(chunk);
    missing -= size;
  }
  return { chunks };
}

async function touch(chunk: SharedArrayBuffer, signal: AbortSignal | undefined): Promise<void> {
  const bytes = new Uint8Array(chunk);
  for (let at = 0; at < bytes.length; at += PAGE_BYTES) {
    bytes[at] = 0;
    if (at % TOUCH_SLICE_BYTES !== 0) continue;
    await nextTurn();
    throwIfCancelled(signal);
  }
}

/** Hands out consecutive space; a range that does not fit the rest of a chunk continues in the next. */
export class BufferCursor {
  readonly #chunks: readonly SharedArrayBuffer[];
  #chunk = 0;
  #offset = 0;

  /** Leaves out the first `usedBytes`, which another cursor has handed out. */
  constructor(buffers: CaptureBuffers, usedBytes = 0) {
    this.#chunks = buffers.chunks;
    for (let left = usedBytes; left > 0; ) left -= this.take(left)?.length ?? left;
  }

  /** Up to `bytes` bytes of space, undefined when all is used. Sizes stay multiples of a page. */
  take(bytes: number): Uint8Array | undefined {
    while (this.#chunk < this.#chunks.length) {
      const chunk = this.#chunks[this.#chunk]!;
      const length = Math.min(bytes, chunk.byteLength - this.#offset);
      if (length > 0) {
        const space = new Uint8Array(chunk, this.#offset, length);
        this.#offset += length;
        return space;
      }
      this.#chunk++;
      this.#offset = 0;
    }
    return undefined;
  }
}
