// Splits resident memory into parts by what the memory is for: allocators and their blocks, stacks, files, the rest.
// Pure: what the kernel counts and a walk of the copied heap come in, sums come out. Parts add up to the whole.

import type { BitSet } from '../base/bitset.ts';
import type { AddressSet } from '../cpython/address-set.ts';
import { BlockKind, type BlockUse, type HeapBlocks, measureBlocks } from '../cpython/block-use.ts';
import type { MemoryRegion } from '../cpython/memory-reader.ts';
import { type MemoryUse, type RegionUse, ResidentPages } from '../cpython/resident-pages.ts';
import { dropZeroPages, zeroBytesInHugePages } from '../cpython/zero-pages.ts';
import { type Address, type HeapGraph, NodeFlag, WORD_BYTES } from '../graph/heap-graph.ts';
import { findStacks, type StackClues } from './thread-stacks.ts';

/** What resident memory is for. The names are part of the wire format. */
export const RSS_PARTS = [
  /** Blocks that hold objects a root reaches. */
  'live objects',
  /** Blocks those objects own: tables of dicts, items of lists, data of arrays, bytearrays, extension types. */
  'object buffers',
  /** Unreachable objects and what they own. */
  'garbage',
  /** Free blocks between live ones in pools of pymalloc (pages of mimalloc). */
  'free blocks',
  /** Pools and arenas (segments) without a live block. */
  'empty pools and arenas',
  /** Blocks of malloc in use that no Python object owns. */
  'native memory',
  /** What tracemalloc, where it runs, keeps of every block it traces. */
  'tracemalloc tables',
  /** Free chunks of malloc, in its bins, caches and at the ends of its heaps. */
  'free in malloc',
  /** What another allocator than glibc's got from the system: what of it is in use cannot be told. */
  'other allocator',
  /** C stacks, and the chunks the interpreter keeps frames in. */
  'thread stacks',
  /** Memory without a file that Python objects mapped (mmap.mmap). */
  'memory maps',
  /** Written data of the interpreter, of libraries and extension modules. */
  'program data',
  /** Pages of files: code, constants, mapped data; the kernel can drop and read them again. */
  'file-backed',
  'shared memory',
  /** Anonymous memory that nothing known here mapped, and what the kernel counts and does not show. */
  'unknown',
] as const;
export type RssPartName = (typeof RSS_PARTS)[number];

export interface RssPart {
  readonly name: RssPartName;
  readonly bytes: number;
  /** Of `bytes`: in pages that other processes map too. */
  readonly sharedBytes: number;
}

/** The parts at one moment of a run. */
export interface ResidentMoment {
  readonly atSeconds: number;
  readonly rssBytes: number;
  readonly parts: readonly RssPart[];
}

/** Bytes of some parts together. */
export function bytesIn(moment: Pick<ResidentMoment, 'parts'>, names: readonly RssPartName[]): number {
  return moment.parts.reduce((sum, part) => sum + (names.includes(part.name) ? part.bytes : 0), 0);
}

/** A stretch of anonymous memory that no zone explains, with what is resident of it. */
export interface UnexplainedGap {
  readonly start: Address;
  readonly end: Address;
  readonly bytes: number;
}

export interface RssMeasure {
  /** What the kernel counts: the sum of the parts. */
  readonly rssBytes: number;
  readonly pssBytes: number;
  /** In pages of this process alone: what ends with it. */
  readonly ussBytes: number;
  readonly swapBytes: number;
  readonly hugeBytes: number;
  /** Resident pages of zeros in mappings with huge pages: most were never written to. */
  readonly hugeZeroBytes: number;
  /** In the order of RSS_PARTS; those without a byte too. */
  readonly parts: readonly RssPart[];
  readonly blockUse: BlockUse;
  readonly resident: ResidentPages;
  readonly shared: ResidentPages;
  /** Largest first, at most GAPS_KEPT. */
  readonly gaps: readonly UnexplainedGap[];
  /** Of the C library or a preloaded one that replaces malloc (`jemalloc`), where there is one. */
  readonly otherAllocator: string | undefined;
  readonly stackCount: number;
  /** Objects in memory of another allocator. */
  readonly looseObjects: number;
}

