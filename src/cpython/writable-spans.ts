// The memory that C libraries cut up: the brk heap and anonymous mappings, neighbours joined.

import type { Address } from '../graph/heap-graph.ts';
import type { MemoryRegion } from './memory-reader.ts';

export interface Span {
  readonly start: Address;
  end: Address;
  readonly path: string;
}

/**
 * The brk heap and anonymous memory. Neighbours are one: advice on a part of a chunk (NumPy asks for huge pages) makes
 * mappings of their own out of it.
 */
export function writableSpans(regions: readonly MemoryRegion[]): Span[] {
  const spans: Span[] = [];
  for (const { start, end, path, readable, writable, shared } of regions) {
    if (!readable || !writable || shared || (path !== '' && path !== '[heap]')) continue;
    const before = spans.at(-1);
    if (before !== undefined && before.end === start && before.path === path) before.end = end;
    else spans.push({ start, end, path });
  }
  return spans;
}

/** Bytes of all writable memory: what a forged count may claim at most. */
export function writableBytes(regions: readonly MemoryRegion[]): number {
  return regions.reduce((sum, { start, end, writable }) => sum + (writable ? end - start : 0), 0);
}
