// What glibc's malloc has in each of its arenas: in use, free, and free at the end, where it could be given back.

import type { HeapBlocks } from '../cpython/block-use.ts';
import type { RssMeasure } from './rss-parts.ts';

export interface MallocArenaRow {
  /** `main`, or `thread` for one that malloc made so that threads need not wait for each other. */
  readonly kind: 'main' | 'thread';
  /** Of its malloc_state; absent for the main arena. */
  readonly address?: string;
  readonly heaps: number;
  /** Mapped from the system. */
  readonly bytes: number;
  readonly resident_bytes: number;
  readonly live_bytes: number;
  readonly free_bytes: number;
  /** Free bytes at the ends of its heaps. */
  readonly top_bytes: number;
}

export interface MallocReport {
  /** Largest first. */
  readonly arenas: readonly MallocArenaRow[];
  /** Chunks large enough for a mapping of their own: given back when freed. */
  readonly mapped_chunks: number;
  readonly mapped_bytes: number;
  /** Freed chunks kept in threads' caches and fast bins. */
  readonly cached_bytes: number;
}

/** Figures count resident bytes, but for `bytes`, `top_bytes` and those of mapped chunks and caches. */
export function reportMalloc(measure: RssMeasure, { allocator }: HeapBlocks): MallocReport {
  const byArena = new Map<number, MallocArenaRow>();
  for (const [i, heap] of allocator.mallocHeaps.entries()) {
    const before = byArena.get(heap.arena);
    const resident = measure.resident.overlap(heap.start, heap.end);
    const live = measure.blockUse.heapLiveBytes[i]!;
    byArena.set(heap.arena, {
      kind: heap.arena === 0 ? 'main' : 'thread',
      ...(heap.arena === 0 ? {} : { address: `0x${heap.arena.toString(16)}` }),
      heaps: (before?.heaps ?? 0) + 1,
      bytes: (before?.bytes ?? 0) + heap.end - heap.start,
      resident_bytes: (before?.resident_bytes ?? 0) + resident,
      live_bytes: (before?.live_bytes ?? 0) + live,
      free_bytes: (before?.free_bytes ?? 0) + Math.max(0, resident - live),
      top_bytes: (before?.top_bytes ?? 0) + heap.topBytes,
    });
  }
  return {
    arenas: [...byArena.values()].sort((a, b) => b.resident_bytes - a.resident_bytes),
    mapped_chunks: allocator.mappedChunks.length,
    mapped_bytes: allocator.mappedChunks.reduce((sum, chunk) => sum + chunk.end - chunk.start, 0),
    cached_bytes: allocator.totals.malloc.cachedBytes,
  };
}
