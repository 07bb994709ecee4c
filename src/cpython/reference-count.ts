// Reference counts in every form CPython has had, and which objects never die.

import type { Address } from '../graph/heap-graph.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';

/** The object is never freed, so its count says nothing. */
export const IMMORTAL = -1;
/** Counts past this are torn reads. */
const COUNT_LIMIT = 2 ** 40;
/** ob_gc_bits: the interpreter counts some references to this object only during collections (free-threaded builds). */
const DEFERRED_BIT = 64;

/** Reads the reference count of the object at an address: a count, or IMMORTAL. */
export type ReferenceCountReader = (object: Address) => number;

export function referenceCountReader(image: MemoryImage, layout: Layout): ReferenceCountReader {
  switch (layout.immortality) {
    case 'none':
      return (object) => plausible(image.u64(object));
    case 'exact-u32':
      return (object) => {
        const count = image.u32(object);
        // 3.12 and 3.13 saturate the low half: all ones is immortal, and counts near it are on their way there.
        return count >= 0x8000_0000 ? IMMORTAL : count;
      };
    case 'sign-u32':
      return (object) => {
        const count = image.u32(object);
        return count >= 0x8000_0000 ? IMMORTAL : count;
      };
    case 'local-u32': {
      const local = layout.at('PyObject.ob_ref_local');
      const shared = layout.at('PyObject.ob_ref_shared');
      const bits = layout.at('PyObject.ob_gc_bits');
      return (object) => {
        const count = image.u32(object + local);
        if (count === 0xffff_ffff || (image.u8(object + bits) & DEFERRED_BIT) !== 0) return IMMORTAL;
        return count + Math.floor(image.i64(object + shared) / 4);
      };
    }
  }
}

function plausible(count: number): number {
  // Up to 3.11 immortality does not exist; absurd counts belong to torn objects and must not become roots.
  return count > COUNT_LIMIT ? IMMORTAL : count;
}
