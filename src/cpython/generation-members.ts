// The objects on one list of the cyclic collector, one after the other, and which are frozen where there are no lists.

import type { Address } from '../graph/heap-graph.ts';
import type { FrozenMark } from './collector-state.ts';
import type { MemoryImage } from './memory-image.ts';

/** sizeof(PyGC_Head): the links lie this far before the object. */
export const GC_HEAD = 16;

/** Calls `visit` with the address of each object, at most `limit` of them: a torn list may not close. */
export function forEachMember(
  image: MemoryImage,
  head: Address,
  limit: number,
  visit: (object: Address) => void,
): void {
  let left = limit;
  for (let link = nextOf(image, head); link !== head && link !== 0 && left > 0; left--) {
    visit(link + GC_HEAD);
    link = nextOf(image, link);
  }
}

/** `_gc_next` without the flag bits the collectors keep in it. */
export function nextOf(image: MemoryImage, link: Address): Address {
  const next = image.pointer(link);
  return next - (next % 4);
}

/** Whether gc.freeze() set the object aside, in a build that keeps no lists. */
export function isFrozen(image: MemoryImage, mark: FrozenMark | undefined, object: Address): boolean {
  return mark !== undefined && (image.u8(object + mark.offset) & mark.mask) !== 0;
}
