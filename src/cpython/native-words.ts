// The words of native memory that may be references: C stacks of threads, static data, raw blocks that no object owns.
// Tells whose memory each word lies in; whether it is a reference is for the counts to say (refcount-audit.ts).

import type { Address } from '../graph/heap-graph.ts';
import { AddressSet } from './address-set.ts';
import type { AllocatorMap } from './allocator-map.ts';
import type { MemoryImage } from './memory-image.ts';
import type { NativeHolder } from './refcount-audit.ts';
import type { StackExtent } from './stack-memory.ts';
import type { StaticMemory } from './static-memory.ts';
import type { NativeRange } from './static-references.ts';

const WORD = 8;
const PAGE = 4096;
/** Below this nothing is mapped. */
const LOWEST_ADDRESS = 0x10000;
/** Of each kind of memory, read at most. Stacks are 8 MiB each, of which little is present. */
const STACK_BYTES_LIMIT = 64 << 20;
const STATIC_BYTES_LIMIT = 256 << 20;
const RAW_BYTES_LIMIT = 256 << 20;
/** Blocks larger than this are data, not tables of references. */
export const BLOCK_BYTES_LIMIT = 4 << 20;
/** A table of a library's own is a block or two away from its variable. */
const TABLE_DEPTH = 3;

export type StackMemory = Pick<NativeMemory, 'image' | 'threadStacks' | 'stackPointers'>;

export interface NativeMemory {
  readonly image: MemoryImage;
  readonly allocator: AllocatorMap;
  readonly statics: StaticMemory;
  /** Blocks that hold or belong to an object. */
  readonly claimed: AddressSet;
  readonly threadStacks: readonly StackExtent[];
  /** Where the stacks of the stopped threads end; without them all of a stack is read, stale words too. */
  readonly stackPointers: readonly Address[] | undefined;
  /** The interpreter's own structures, wherever they lie. */
  readonly ranges: readonly NativeRange[];
}

type Visit = (word: Address, holder: NativeHolder) => void;

/** Most words are small numbers, text, or addresses of code: only those that point at copied memory are looked up. */
function mayPoint(image: MemoryImage, word: number): boolean {
  return word >= LOWEST_ADDRESS && (word & (WORD - 1)) === 0 && image.isCopied(word);
}

/** Visits static data with the tables it points to first: what is there stays. Then stacks, then other raw memory. */
export function visitNativeWords(memory: NativeMemory, visit: Visit): void {
  const seen = new AddressSet(memory.image);
  visitStaticData(memory, seen, visit);
  visitStacks(memory, visit);
  visitRawBlocks(memory, seen, visit);
}

/** The parts of threads' stacks that are in use: all of a stack whose pointer is not known. */
function stackRanges({ image, threadStacks, stackPointers = [] }: StackMemory): StackExtent[] {
  // The first thread's stack is the kernel's own mapping.
  const first = image.regions.filter((region) => region.path === '[stack]');
  return [...first, ...threadStacks].map(({ start, end }) => {
    const pointer = stackPointers.find((candidate) => candidate >= start && candidate < end) ?? start;
    return { start: pointer - (pointer % WORD), end };
  });
}

const CALL: NativeHolder = { place: 'call', name: '' };
const UNNAMED: NativeHolder = { place: 'memory', name: '' };

/** The words of threads' stacks, as far as they are in use. */
export function visitStacks(memory: StackMemory, visit: Visit): void {
  const { image } = memory;
  let left = STACK_BYTES_LIMIT;
  for (const { start, end } of stackRanges(memory)) {
    for (let at = start; at + WORD <= end && left > 0; at += WORD, left -= WORD) {
      const word = image.pointer(at);
      if (mayPoint(image, word)) visit(word, CALL);
    }
  }
}

function visitStaticData(memory: NativeMemory, seen: AddressSet, visit: Visit): void {
  let current: NativeHolder | undefined;
  let table: NativeHolder = UNNAMED;
  visitStaticWords(memory, (word, holder) => {
    if (holder !== current) {
      current = holder;
      table = { place: 'memory', name: holder.name };
    }
    visit(word, holder);
    visitTable(memory, word, table, seen, visit, 1);
  });
}

/** The words of the static data of files, and of the interpreter's own structures. */
export function visitStaticWords(
  { image, statics, ranges }: Pick<NativeMemory, 'image' | 'statics' | 'ranges'>,
  visit: Visit,
): void {
  let left = STATIC_BYTES_LIMIT;
  const search = (start: Address, end: Address, name: string): void => {
    const holder: NativeHolder = { place: 'static', name };
    for (let at = start; at + WORD <= end && left > 0; at += WORD, left -= WORD) {
      if (!image.isCopied(at)) continue;
      const word = image.pointer(at);
      if (mayPoint(image, word)) visit(word, holder);
    }
  };
  for (const region of image.regions) {
    const file = statics.fileAt(region.start);
    if (!region.writable || region.shared || file === undefined) continue;
    search(region.start, Math.min(statics.endAt(region.start), region.end), file);
  }
  for (const { start, end, name } of ranges) search(start, end, name);
}

/** The words of the unowned block at `block`, and of those it points at. */
function visitTable(
  memory: NativeMemory,
  block: Address,
  holder: NativeHolder,
  seen: AddressSet,
  visit: Visit,
  depth: number,
): void {
  const { image, allocator, claimed } = memory;
  if (!allocator.blocks.has(block) || claimed.has(block) || !seen.add(block)) return;
  const size = allocator.usableSizeOf(block);
  if (size > BLOCK_BYTES_LIMIT) return;
  forEachPointer(image, block, size, (word) => {
    visit(word, holder);
    if (depth < TABLE_DEPTH) visitTable(memory, word, holder, seen, visit, depth + 1);
  });
}

/** Calls back for the words of `size` bytes at `block` that may point somewhere. Raw data is sized and not copied: nothing is there. */
export function forEachPointer(image: MemoryImage, block: Address, size: number, visit: (word: Address) => void): void {
  for (let at = block; at + WORD <= block + size; at += WORD) {
    if (at % PAGE === 0 && !image.isCopied(at)) {
      at += PAGE - WORD;
      continue;
    }
    const word = image.pointer(at);
    if (mayPoint(image, word)) visit(word);
  }
}

function visitRawBlocks(memory: NativeMemory, seen: AddressSet, visit: Visit): void {
  const { image, allocator, claimed } = memory;
  let left = RAW_BYTES_LIMIT;
  allocator.blocks.forEach((block) => {
    if (left <= 0 || claimed.has(block) || seen.has(block)) return;
    const size = allocator.usableSizeOf(block);
    if (size > BLOCK_BYTES_LIMIT) return;
    left -= size;
    forEachPointer(image, block, size, (word) => visit(word, UNNAMED));
  });
}