export interface RssInput {
  readonly use: MemoryUse;
  readonly blocks: HeapBlocks;
  readonly graph: HeapGraph;
  /** Nodes that a root reaches. */
  readonly reachable: BitSet;
  readonly stacks: StackClues;
  /** Anonymous memory that Python objects mapped (mmap.mmap) or the interpreter keeps frames in. */
  readonly knownMaps: readonly KnownMap[];
  /** Blocks that tracemalloc traces, where they are told apart. */
  readonly traced?: AddressSet | undefined;
}

/** A mapping whose use is known from the heap. */
export interface KnownMap {
  readonly start: Address;
  readonly end: Address;
  readonly part: RssPartName;
}

const GAPS_KEPT = 20;

/** Libraries that replace glibc's malloc, by what their files are called. */
const OTHER_ALLOCATORS: readonly (readonly [RegExp, string])[] = [
  [/\/libjemalloc[.\d-]/, 'jemalloc'],
  [/\/libtcmalloc/, 'tcmalloc'],
  [/\/libmimalloc[.\d-]/, 'mimalloc'],
  [/\/(ld-musl-|libc\.musl)/, "musl's malloc"],
];

/** Splits the resident memory of one moment. O(blocks + regions). */
export function measureRss(input: RssInput): RssMeasure {
  const { blocks } = input;
  const use = dropZeroPages(blocks.image, input.use);
  const resident = new ResidentPages(use.residentRuns);
  const shared = new ResidentPages(use.sharedRuns);
  const { reachable, traced } = input;
  const blockUse = measureBlocks({ blocks, resident, shared, reachable, traced });
  const sums = new PartSums(resident, shared);
  const gaps: UnexplainedGap[] = [];
  const zones = listZones(blocks, input.knownMaps);
  let stackCount = 0;
  for (const region of use.regions) {
    addNamedMemory(sums, region);
    if (region.region.shared || region.region.path.startsWith('/') || region.anonymousBytes === 0) continue;
    stackCount += addAnonymousMemory(sums, region, zones, input.stacks, gaps);
  }
  addBlocks(sums, blockUse, blocks, zones);
  const otherAllocator = findOtherAllocator(use.regions);
  const looseObjects = otherAllocator === undefined ? 0 : explainOtherAllocator(sums, input, resident);
  gaps.sort((a, b) => b.bytes - a.bytes);
  const total = (field: 'rssBytes' | 'pssBytes' | 'privateBytes' | 'swapBytes' | 'hugeBytes'): number =>
    use.regions.reduce((sum, region) => sum + region[field], 0);
  return {
    rssBytes: total('rssBytes'),
    pssBytes: total('pssBytes'),
    ussBytes: total('privateBytes'),
    swapBytes: total('swapBytes'),
    hugeBytes: total('hugeBytes'),
    hugeZeroBytes: zeroBytesInHugePages(blocks.image, use, resident),
    parts: sums.list(),
    blockUse,
    resident,
    shared,
    gaps: gaps.slice(0, GAPS_KEPT),
    otherAllocator,
    stackCount,
    looseObjects,
  };
}

class PartSums {
  readonly #bytes = new Map<RssPartName, number>();
  readonly #shared = new Map<RssPartName, number>();
  readonly #resident: ResidentPages;
  readonly #sharedPages: ResidentPages;

  constructor(resident: ResidentPages, shared: ResidentPages) {
    this.#resident = resident;
    this.#sharedPages = shared;
  }

  add(part: RssPartName, bytes: number, sharedBytes = 0): void {
    this.#bytes.set(part, this.of(part) + bytes);
    this.#shared.set(part, (this.#shared.get(part) ?? 0) + sharedBytes);
  }

