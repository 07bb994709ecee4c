// Reads the memory of a live process through /proc/PID/mem, and nothing else: never writes.
// The open file stays bound to the memory of that process, so a reused PID cannot be read by mistake.

import { closeSync, openSync, readSync } from 'node:fs';
import { MemoryImage } from '../cpython/memory-image.ts';
import type { MemoryRegion } from '../cpython/memory-reader.ts';
import type { Address } from '../graph/heap-graph.ts';
import { permissionError } from './permission.ts';
import { errnoCode } from './proc-file.ts';

export const PAGE_BYTES = 4096;

/** Reads of 1 MiB are the fastest from Node: larger ones leave the second-level cache. */
export const READ_BYTES = 1 << 20;

/** An open view of a live process's memory. */
export interface ProcessMemory {
  readonly pid: number;
  /**
   * Fills `into` from `address` on. Pages that cannot be read (guard pages inside a mapping) are zero-filled and
   * skipped. Returns how many bytes came from the target: 0 when nothing is mapped there or the process has ended.
   */
  read(address: Address, into: Uint8Array): number;
  /** One system call: the bytes read, 0 where nothing is mapped, -1 where the page at `address` cannot be read. */
  readOnce(address: Address, into: Uint8Array): number;
  close(): void;
}

/** Opens /proc/PID/mem. Throws E_PERMISSION with the remedy, or E_NO_SUCH_PROCESS. */
export function openProcessMemory(pid: number): ProcessMemory {
  let fd: number;
  try {
    fd = openSync(`/proc/${pid}/mem`, 'r');
  } catch (error) {
    throw permissionError(pid, error, 'its memory');
  }
  let open = true;
  return {
    pid,
    read: (address, into) => readPages(fd, address, into),
    readOnce: (address, into) => readOnce(fd, address, into, 0, into.length),
    close: () => {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

function readOnce(fd: number, address: Address, into: Uint8Array, offset: number, length: number): number {
  try {
    return readSync(fd, into, offset, length, address);
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'EIO' || code === 'EFAULT') return -1;
    throw error;
  }
}

function readPages(fd: number, address: Address, into: Uint8Array): number {
  let done = 0;
  let fromTarget = 0;
  while (done < into.length) {
    const got = readOnce(fd, address + done, into, done, Math.min(READ_BYTES, into.length - done));
    if (got === 0) break;
    if (got > 0) {
      done += got;
      fromTarget += got;
      continue;
    }
    const pageEnd = Math.min(into.length, done + PAGE_BYTES - ((address + done) % PAGE_BYTES));
    into.fill(0, done, pageEnd);
    done = pageEnd;
  }
  into.fill(0, done);
  return fromTarget;
}

/**
 * An image without copied segments that reads the live memory page by page, for a look before or inside a pause.
 * Pages are cached: make a new image to see later contents.
 */
export function liveImage(memory: ProcessMemory, regions: readonly MemoryRegion[]): MemoryImage {
  return new MemoryImage([], regions, (start, length) => {
    const bytes = new Uint8Array(length);
    return memory.read(start, bytes) > 0 ? bytes : undefined;
  });
}
