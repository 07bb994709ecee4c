// The forms that glibc's struct malloc_state (malloc/malloc.c) has had: no debug information of it is at hand.

import type { Address } from '../graph/heap-graph.ts';
import type { MemoryImage } from './memory-image.ts';

/** Offsets on 64-bit. */
export interface MallocStateForm {
  readonly size: number;
  readonly topAt: number;
  readonly binsAt: number;
  /** Undefined where there are no fast bins. */
  readonly fastBinsAt: number | undefined;
}

/** 2.27 to 2.42. */
const WITH_FAST_BINS: MallocStateForm = { size: 0x898, topAt: 96, binsAt: 112, fastBinsAt: 16 };
/** 2.43 on: threads' caches serve the sizes that fast bins did. */
const WITHOUT_FAST_BINS: MallocStateForm = { size: 0x840, topAt: 8, binsAt: 24, fastBinsAt: undefined };

export const MALLOC_STATE_FORMS = [WITH_FAST_BINS, WITHOUT_FAST_BINS] as const;

/** Where `top` is in the newer form, a flag and padding are in the older one. */
export function mallocStateForm(image: MemoryImage, state: Address): MallocStateForm {
  return image.pointer(state + WITHOUT_FAST_BINS.topAt) > 0xffff_ffff ? WITHOUT_FAST_BINS : WITH_FAST_BINS;
}

const IS_MMAPPED = 2;
const FLAG_BITS = 7;
const PAGE = 4096;
/** 2.43 leaves the chunk's own header out of the size of a mapped chunk. */
const HEADER = 16;

/** Length of the mapping of a chunk that has one of its own, from the chunk's size word; 0 when it is no such chunk. */
export function mappedChunkBytes(sizeWord: number): number {
  if ((sizeWord & FLAG_BITS) !== IS_MMAPPED) return 0;
  const size = sizeWord - IS_MMAPPED;
  if (size % PAGE === 0) return size;
  return (size + HEADER) % PAGE === 0 ? size + HEADER : 0;
}
