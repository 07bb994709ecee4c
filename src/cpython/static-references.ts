// References from the static data of the executable and its libraries: C variables that hold objects, and who has them.
// Conservative: a variable may borrow, so what they hold is for the reference counts to say.

import type { Address } from '../graph/heap-graph.ts';
import type { MemoryImage } from './memory-image.ts';
import type { StaticMemory } from './static-memory.ts';

/** Static data searched at most; interpreters and their libraries have a few MiB of it. */
const SEARCHED_BYTES_LIMIT = 256 << 20;
/** Objects remembered: more are a table, which has no need of a name for each. */
const HELD_LIMIT = 1 << 20;

/** File name of the module whose data refers to an object, by the object's address. */
export type StaticHolders = ReadonlyMap<Address, string>;

/**
 * Calls `reach` for every object outside static data that a word of static data refers to, and tells which module's
 * data that is.
 */
export function findStaticReferences(
  image: MemoryImage,
  statics: StaticMemory,
  isObject: (word: Address) => boolean,
  reach: (object: Address) => void,
): StaticHolders {
  const holders = new Map<Address, string>();
  let searched = 0;
  let fileName = '';
  for (const region of image.regions) {
    if (region.path.startsWith('/')) fileName = region.path.slice(region.path.lastIndexOf('/') + 1);
    if (!region.writable || region.shared || !statics.has(region.start)) continue;
    searched += region.end - region.start;
    if (searched > SEARCHED_BYTES_LIMIT) break;
    for (let at = region.start; at + 8 <= region.end && statics.has(at); at += 8) {
      if (!image.isCopied(at)) continue;
      const word = image.pointer(at);
      if (word === 0 || word % 8 !== 0 || statics.has(word) || !isObject(word)) continue;
      reach(word);
      if (holders.size < HELD_LIMIT && !holders.has(word)) holders.set(word, fileName);
    }
  }
  return holders;
}
