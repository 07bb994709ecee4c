// The descriptor behind an unfinished os.scandir(): in glibc's DIR structure, which the iterator points at.

import type { Address } from '../graph/heap-graph.ts';
import type { MemoryImage } from './memory-image.ts';

/** `ScandirIterator` (Modules/posixmodule.c) ends in `DIR *dirp` and, where fdopendir exists, an int padded to a word. */
const STREAM_FROM_END = 16;

// glibc's `struct __dirstream` (sysdeps/unix/sysv/linux/dirstream.h): int fd, int lock, size_t allocation, size, offset.
const STREAM_ALLOCATION = 8;
const STREAM_SIZE = 16;
const STREAM_OFFSET = 24;
/** opendir takes a buffer of 32 KiB, or of a file system's larger block size up to 1 MiB. */
const LEAST_ALLOCATION = 1 << 12;
const MOST_ALLOCATION = 1 << 20;

/** Descriptor of the iterator's open directory, or undefined when it is closed or the C library is another. */
export function directoryStreamDescriptor(
  image: MemoryImage,
  iterator: Address,
  basicSize: number,
): number | undefined {
  if (!(basicSize > STREAM_FROM_END && basicSize < 1 << 12)) return undefined;
  const stream = image.pointer(iterator + basicSize - STREAM_FROM_END);
  if (stream === 0) return undefined;
  const allocation = image.u64(stream + STREAM_ALLOCATION);
  const size = image.u64(stream + STREAM_SIZE);
  const isStream =
    allocation >= LEAST_ALLOCATION &&
    allocation <= MOST_ALLOCATION &&
    size <= allocation &&
    image.u64(stream + STREAM_OFFSET) <= size;
  return isStream ? image.i32(stream) : undefined;
}
