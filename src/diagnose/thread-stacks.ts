// Finds C stacks in anonymous memory: from the threads' stack pointers, and from the structure that glibc keeps at the
// end of each thread's stack, whose address Python knows as the thread's ident.

import type { Address } from '../graph/heap-graph.ts';

/** A stack glibc made for a thread. */
export interface StackRange {
  readonly start: Address;
  readonly end: Address;
}

export interface StackClues {
  /** Where the stacks of running threads are used, ascending. */
  readonly pointers: readonly Address[];
  /** Stacks whose whole extent is known, ascending. */
  readonly ranges: readonly StackRange[];
}

/** The stacks in [start, end), memory that belongs to no allocator: ascending and disjoint. */
export function findStacks({ pointers, ranges }: StackClues, start: Address, end: Address): StackRange[] {
  const found: StackRange[] = [];
  for (const range of ranges) {
    if (range.end <= start || range.start >= end) continue;
    found.push({ start: Math.max(start, range.start), end: Math.min(end, range.end) });
  }
  for (const pointer of pointers) {
    if (pointer < start || pointer >= end || found.some((stack) => pointer >= stack.start && pointer < stack.end))
      continue;
    // A thread that Python does not know: what lies between its neighbours.
    const before = found.findLast((stack) => stack.end <= pointer);
    const after = found.find((stack) => stack.start > pointer);
    found.push({ start: before?.end ?? start, end: after?.start ?? end });
    found.sort((a, b) => a.start - b.start);
  }
  if (found.length === 0) {
    // glibc keeps the stacks of ended threads for new ones: gaps that are as long as a stack.
    if (ranges.some((range) => isAsLong(range, end - start))) return [{ start, end }];
    return [];
  }
  return found;
}

const GUARD_LIMIT = 64 << 10;

/** A kept stack may have lost its guard pages to a neighbour, or have those of another mapping. */
function isAsLong(range: StackRange, bytes: number): boolean {
  return Math.abs(range.end - range.start - bytes) <= GUARD_LIMIT;
}