  /** Adds what is resident of a range; returns it. */
  addRange(part: RssPartName, start: Address, end: Address): number {
    const bytes = this.#resident.overlap(start, end);
    this.add(part, bytes, this.#sharedPages.overlap(start, end));
    return bytes;
  }

  sharedIn(start: Address, end: Address): number {
    return this.#sharedPages.overlap(start, end);
  }

  of(part: RssPartName): number {
    return this.#bytes.get(part) ?? 0;
  }

  list(): RssPart[] {
    return RSS_PARTS.map((name) => ({
      name,
      bytes: Math.max(0, this.of(name)),
      sharedBytes: Math.max(0, this.#shared.get(name) ?? 0),
    }));
  }
}

/** A range of anonymous memory whose owner is known. Allocators' zones are split into parts by their blocks. */
interface Zone {
  readonly start: Address;
  readonly end: Address;
  readonly part: RssPartName | 'small arena' | 'malloc heap' | 'malloc chunk';
}

/** Ascending and disjoint: where they overlap the first to start wins. */
function listZones({ allocator, statics, image }: HeapBlocks, known: readonly KnownMap[]): Zone[] {
  const zones: Zone[] = [
    ...allocator.smallArenas.map(({ start, end }): Zone => ({ start, end, part: 'small arena' })),
    ...allocator.mallocHeaps.map(({ start, end }): Zone => ({ start, end, part: 'malloc heap' })),
    ...allocator.mappedChunks.map(({ start, end }): Zone => ({ start, end, part: 'malloc chunk' })),
    ...known,
  ];
  for (const region of image.regions) {
    // Zero-initialised data of a library: anonymous, right behind its file's.
    if (region.path === '' && statics.has(region.start)) {
      zones.push({ start: region.start, end: statics.endAt(region.start), part: 'program data' });
    }
  }
  zones.sort((a, b) => a.start - b.start || b.end - a.end);
  const disjoint: Zone[] = [];
  for (const zone of zones) {
    const start = Math.max(zone.start, disjoint.at(-1)?.end ?? 0);
    if (start < zone.end) disjoint.push({ ...zone, start });
  }
  return disjoint;
}

/** The part of a mapping that its name or kind explains alone: files, shared memory, the main stack. */
function addNamedMemory(sums: PartSums, use: RegionUse): void {
  const { region, rssBytes, anonymousBytes } = use;
  if (region.shared) {
    sums.add(isSharedMemory(region) ? 'shared memory' : 'file-backed', rssBytes, rssBytes - use.privateBytes);
    return;
  }
  // The kernel's own pages ([vdso]) are no one's heap either.
  const isFile = region.path.startsWith('/') || region.path.startsWith('[v');
  if (!isFile) return;
  const writtenShared = sums.addRange('program data', region.start, region.end);
  // What the page map did not show is still what the kernel counted.
  if (writtenShared !== anonymousBytes) sums.add('unknown', anonymousBytes - writtenShared);
  const fileBytes = rssBytes - anonymousBytes;
  sums.add('file-backed', fileBytes, Math.max(0, Math.min(fileBytes, rssBytes - use.privateBytes)));
}

function isSharedMemory({ path }: MemoryRegion): boolean {
  return (
    path === '' ||
    path === '/dev/zero' ||
    path.startsWith('/dev/shm/') ||
    path.startsWith('/memfd:') ||
    path.startsWith('/SYSV') ||
    path.startsWith('[anon_shmem')
  );
}

/** Adds the zones and gaps of one anonymous mapping; returns how many stacks it has. */
function addAnonymousMemory(
  sums: PartSums,
  use: RegionUse,
  zones: readonly Zone[],
  clues: StackClues,
  gaps: UnexplainedGap[],
): number {
  const { region, anonymousBytes } = use;
  if (region.path === '[stack]') {
    const bytes = sums.addRange('thread stacks', region.start, region.end);
    sums.add('unknown', anonymousBytes - bytes);
    return 1;
  }
  let seen = 0;
  let stacks = 0;
  let at = region.start;
  const explainGap = (start: Address, end: Address): void => {
    let from = start;
    const found = findStacks(clues, start, end);
    stacks += found.length;
    for (const stack of [...found, { start: end, end }]) {
      if (stack.start > from) {
        const bytes = sums.addRange('unknown', from, stack.start);
        seen += bytes;
        if (bytes > 0) gaps.push({ start: from, end: stack.start, bytes });
      }
      seen += sums.addRange('thread stacks', stack.start, stack.end);
      from = stack.end;
    }
  };
  for (let z = firstZoneEndingAfter(zones, region.start); z < zones.length && zones[z]!.start < region.end; z++) {
    const zone = zones[z]!;
    const start = Math.max(zone.start, region.start);
    const end = Math.min(zone.end, region.end);
    if (start > at) explainGap(at, start);
    seen += addZone(sums, zone.part, start, end);
    at = end;
  }
  if (at < region.end) explainGap(at, region.end);
  sums.add('unknown', anonymousBytes - seen);
  return stacks;
}

/** Zones of allocators go into the part of their free memory first: what is in use is moved out of it by `addBlocks`. */
function addZone(sums: PartSums, part: Zone['part'], start: Address, end: Address): number {
  switch (part) {
    case 'small arena':
      return sums.addRange('empty pools and arenas', start, end);
    case 'malloc heap':
    case 'malloc chunk':
      return sums.addRange('free in malloc', start, end);
    default:
      return sums.addRange(part, start, end);
  }
}

const PART_OF_KIND: Readonly<Record<BlockKind, RssPartName>> = {
  [BlockKind.object]: 'live objects',
  [BlockKind.buffer]: 'object buffers',
  [BlockKind.garbage]: 'garbage',
  [BlockKind.native]: 'native memory',
  [BlockKind.tracemalloc]: 'tracemalloc tables',
};

/** Moves what blocks and pools use out of what their zones had as free. */
function addBlocks(sums: PartSums, use: BlockUse, { allocator }: HeapBlocks, zones: readonly Zone[]): void {
  if (zones.length === 0) return;
  for (const kind of Object.values(BlockKind)) {
    const small = use.smallBytes[kind]!;
    const malloc = use.mallocBytes[kind]!;
    const shared = use.sharedBytes[kind]!;
    const smallShare = small + malloc === 0 ? 0 : small / (small + malloc);
    sums.add(PART_OF_KIND[kind], small + malloc, shared);
    sums.add('free blocks', -small, -shared * smallShare);
    sums.add('free in malloc', -malloc, -shared * (1 - smallShare));
  }
  for (const run of allocator.runs) {
    const bytes = sums.addRange('free blocks', run.start, run.end);
    const shared = sums.sharedIn(run.start, run.end);
    sums.add('empty pools and arenas', -bytes, -shared);
  }
}

/** Index of the first zone that ends after `address`. */
function firstZoneEndingAfter(zones: readonly Zone[], address: Address): number {
  let low = 0;
  let high = zones.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (zones[middle]!.end > address) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The allocator that stands in for glibc's, by the files that are mapped. */
function findOtherAllocator(regions: readonly RegionUse[]): string | undefined {
  for (const { region } of regions) {
    for (const [pattern, name] of OTHER_ALLOCATORS) if (pattern.test(region.path)) return name;
  }
  return undefined;
}

/**
 * Under an allocator that cannot be walked, unexplained anonymous memory is its own, and objects outside of pymalloc lie in them: they
 * are known from the graph, with the sizes of their structures. Returns how many there are.
 */
function explainOtherAllocator(sums: PartSums, { graph, blocks }: RssInput, resident: ResidentPages): number {
  const { addresses, nodeFlags, shallowWords, nodeCount } = graph;
  let live = 0;
  let count = 0;
  for (let n = 0; n < nodeCount; n++) {
    if ((nodeFlags[n]! & (NodeFlag.static | NodeFlag.synthetic)) !== 0) continue;
    const address = addresses[n]!;
    if (blocks.allocator.blockOf(address) !== 0) continue;
    live += resident.overlap(address, address + shallowWords[n]! * WORD_BYTES);
    count++;
  }
  const unknown = sums.of('unknown');
  const known = Math.min(live, unknown);
  sums.add('live objects', known);
  sums.add('other allocator', unknown - known);
  sums.add('unknown', -unknown);
  return count;
}
