// Walks glibc's heaps: the brk heap, thread arenas and mmapped chunks, chunk by chunk through their headers.
// Chunks that wait in caches still look live here; glibc-caches.ts takes them out. Other C libraries give nothing.

import type { Address } from '../graph/heap-graph.ts';
import type { AllocatorMap } from './allocator-map.ts';
import { dropCachedChunks } from './glibc-caches.ts';
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
      walkChunks(image, map, { base: region.start, start: align16(region.start), end: region.end, arena: 0, top: 0 });
      continue;
    }
    if (region.path !== '') continue;
    if (region.start % THREAD_HEAP_ALIGNMENT === 0 && walkThreadHeap(image, map, region)) continue;
    walkMappedChunks(image, map, region);
  }
  dropCachedChunks(image, map);
}

function align16(address: Address): Address {
  return Math.ceil(address / 16) * 16;
}

interface ChunkRange {
  /** Where the heap begins, with whatever malloc keeps before the first chunk. */
  readonly base: Address;
  readonly start: Address;
  readonly end: Address;
  /** The malloc_state of a thread's arena, 0 for the main one. */
  readonly arena: Address;
  /** The arena's wilderness chunk; 0 when unknown, and then it is the last one. */
  readonly top: Address;
}

/** Walks the chunk headers of a range; false when there are none. */
function walkChunks(image: MemoryImage, map: AllocatorMap, range: ChunkRange): boolean {
  const { base, start, end, arena, top } = range;
  const malloc = map.totals.malloc;
  let chunk = start;
  let chunks = 0;
  let topBytes = 0;
  while (chunk + 16 <= end) {
    const word = image.u64(chunk + 8);
    const size = word - (word % 16);
    if (size < MIN_CHUNK || chunk + size > end || (word & IS_MMAPPED) !== 0) break;
    const next = chunk + size;
    if (chunk === top || next + 16 > end) {
      malloc.freeBytes += size;
      topBytes = size;
      chunks++;
      chunk = next;
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
  if (chunks <= 1) return false;
  malloc.heaps++;
  map.mallocHeaps.push({ start: base, end: chunk, arena, topBytes });
  return true;
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
  const start = arenaHeap !== region.start ? region.start + 32 : align16(arena + MALLOC_STATE_SIZE);
  return walkChunks(image, map, { base: region.start, start, end, arena, top });
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
      map.mappedChunks.push({ start: at, end: at + size });
      malloc.liveChunks++;
      malloc.liveBytes += size;
      malloc.mappedBytes += size;
    }
    at += size;
  }
}
