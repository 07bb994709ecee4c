// Walks glibc's heaps: the brk heap, thread arenas and mmapped chunks, chunk by chunk through their headers.
// Knows nothing of tcache and fast bins: the few chunks cached there count as live. Other C libraries give nothing.

import type { Address } from '../graph/heap-graph.ts';
import type { AllocatorMap } from './allocator-map.ts';
import type { MemoryImage } from './memory-image.ts';
import type { MemoryRegion } from './memory-reader.ts';

// malloc/malloc.c: the low bits of a chunk's size word.
const PREV_INUSE = 1;
const IS_MMAPPED = 2;
const FLAG_BITS = 7;
const MIN_CHUNK = 32;
/** HEAP_MAX_SIZE (arena.c): thread heaps are aligned to it. */
const THREAD_HEAP_ALIGNMENT = 64 * 1024 * 1024;
/** offsetof(struct malloc_state, top) and sizeof(struct malloc_state), the same from glibc 2.27 to 2.43 on 64-bit. */
const MALLOC_STATE_TOP = 96;
const MALLOC_STATE_SIZE = 0x898;
const PAGE = 4096;

/** Adds every live malloc chunk of the image to the map. */
export function mapGlibcHeaps(image: MemoryImage, map: AllocatorMap): void {
  for (const region of image.regions) {
    if (!region.readable || !region.writable || region.shared) continue;
    if (region.path === '[heap]') {
      walkChunks(image, map, align16(region.start), region.end, 0);
      continue;
    }
    if (region.path !== '') continue;
    if (region.start % THREAD_HEAP_ALIGNMENT === 0 && walkThreadHeap(image, map, region)) continue;
    walkMappedChunks(image, map, region);
  }
}

function align16(address: Address): Address {
  return Math.ceil(address / 16) * 16;
}

/** Walks chunk headers in [start, end). `top` is the arena's wilderness chunk, 0 when unknown (then the last chunk). */
function walkChunks(image: MemoryImage, map: AllocatorMap, start: Address, end: Address, top: Address): boolean {
  const malloc = map.totals.malloc;
  let chunk = start;
  let chunks = 0;
  while (chunk + 16 <= end) {
    const word = image.u64(chunk + 8);
    const size = word - (word % 16);
    if (size < MIN_CHUNK || chunk + size > end || (word & IS_MMAPPED) !== 0) break;
    const next = chunk + size;
    if (chunk === top || next + 16 > end) {
      malloc.freeBytes += size;
      chunks++;
      break;
    }
    if ((image.u32(next + 8) & PREV_INUSE) !== 0) {
      map.blocks.add(chunk + 16);
      malloc.liveChunks++;
      malloc.liveBytes += size;
    } else {
      malloc.freeBytes += size;
    }
    chunks++;
    chunk = next;
  }
  if (chunks > 1) malloc.heaps++;
  return chunks > 1;
}

/** A thread arena's heap starts with heap_info {ar_ptr, prev, size, …}; the first one also holds its malloc_state. */
function walkThreadHeap(image: MemoryImage, map: AllocatorMap, region: MemoryRegion): boolean {
  const arena = image.pointer(region.start);
  const arenaHeap = arena - (arena % THREAD_HEAP_ALIGNMENT);
  const used = image.u64(region.start + 16);
  if (arena === 0 || !image.isCopied(arena) || used === 0 || used % PAGE !== 0 || used > THREAD_HEAP_ALIGNMENT)
    return false;
  const end = Math.min(region.end, region.start + used);
  const top = image.pointer(arena + MALLOC_STATE_TOP);
  if (arenaHeap !== region.start) return walkChunks(image, map, region.start + 32, end, top);
  return walkChunks(image, map, align16(arena + MALLOC_STATE_SIZE), end, top);
}

/** Chunks with a mapping of their own (>= 128 KiB by default): page-aligned, sized in pages; neighbours share a region. */
function walkMappedChunks(image: MemoryImage, map: AllocatorMap, region: MemoryRegion): void {
  const malloc = map.totals.malloc;
  let at = region.start;
  while (at + PAGE <= region.end) {
    const word = image.isCopied(at) ? image.u64(at + 8) : 0;
    const size = word - (word & FLAG_BITS);
    const isChunk =
      (word & FLAG_BITS) === IS_MMAPPED && size % PAGE === 0 && at + size <= region.end && image.u64(at) === 0;
    if (!isChunk || size === 0) {
      at += PAGE;
      continue;
    }
    if (map.runAt(at) === undefined) {
      map.blocks.add(at + 16);
      malloc.liveChunks++;
      malloc.liveBytes += size;
      malloc.mappedBytes += size;
    }
    at += size;
  }
}
