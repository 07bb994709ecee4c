// References from the static data of the executable and its libraries: C variables that hold objects, and who has them.
// Conservative: a variable may borrow, so what they hold is for the reference counts to say.

import type { Address } from '../graph/heap-graph.ts';
import type { MemoryImage } from './memory-image.ts';
import type { StaticMemory } from './static-memory.ts';

/** Static data searched at most; interpreters and their libraries have a few MiB of it. */
const SEARCHED_BYTES_LIMIT = 256 << 20;
/** Objects remembered: more are a table, which has no need of a name for each. */
const HELD_LIMIT = 1 << 20;

/** What refers to an object, by the object's address: `static data of FILE`, or the name of a range. */
export type StaticHolders = ReadonlyMap<Address, string>;

/** Memory of the interpreter's own, which may lie in the heap. */
export interface NativeRange {
  readonly start: Address;
  readonly end: Address;
  readonly name: string;
}

/**
 * Calls `reach` for every object that a word of static data or of `ranges` refers to, and tells what that word belongs
 * to. Objects in static data are left out: they need no holder.
 */
export function findStaticReferences(
  image: MemoryImage,
  statics: StaticMemory,
  ranges: readonly NativeRange[],
  isObject: (word: Address) => boolean,
  reach: (object: Address) => void,
): StaticHolders {
  const holders = new Map<Address, string>();
  const search = ({ start, end, name }: NativeRange): void => {
    for (let at = start; at + 8 <= end; at += 8) {
      if (!image.isCopied(at)) continue;
      const word = image.pointer(at);
      if (word === 0 || word % 8 !== 0 || statics.has(word) || !isObject(word)) continue;
      reach(word);
      if (holders.size < HELD_LIMIT && !holders.has(word)) holders.set(word, name);
    }
  };
  let searched = 0;
  let fileName = '';
  for (const region of image.regions) {
    if (region.path.startsWith('/')) fileName = region.path.slice(region.path.lastIndexOf('/') + 1);
    if (!region.writable || region.shared || !statics.has(region.start)) continue;
    const end = statics.endAt(region.start);
    searched += end - region.start;
    if (searched > SEARCHED_BYTES_LIMIT) break;
    search({ start: region.start, end: Math.min(end, region.end), name: `static data of ${fileName}` });
  }
  for (const range of ranges) search(range);
  return holders;
}
