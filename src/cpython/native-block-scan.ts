// Follows pointers of C types into raw heap blocks they own (tables, link nodes, buffers) and scans those for objects:
// it is how the contents of extension containers are found without a decoder for each.

import type { Address } from '../graph/heap-graph.ts';
import type { AddressSet } from './address-set.ts';
import type { AllocatorMap } from './allocator-map.ts';
import type { EdgeVisitor } from './edge-visitor.ts';
import type { MemoryImage } from './memory-image.ts';
import type { ObjectTest } from './object-test.ts';

/** Structure → table → node: deeper chains are lists, which would recurse for as long as they are. */
const DEPTH_LIMIT = 6;
/** Blocks larger than this are data (images, arrays), not tables of objects: owned, but not read. */
const SCANNED_BYTES_LIMIT = 1 << 20;

/** Claims raw blocks for the object being decoded and reports the words in them. One instance serves one walk. */
export class NativeBlockScan {
  readonly #image: MemoryImage;
  readonly #allocator: AllocatorMap;
  readonly #claimed: AddressSet;
  readonly #owned: AddressSet;
  readonly #direct: AddressSet;
  readonly #test: ObjectTest;
  #depth = 0;

  /**
   * `owned` are the blocks that belong to an object for certain: pointers to them from elsewhere are borrowed. `direct`
   * are those that an object itself points at; the first walk fills it. Raw blocks are full of stale pointers, so
   * what they point at goes to such an object rather than to theirs.
   */
  constructor(
    image: MemoryImage,
    allocator: AllocatorMap,
    claimed: AddressSet,
    sets: { readonly owned: AddressSet; readonly direct: AddressSet },
    test: ObjectTest,
  ) {
    this.#image = image;
    this.#allocator = allocator;
    this.#claimed = claimed;
    this.#owned = sets.owned;
    this.#direct = sets.direct;
    this.#test = test;
  }

  /** Whether a raw block is being read: what is reported meanwhile is a guess. */
  get isGuessing(): boolean {
    return this.#depth > 0;
  }

  /** Gives the unclaimed live block at `word`, and the blocks it points at, to the current object as raw data. */
  claim(word: Address, visitor: EdgeVisitor): void {
    const block = this.#blockAt(word);
    if (this.#take(block, visitor)) this.#forEachWord(block, (inner) => this.claim(inner, visitor));
  }

  /** As `claim`, but also reports the references in those blocks. */
  follow(word: Address, visitor: EdgeVisitor): void {
    const block = this.#blockAt(word);
    if (this.#take(block, visitor)) this.#forEachWord(block, (inner, ordinal) => visitor.scanned(inner, ordinal));
  }

  /** The block a word points at: libraries that wrap malloc (SQLite, OpenSSL) hand out addresses behind a header of theirs. */
  #blockAt(word: Address): Address {
    const { blocks } = this.#allocator;
    if (blocks.has(word)) return word;
    if (blocks.has(word - 8)) return word - 8;
    return blocks.has(word - 16) ? word - 16 : 0;
  }

  #take(block: Address, visitor: EdgeVisitor): boolean {
    if (block === 0 || this.#owned.has(block)) return false;
    if (this.#depth === 0) this.#direct.add(block);
    else if (this.#direct.has(block)) return false;
    if (this.#claimed.has(block)) return false;
    if (this.#test.mayBeObjectBlock(block)) return false;
    this.#depth++;
    visitor.buffer(block);
    this.#depth--;
    return true;
  }

  #forEachWord(block: Address, visit: (word: Address, ordinal: number) => void): void {
    if (this.#depth >= DEPTH_LIMIT) return;
    const size = this.#allocator.usableSizeOf(block);
    if (size > SCANNED_BYTES_LIMIT) return;
    this.#depth++;
    for (let offset = 0; offset + 8 <= size; offset += 8) {
      const word = this.#image.pointer(block + offset);
      if (word !== 0 && word % 8 === 0) visit(word, offset / 8);
    }
    this.#depth--;
  }
}
