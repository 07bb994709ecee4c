// Follows pointers of C types into raw heap blocks they own (tables, link nodes, buffers) and scans those for objects:
// it is how the contents of extension containers are found without a decoder for each.

import type { Address } from '../graph/heap-graph.ts';
import type { AddressSet } from './address-set.ts';
import type { AllocatorMap } from './allocator-map.ts';
import type { EdgeVisitor } from './edge-visitor.ts';
import type { MemoryImage } from './memory-image.ts';
import type { ObjectTest } from './object-test.ts';

/** Structure → table → node: deeper chains are lists, which would recurse for as long as they are. */
const DEPTH_LIMIT = 4;
/** Blocks larger than this are data (images, arrays), not tables of objects: owned, but not read. */
const SCANNED_BYTES_LIMIT = 1 << 20;

/** Claims raw blocks for the object being decoded and reports the words in them. One instance serves one walk. */
export class NativeBlockScan {
  readonly #image: MemoryImage;
  readonly #allocator: AllocatorMap;
  readonly #claimed: AddressSet;
  readonly #test: ObjectTest;
  #depth = 0;

  constructor(image: MemoryImage, allocator: AllocatorMap, claimed: AddressSet, test: ObjectTest) {
    this.#image = image;
    this.#allocator = allocator;
    this.#claimed = claimed;
    this.#test = test;
  }

  /** If `word` starts an unclaimed live block, gives the block to the current object and scans it. */
  follow(word: Address, visitor: EdgeVisitor): void {
    if (!this.#allocator.blocks.has(word) || this.#claimed.has(word) || this.#test.mayBeObjectBlock(word)) return;
    visitor.buffer(word);
    if (this.#depth >= DEPTH_LIMIT) return;
    const size = this.#allocator.usableSizeOf(word);
    if (size > SCANNED_BYTES_LIMIT) return;
    this.#depth++;
    const image = this.#image;
    for (let offset = 0; offset + 8 <= size; offset += 8) {
      const inner = image.pointer(word + offset);
      if (inner !== 0 && inner % 8 === 0) visitor.scanned(inner, offset / 8);
    }
    this.#depth--;
  }
}
