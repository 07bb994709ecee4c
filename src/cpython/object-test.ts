// Decides whether a word found in unknown memory points at a Python object. Strict: a false object invents a holder.

import type { Address } from '../graph/heap-graph.ts';
import type { AddressSet } from './address-set.ts';
import type { AllocatorMap } from './allocator-map.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';
import { IMMORTAL, type ReferenceCountReader } from './reference-count.ts';
import { TypeFlag, type TypeInfo, type TypeTable } from './type-table.ts';

/** No object has more references than this: the count of a non-object is usually a pointer or text. */
const COUNT_LIMIT = 1 << 30;
/** Below this nothing is mapped; small numbers are the commonest non-pointers. */
const LOWEST_ADDRESS = 0x10000;

export class ObjectTest {
  readonly #image: MemoryImage;
  readonly #types: TypeTable;
  readonly #allocator: AllocatorMap;
  readonly #tracked: AddressSet;
  readonly #countOf: ReferenceCountReader;
  readonly #hasGcHead: boolean;
  readonly #layout: Layout;
  readonly #leastString: number;
  readonly #isStatic: (address: Address) => boolean;

  /** `tracked` are the objects on the collector's lists; `isStatic` tells the data of the executable and its libraries. */
  constructor(
    image: MemoryImage,
    layout: Layout,
    types: TypeTable,
    allocator: AllocatorMap,
    tracked: AddressSet,
    countOf: ReferenceCountReader,
    isStatic: (address: Address) => boolean,
  ) {
    this.#image = image;
    this.#types = types;
    this.#allocator = allocator;
    this.#tracked = tracked;
    this.#countOf = countOf;
    this.#hasGcHead = layout.hasGcHead;
    this.#leastString = layout.sizeof('PyASCIIObject') + 1;
    this.#layout = layout;
    this.#isStatic = isStatic;
  }

  /** Whether `word` is the address of an object; `known` are objects already found. */
  isObject(word: Address, known: AddressSet): boolean {
    if (word < LOWEST_ADDRESS || word % 8 !== 0) return false;
    if (known.has(word) || this.#tracked.has(word)) return true;
    const index = this.#types.indexOfObject(word);
    if (index < 0) return false;
    if (!this.#isCounted(word)) return false;
    const type = this.#types.types[index]!;
    // A collectable object is on a list (then it is tracked) or has no links.
    if (type.isGc && this.#hasGcHead && !this.#isStatic(word) && this.#image.u64(word - 16) !== 0) return false;
    const block = this.#allocator.blockOf(word);
    if (block !== 0) {
      const header = word - block;
      const mayHaveHeader = type.isGc ? header > 0 || !this.#hasGcHead : header === 0 || header === 16;
      return mayHaveHeader && header + this.#leastSize(type) <= this.#allocator.usableSizeOf(block);
    }
    return this.#isStatic(word) || !this.#allocator.isKnown;
  }

  /** Compact strings are smaller than their type's basic size. */
  #leastSize(type: TypeInfo): number {
    return (type.flags & TypeFlag.unicode) !== 0 ? this.#leastString : type.basicSize;
  }

  /**
   * Whether the first word can be a reference count. It is a pointer in arrays of objects whose second item is a class,
   * and in freed objects that CPython keeps for reuse (3.14 on): there it links to the next one.
   */
  #isCounted(object: Address): boolean {
    const count = this.#countOf(object);
    if (count !== IMMORTAL && (count < 1 || count > COUNT_LIMIT)) return false;
    if (this.#layout.freeThreaded) return true;
    // 3.12 counts in the lower half only; from 3.14 on the upper half's upper half has flags.
    if (this.#layout.minor >= 12 && (this.#image.u32(object + 4) & 0xffff) !== 0) return false;
    // Executables that are not position-independent have their data and heap where numbers are.
    const word = this.#image.u64(object);
    return word < LOWEST_ADDRESS || word % 8 !== 0 || !(this.#isStatic(word) || this.#allocator.blockOf(word) !== 0);
  }

  /** Whether the block at `block` holds an object, behind any pre-header: such a block is no raw buffer. */
  mayBeObjectBlock(block: Address): boolean {
    return this.objectInBlock(block) !== 0;
  }

  /** The object in a live block, or 0. */
  objectInBlock(block: Address): Address {
    for (let header = 0; header <= 32; header += 16) {
      const object = block + header;
      if (this.#tracked.has(object)) return object;
      if (!this.#image.isCopied(object + 8)) return 0;
      const index = this.#types.indexOfObject(object);
      if (index < 0) continue;
      const type = this.#types.types[index]!;
      if (!this.#isCounted(object)) continue;
      if (type.isGc && this.#hasGcHead ? header === 0 : header > 16) continue;
      if (type.isGc && this.#hasGcHead && this.#image.u64(object - 16) !== 0) continue;
      if (header + this.#leastSize(type) > this.#allocator.usableSizeOf(block)) continue;
      return object;
    }
    return 0;
  }
}
