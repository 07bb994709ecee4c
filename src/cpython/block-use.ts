// Attributes every live allocator block to what it is: an object, a buffer that an object owns, either of them garbage,
// or memory of native code; and counts how much of each is resident. One ascending sweep over the blocks.

import { type BitSet, hasBit } from '../base/bitset.ts';
import type { Address, NodeIndex } from '../graph/heap-graph.ts';
import { AddressSet } from './address-set.ts';
import type { AllocatorMap } from './allocator-map.ts';
import type { OwnedBuffers } from './edge-emission.ts';
import type { MemoryImage } from './memory-image.ts';
import type { ResidentPages } from './resident-pages.ts';
import type { StaticMemory } from './static-memory.ts';

/** What a live block is. */
export const BlockKind = {
  /** Holds an object that a root reaches. */
  object: 0,
  /** Belongs to such an object: a dict's table, a list's items, the data of an array. */
  buffer: 1,
  /** Holds an unreachable object, or belongs to one. */
  garbage: 2,
  /** Holds no object and belongs to none that is known. */
  native: 3,
  /** Belongs to the tables of tracemalloc. */
  tracemalloc: 4,
} as const;
export type BlockKind = (typeof BlockKind)[keyof typeof BlockKind];
export const BLOCK_KINDS = 5;

/** The blocks of one image with what is known of each; everything is indexed by address. */
export interface HeapBlocks {
  readonly image: MemoryImage;
  readonly allocator: AllocatorMap;
  readonly statics: StaticMemory;
  /** Objects; their ranks are node indices. */
  readonly nodes: AddressSet;
  /** Blocks that hold an object, belong to one, or are otherwise accounted for. */
  readonly claimed: AddressSet;
  /** Of `claimed`: those of tracemalloc's own tables. */
  readonly tracemalloc: AddressSet;
  readonly buffers: OwnedBuffers;
}

/** Resident bytes and blocks by kind, in the allocator of small blocks and in malloc. Arrays have BLOCK_KINDS items. */
export interface BlockUse {
  readonly smallBytes: Float64Array;
  readonly mallocBytes: Float64Array;
  /** Of both: in blocks that tracemalloc traces. */
  readonly tracedBytes: Float64Array;
  /** Of both: in pages that other processes map too. */
  readonly sharedBytes: Float64Array;
  readonly blocks: Float64Array;
  /** Resident bytes of live blocks in each of `allocator.smallArenas`, and in each of `allocator.runs`. */
  readonly arenaLiveBytes: Float64Array;
  readonly runLiveBytes: Float64Array;
  readonly runLiveBlocks: Uint32Array;
  /** Resident bytes of live blocks in each of `allocator.mallocHeaps`. */
  readonly heapLiveBytes: Float64Array;
}

export interface BlockUseInput {
  readonly blocks: HeapBlocks;
  readonly resident: ResidentPages;
  readonly shared: ResidentPages;
  /** Nodes that a root reaches. */
  readonly reachable: BitSet;
  /** Blocks that tracemalloc traces, where they are told apart. */
  readonly traced?: AddressSet | undefined;
}

/** Sums up the live blocks: O(blocks), ascending. */
export function measureBlocks({ blocks, resident, shared, reachable, traced }: BlockUseInput): BlockUse {
  const { allocator } = blocks;
  const use: BlockUse = {
    smallBytes: new Float64Array(BLOCK_KINDS),
    mallocBytes: new Float64Array(BLOCK_KINDS),
    tracedBytes: new Float64Array(BLOCK_KINDS),
    sharedBytes: new Float64Array(BLOCK_KINDS),
    blocks: new Float64Array(BLOCK_KINDS),
    arenaLiveBytes: new Float64Array(allocator.smallArenas.length),
    runLiveBytes: new Float64Array(allocator.runs.length),
    runLiveBlocks: new Uint32Array(allocator.runs.length),
    heapLiveBytes: new Float64Array(allocator.mallocHeaps.length),
  };
  const garbageBuffers = buffersOfGarbage(blocks, reachable);
  const runs = new RangeCursor(allocator.runs);
  const arenas = new RangeCursor(allocator.smallArenas);
  const heaps = new RangeCursor(allocator.mallocHeaps);
  allocator.blocks.forEach((block) => {
    const kind = kindOf(blocks, block, reachable, garbageBuffers);
    const start = allocator.extentStart(block);
    const end = start + allocator.sizeOf(block);
    const bytes = resident.overlap(start, end);
    use.blocks[kind]!++;
    if (traced?.has(block) === true) use.tracedBytes[kind]! += bytes;
    use.sharedBytes[kind]! += shared.overlap(start, end);
    const run = runs.indexAt(start);
    if (run >= 0) {
      use.smallBytes[kind]! += bytes;
      use.runLiveBytes[run]! += bytes;
      use.runLiveBlocks[run]!++;
      const arena = arenas.indexAt(start);
      if (arena >= 0) use.arenaLiveBytes[arena]! += bytes;
      return;
    }
    use.mallocBytes[kind]! += bytes;
    const heap = heaps.indexAt(start);
    if (heap >= 0) use.heapLiveBytes[heap]! += bytes;
  });
  return use;
}

function kindOf(blocks: HeapBlocks, block: Address, reachable: BitSet, garbageBuffers: AddressSet): BlockKind {
  if (!blocks.claimed.has(block)) return BlockKind.native;
  if (blocks.tracemalloc.has(block)) return BlockKind.tracemalloc;
  const node = nodeInBlock(blocks, block);
  if (node >= 0) return hasBit(reachable, node) ? BlockKind.object : BlockKind.garbage;
  return garbageBuffers.has(block) ? BlockKind.garbage : BlockKind.buffer;
}

/** The object in a block, behind up to four words of pre-header, or -1. */
export function nodeInBlock({ nodes }: HeapBlocks, block: Address): NodeIndex {
  for (let header = 0; header <= 32; header += 16) {
    const node = nodes.rank(block + header);
    if (node >= 0) return node;
  }
  return -1;
}

function buffersOfGarbage({ image, buffers }: HeapBlocks, reachable: BitSet): AddressSet {
  const found = new AddressSet(image);
  for (let i = 0; i < buffers.count; i++) {
    if (!hasBit(reachable, buffers.owners[i]!)) found.add(buffers.addresses[i]!);
  }
  return found;
}

/** Finds the range an address lies in, among disjoint ones in any order; quick for ascending addresses. */
export class RangeCursor {
  readonly #starts: Float64Array;
  readonly #ends: Float64Array;
  /** Position of each range in the list given. */
  readonly #indices: Uint32Array;
  #current = 0;

  constructor(ranges: readonly { readonly start: Address; readonly end: Address }[]) {
    const order = Array.from(ranges.keys()).sort((a, b) => ranges[a]!.start - ranges[b]!.start);
    this.#starts = Float64Array.from(order, (i) => ranges[i]!.start);
    this.#ends = Float64Array.from(order, (i) => ranges[i]!.end);
    this.#indices = Uint32Array.from(order);
  }

  /** Index of the range in the list given, or -1. */
  indexAt(address: Address): number {
    const starts = this.#starts;
    if (address < starts[this.#current]! || address >= this.#ends[this.#current]!)
      this.#current = this.#search(address);
    return address >= starts[this.#current]! && address < this.#ends[this.#current]!
      ? this.#indices[this.#current]!
      : -1;
  }

  #search(address: Address): number {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (address < this.#starts[middle]!) high = middle - 1;
      else low = middle + 1;
    }
    return Math.max(0, high);
  }
}
