// Whose the memory is that native code allocated by itself: blocks of malloc that are no Python objects and that no
// object was found to own. They are followed as a leak sanitiser does it: from the static data of each library, from what
// objects of extension types own, and from the stacks of running calls, along every word that is the address of a block.
// What none of them leads to is lost, as far as can be seen.

import type { Address, HeapGraph } from '../graph/heap-graph.ts';
import { qualifiedTypeName } from '../graph/heap-graph.ts';
import { AddressSet } from './address-set.ts';
import type { HeapBlocks } from './block-use.ts';
import { BLOCK_BYTES_LIMIT, forEachPointer, visitStacks, visitStaticWords } from './native-words.ts';
import type { StackExtent } from './stack-memory.ts';

export type NativeOwnerKind =
  /** Static data of a file, or memory that it leads to. */
  | 'library'
  /** Memory that objects of a type own, or that it leads to. */
  | 'objects'
  /** Only calls that run lead there. */
  | 'calls'
  /** Nothing does. */
  | 'nobody';

export interface NativeOwner {
  readonly kind: NativeOwnerKind;
  /** File name of the library, or qualified name of the type; empty for the rest. */
  readonly name: string;
  readonly blocks: number;
  /** As the allocator counts them. */
  readonly bytes: number;
}

export interface NativeReachInput {
  readonly blocks: HeapBlocks;
  readonly graph: HeapGraph;
  readonly threadStacks: readonly StackExtent[];
  readonly stackPointers: readonly Address[];
  /** Blocks that are accounted for otherwise: followed, and not counted. */
  readonly traced: AddressSet;
  /** Files whose claims come last: the interpreter and the C library, which lead to nearly everything. */
  readonly isCommonFile: (file: string) => boolean;
}

/** Bytes of blocks read for pointers. */
const READ_BYTES_LIMIT = 512 << 20;
/** Headers that libraries which wrap malloc put before what they hand out. */
const WRAPPER_HEADERS = [0, 8, 16] as const;
/** Containers of the interpreter itself hold objects, which have been followed. */
const INTERPRETER_MODULES: ReadonlySet<string> = new Set(['', 'builtins', 'collections']);

export interface NativeOwners {
  /** Most bytes first. */
  readonly owners: readonly NativeOwner[];
  /** Whether all memory was read that may lead to more: else what is nobody's is too much. */
  readonly isComplete: boolean;
}

/** Owners of untraced native memory. O(words of native memory). */
export function findNativeOwners(input: NativeReachInput): NativeOwners {
  return new NativeReach(input).run();
}

interface Tally {
  readonly kind: NativeOwnerKind;
  readonly name: string;
  blocks: number;
  bytes: number;
}

class NativeReach {
  readonly #input: NativeReachInput;
  readonly #seen: AddressSet;
  readonly #tallies = new Map<string, Tally>();
  #pending: Address[] = [];
  #bytesLeft = READ_BYTES_LIMIT;

  constructor(input: NativeReachInput) {
    this.#input = input;
    this.#seen = new AddressSet(input.blocks.image);
  }

  run(): NativeOwners {
    const { blocks, threadStacks, stackPointers, traced, isCommonFile } = this.#input;
    const { image, allocator, statics, claimed } = blocks;
    const searchFiles = (common: boolean): void =>
      visitStaticWords({ image, statics, ranges: [] }, (word, { name }) => {
        if (isCommonFile(name) === common) this.#follow(word, 'library', name);
      });
    searchFiles(false);
    this.#searchObjects();
    searchFiles(true);
    visitStacks({ image, threadStacks, stackPointers }, (word) => this.#follow(word, 'calls', ''));
    allocator.blocks.forEach((block) => {
      if (!claimed.has(block) && !traced.has(block) && !this.#seen.has(block)) this.#count('nobody', '', block);
    });
    const owners = [...this.#tallies.values()].sort((a, b) => b.bytes - a.bytes);
    return { owners, isComplete: this.#bytesLeft > 0 };
  }

  /** What objects of types from elsewhere own: counted where it is not traced, and followed. */
  #searchObjects(): void {
    const { graph, blocks, traced } = this.#input;
    const { addresses, owners, count } = blocks.buffers;
    for (let i = 0; i < count; i++) {
      const type = graph.types[graph.typeOf[owners[i]!]!]!;
      const name = qualifiedTypeName(type);
      if (!traced.has(addresses[i]!)) this.#count('objects', name, addresses[i]!);
      if (!INTERPRETER_MODULES.has(type.module))
        this.#read(addresses[i]!, (word) => this.#follow(word, 'objects', name));
    }
  }

  /** Gives the block that `word` points at, and what that leads to, to an owner. */
  #follow(word: Address, kind: NativeOwnerKind, name: string): void {
    this.#reach(word, kind, name);
    while (this.#pending.length > 0) {
      this.#read(this.#pending.pop()!, (inner) => this.#reach(inner, kind, name));
    }
  }

  #reach(word: Address, kind: NativeOwnerKind, name: string): void {
    const { allocator, claimed } = this.#input.blocks;
    for (const header of WRAPPER_HEADERS) {
      const block = word - header;
      if (!allocator.blocks.has(block)) continue;
      if (claimed.has(block) || !this.#seen.add(block)) return;
      if (!this.#input.traced.has(block)) this.#count(kind, name, block);
      this.#pending.push(block);
      return;
    }
  }

  #read(block: Address, visit: (word: Address) => void): void {
    const { image, allocator } = this.#input.blocks;
    const size = allocator.usableSizeOf(block);
    if (size > BLOCK_BYTES_LIMIT || this.#bytesLeft <= 0) return;
    this.#bytesLeft -= size;
    forEachPointer(image, block, size, visit);
  }

  #count(kind: NativeOwnerKind, name: string, block: Address): void {
    const bytes = this.#input.blocks.allocator.sizeOf(block);
    const key = `${kind} ${name}`;
    const tally = this.#tallies.get(key);
    if (tally === undefined) this.#tallies.set(key, { kind, name, blocks: 1, bytes });
    else {
      tally.blocks++;
      tally.bytes += bytes;
    }
  }
}
