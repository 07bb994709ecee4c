// Chunks that were freed and wait in glibc's caches with their in-use bit set: each thread's tcache, each arena's fast
// bins (malloc/malloc.c). Takes them out of the map of live blocks. Every link is checked: a list that does not hold
// together is left alone.

import type { Address } from '../graph/heap-graph.ts';
import type { AllocatorMap } from './allocator-map.ts';
import { MALLOC_STATE_FORMS, mallocStateForm } from './malloc-state.ts';
import type { MemoryImage } from './memory-image.ts';

/** A form that tcache_perthread_struct has had: a count for each bin, then the first chunk of each. */
interface CacheForm {
  /** Size of the chunk that holds the structure: how it is found. */
  readonly chunkBytes: number;
  readonly bins: number;
  readonly entriesAt: number;
}

const CACHE_FORMS: readonly CacheForm[] = [
  /** 2.26 to 2.29: counts of one byte. */
  { chunkBytes: 0x250, bins: 64, entriesAt: 64 },
  /** 2.30 to 2.41. */
  { chunkBytes: 0x290, bins: 64, entriesAt: 128 },
  /** 2.42 on: twelve bins more, for chunks of ranges of sizes. */
  { chunkBytes: 0x300, bins: 76, entriesAt: 152 },
];
/** Bins of one size each: of chunks of 32, 48, … bytes. Those behind them hold sizes up to twice the one before. */
const SMALL_BINS = 64;
const MIN_CHUNK = 32;
const CHUNK_HEADER = 16;
/** Far above glibc.malloc.tcache_count, whose largest value is 65,535. */
const LIST_LIMIT = 1 << 16;

const FAST_BINS = 10;
const BINS_TESTED = 16;
/** Static data searched for the main arena: the C library has less. */
const SEARCHED_BYTES_LIMIT = 1 << 20;

/** Takes cached chunks out of `map`; call once after the heaps were walked, before debug headers are skipped. */
export function dropCachedChunks(image: MemoryImage, map: AllocatorMap): void {
  const caches: { address: Address; form: CacheForm }[] = [];
  for (const heap of map.mallocHeaps) {
    map.blocks.forEachIn(heap.start, heap.end, (block) => {
      const size = chunkSize(image, block);
      for (const form of CACHE_FORMS) if (form.chunkBytes === size) caches.push({ address: block, form });
    });
  }
  for (const { address, form } of caches)
    if (isThreadCache(image, map, address, form)) drainCache(image, map, address, form);
  const arenas = new Set(map.mallocHeaps.map((heap) => heap.arena));
  for (const arena of arenas) {
    const state = arena !== 0 ? arena : findMainArena(image, map);
    const { fastBinsAt } = mallocStateForm(image, state);
    if (state !== 0 && fastBinsAt !== undefined) drainFastBins(image, map, state + fastBinsAt);
  }
}

/** Whether the block at `address` is a thread's cache: every bin is empty or starts with a live chunk of its size. */
function isThreadCache(image: MemoryImage, map: AllocatorMap, address: Address, form: CacheForm): boolean {
  let filled = 0;
  for (let bin = 0; bin < form.bins; bin++) {
    const word = image.u64(address + form.entriesAt + bin * 8);
    if (word === 0) continue;
    if (!isChunkOfBin(image, map, word, bin)) return false;
    filled++;
  }
  return filled > 0;
}

function isChunkOfBin(image: MemoryImage, map: AllocatorMap, block: Address, bin: number): boolean {
  if (block % 16 !== 0 || !map.blocks.has(block)) return false;
  const size = chunkSize(image, block);
  return bin < SMALL_BINS ? size === MIN_CHUNK + bin * 16 : size > MIN_CHUNK + SMALL_BINS * 16 - 16;
}

function drainCache(image: MemoryImage, map: AllocatorMap, address: Address, form: CacheForm): void {
  for (let bin = 0; bin < form.bins; bin++) {
    let block = image.pointer(address + form.entriesAt + bin * 8);
    for (let length = 0; block !== 0 && length < LIST_LIMIT && isChunkOfBin(image, map, block, bin); length++) {
      drop(map, block, chunkSize(image, block));
      block = followLink(image, block);
    }
  }
}

function drainFastBins(image: MemoryImage, map: AllocatorMap, bins: Address): void {
  for (let bin = 0; bin < FAST_BINS; bin++) {
    const size = MIN_CHUNK + bin * 16;
    // These link chunks, whose first word of content is the link; tcache links contents.
    let block = image.pointer(bins + bin * 8) + CHUNK_HEADER;
    for (let length = 0; length < LIST_LIMIT; length++) {
      if (block % 16 !== 0 || !map.blocks.has(block) || chunkSize(image, block) !== size) break;
      drop(map, block, size);
      const next = followLink(image, block);
      block = next === 0 ? 0 : next + CHUNK_HEADER;
    }
  }
}

function drop(map: AllocatorMap, block: Address, size: number): void {
  const { malloc } = map.totals;
  map.blocks.delete(block);
  malloc.liveChunks--;
  malloc.liveBytes -= size;
  malloc.freeBytes += size;
  malloc.cachedBytes += size;
}

/**
 * The link in a freed block's first word. From 2.32 on it is stored xor its own address shifted by 12 (PROTECT_PTR):
 * whichever reading ends the list or leads to a 16-aligned address nearby is right.
 */
function followLink(image: MemoryImage, block: Address): Address {
  const word = image.u64(block);
  if (word === 0) return 0;
  const shifted = Math.floor(block / 4096);
  const low = ((word % 2 ** 32) ^ (shifted % 2 ** 32)) >>> 0;
  const high = (Math.floor(word / 2 ** 32) ^ Math.floor(shifted / 2 ** 32)) >>> 0;
  const revealed = high * 2 ** 32 + low;
  if (revealed === 0) return 0;
  return revealed % 16 === 0 && image.isCopied(revealed) ? revealed : word;
}

function chunkSize(image: MemoryImage, block: Address): number {
  const word = image.u64(block - 8);
  return word - (word % 16);
}

/**
 * malloc_state of the main arena, a static variable of the C library that no symbol names in stripped ones: its `top`
 * is the last chunk of the brk heap, and an empty bin's links point at the bin itself. 0 when it is not found.
 */
function findMainArena(image: MemoryImage, map: AllocatorMap): Address {
  const heap = map.mallocHeaps.find((candidate) => candidate.arena === 0);
  if (heap === undefined) return 0;
  const top = heap.end - heap.topBytes;
  for (const region of image.regions) {
    if (!region.writable || region.shared || region.path === '[heap]' || region.path === '[stack]') continue;
    const end = Math.min(region.end, region.start + SEARCHED_BYTES_LIMIT);
    for (let at = region.start; at + 8 <= end; at += 8) {
      if (!image.isCopied(at)) break;
      if (image.u64(at) !== top) continue;
      const form = MALLOC_STATE_FORMS.find(({ topAt, binsAt }) => hasBins(image, at - topAt + binsAt));
      if (form !== undefined) return at - form.topAt;
    }
  }
  return 0;
}

/** Whether at least one of the first bins is empty, which links it to itself, and none is without links. */
function hasBins(image: MemoryImage, bins: Address): boolean {
  let empty = 0;
  for (let bin = 0; bin < BINS_TESTED; bin++) {
    const links = bins + bin * 16;
    const forward = image.pointer(links);
    if (forward === 0 || image.pointer(links + 8) === 0) return false;
    // A bin is linked as if it were a chunk, whose links follow its header.
    if (forward === links - CHUNK_HEADER) empty++;
  }
  return empty > 0;
}
