// What the picture of a process's memory is made of: stretches that the allocators got from the system, by address, each
// cut into cells of equal size.

import type { HeapBlocks } from '../cpython/block-use.ts';
import type { Address } from '../graph/heap-graph.ts';

export const REGION_KINDS = ['arena', 'malloc heap', 'mapped block'] as const;

export interface Region {
  readonly start: Address;
  readonly end: Address;
  /** Index into REGION_KINDS. */
  readonly kind: number;
}

/** Cells of a region at most, and bytes of one at least: an arena is drawn pool by pool, a heap of malloc coarsely. */
const CELLS_LIMIT = 256;
const ARENA_CELLS = 64;
const CELL_BYTES = 4096;

/** Ascending and disjoint. */
export function listRegions({ allocator }: Pick<HeapBlocks, 'allocator'>): Region[] {
  const of = (ranges: readonly { readonly start: Address; readonly end: Address }[], kind: number): Region[] =>
    ranges.map(({ start, end }) => ({ start, end, kind }));
  const regions = [...of(allocator.smallArenas, 0), ...of(allocator.mallocHeaps, 1), ...of(allocator.mappedChunks, 2)];
  const ascending = regions.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
  let reached = 0;
  // An arena that malloc handed out lies within malloc's own memory, and is drawn as part of it.
  return ascending.filter((region) => {
    if (region.start < reached) return false;
    reached = region.end;
    return true;
  });
}

export function cellCount({ start, end, kind }: Region): number {
  return Math.max(1, Math.min(kind === 0 ? ARENA_CELLS : CELLS_LIMIT, Math.floor((end - start) / CELL_BYTES)));
}

/** Where one of a region's `count` cells lies. */
export function cellExtent({ start, end }: Region, cell: number, count: number): readonly [Address, Address] {
  const size = (end - start) / count;
  return [start + Math.floor(cell * size), cell === count - 1 ? end : start + Math.floor((cell + 1) * size)];
}
