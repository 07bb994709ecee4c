// Walks glibc's heaps: the brk heap, thread arenas and mmapped chunks, chunk by chunk through their headers.
// Chunks that wait in caches still look live here; glibc-caches.ts takes them out. Other C libraries give nothing.

import type { Address } from '../graph/heap-graph.ts';
import type { AllocatorMap } from './allocator-map.ts';
import { dropCachedChunks } from './glibc-caches.ts';
import { mallocStateForm, mappedChunkBytes } from './malloc-state.ts';
import type { MemoryImage } from './memory-image.ts';
import { writableSpans } from './writable-spans.ts';

// malloc/malloc.c: the low bits of a chunk's size word.
const PREV_INUSE = 1;
const IS_MMAPPED = 2;
const MIN_CHUNK = 32;
/** HEAP_MAX_SIZE (arena.c): thread heaps are aligned to it. */
const THREAD_HEAP_ALIGNMENT = 64 * 1024 * 1024;
const PAGE = 4096;

/** Adds every live malloc chunk of the image to the map. */
export function mapGlibcHeaps(image: MemoryImage, map: AllocatorMap): void {
  for (const { start, end, path } of writableSpans(image.regions)) {
    if (path === '[heap]') walkChunks(image, map, { base: start, start: align16(start), end, arena: 0, top: 0 });
    else walkAnonymous(image, map, start, end);
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

/** Heaps of threads may begin anywhere in a span, and mapped chunks lie around them. */
function walkAnonymous(image: MemoryImage, map: AllocatorMap, start: Address, end: Address): void {
  let at = start;
  let heap = Math.ceil(start / THREAD_HEAP_ALIGNMENT) * THREAD_HEAP_ALIGNMENT;
  for (; heap < end; heap += THREAD_HEAP_ALIGNMENT) {
    const heapEnd = walkThreadHeap(image, map, heap, end);
    if (heapEnd === 0) continue;
    walkMappedChunks(image, map, at, heap);
    at = heapEnd;
  }
  walkMappedChunks(image, map, at, end);
}

/**
 * A thread arena's heap starts with heap_info {ar_ptr, prev, size, …}; the first one also holds its malloc_state. Returns
 * where the heap at `start` ends, 0 where there is none.
 */
function walkThreadHeap(image: MemoryImage, map: AllocatorMap, heap: Address, limit: Address): Address {
  if (!image.isCopied(heap)) return 0;
  const arena = image.pointer(heap);
  const arenaHeap = arena - (arena % THREAD_HEAP_ALIGNMENT);
  const used = image.u64(heap + 16);
  if (arena === 0 || !image.isCopied(arena) || used === 0 || used % PAGE !== 0 || used > THREAD_HEAP_ALIGNMENT)
    return 0;
  const end = Math.min(limit, heap + used);
  const form = mallocStateForm(image, arena);
  const top = image.pointer(arena + form.topAt);
  // In the first heap the state follows heap_info, in the others a chunk does: 32 bytes on, or 48 from 2.35.
  const infoBytes = arena - arenaHeap;
  const start = arenaHeap !== heap ? heap + infoBytes : align16(arena + form.size);
  return walkChunks(image, map, { base: heap, start, end, arena, top }) ? end : 0;
}

/** Chunks with a mapping of their own (>= 128 KiB by default): page-aligned, sized in pages; neighbours share a region. */
function walkMappedChunks(image: MemoryImage, map: AllocatorMap, start: Address, end: Address): void {
  const malloc = map.totals.malloc;
  let at = start;
  while (at + PAGE <= end) {
    // The word before the size is never used.
    const bytes = image.isCopied(at) && image.u64(at) === 0 ? mappedChunkBytes(image.u64(at + 8)) : 0;
    if (bytes === 0 || at + bytes > end) {
      at += PAGE;
      continue;
    }
    if (map.runAt(at) === undefined) {
      map.blocks.add(at + 16);
      map.mappedChunks.push({ start: at, end: at + bytes });
      malloc.liveChunks++;
      malloc.liveBytes += bytes;
      malloc.mappedBytes += bytes;
    }
    at += bytes;
  }
}
