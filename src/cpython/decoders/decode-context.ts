// What every decoder needs: the memory, the layout, the types, and a bound on what a torn object may claim.

import type { ProblemLog } from '../../base/problems.ts';
import type { Address } from '../../graph/heap-graph.ts';
import type { Layout } from '../layout.ts';
import type { MemoryImage } from '../memory-image.ts';
import type { StringReader } from '../python-string.ts';
import type { ReferenceCountReader } from '../reference-count.ts';
import type { TypeTable } from '../type-table.ts';

export interface DecodeContext {
  readonly image: MemoryImage;
  readonly layout: Layout;
  readonly types: TypeTable;
  readonly strings: StringReader;
  readonly problems: ProblemLog;
  readonly countOf: ReferenceCountReader;
  /** tp_dict of a static type, which 3.12+ keeps per interpreter. */
  staticTypeDict(type: Address): Address;
}

/** A container cannot hold more pointers than its memory has words; claims past this are torn or forged. */
export const ENTRIES_LIMIT = 0x0fff_ffff;

/** Whether `count` rows at `start` lie in copied memory without a gap: a cheap test before a loop trusts a length. */
export function isReadableArray(image: MemoryImage, start: Address, count: number, stride: number): boolean {
  if (count === 0) return true;
  if (start === 0 || !(count > 0 && count <= ENTRIES_LIMIT)) return false;
  const last = image.segmentIndex(start + count * stride - 8);
  let segment = image.segmentIndex(start);
  if (segment < 0 || last < 0) return false;
  for (; segment < last; segment++) {
    const { start: from, bytes } = image.segments[segment]!;
    if (from + bytes.length !== image.segments[segment + 1]!.start) return false;
  }
  return true;
}
