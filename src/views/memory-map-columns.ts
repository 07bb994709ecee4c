// The memory behind one walk cut into cells for drawing, as columns that outlive the memory itself: each cell with what
// most of it is, of which type, whose, and whether it pins an arena; and the sums of all cells.

import { type BitSet, hasBit } from '../base/bitset.ts';
import { AddressSet } from '../cpython/address-set.ts';
import { type HeapBlocks, nodeInBlock, RangeCursor } from '../cpython/block-use.ts';
import type { ResidentPages } from '../cpython/resident-pages.ts';
import type { SparseArena } from '../diagnose/fragmentation.ts';
import { type MemoryOwners, type OwnerId, OwnerSums } from '../diagnose/memory-owners.ts';
import { type Address, type HeapGraph, NO_NODE, type NodeIndex, qualifiedTypeName } from '../graph/heap-graph.ts';
import { cellCount, cellExtent, listRegions, type Region } from './memory-regions.ts';

/** What a byte of a region is; the names are those of the protocol. Live uses come first. */
export const MEMORY_USES = [
  'objects',
  'buffers',
  'garbage',
  'native',
  'tracemalloc',
  'free in arenas',
  'free in malloc',
  'not resident',
] as const;
const OBJECTS = 0;
const BUFFERS = 1;
const GARBAGE = 2;
const NATIVE = 3;
const TRACEMALLOC = 4;
const LIVE_USES = 5;
const FREE_IN_ARENAS = 5;
const FREE_IN_MALLOC = 6;
const NOT_RESIDENT = 7;

/** "No type" and "nobody" in the columns of cells. */
export const NOTHING = 0xffffffff;

/** How much of the memory has which name. */
export interface NamedBytes {
  /** Of all names, those that are not listed too. */
  readonly bytes: number;
  /** Most bytes first, at most NAMES_LISTED. */
  readonly largest: readonly { readonly name: string; readonly bytes: number }[];
}

/** As many as the page has colours for. */
const NAMES_LISTED = 7;

/** Regions ascend; cells of region r are `firstCell[r] .. firstCell[r + 1]`. */
export interface MemoryMapColumns {
  readonly starts: Float64Array;
  readonly ends: Float64Array;
  /** Index into REGION_KINDS. */
  readonly kinds: Uint8Array;
  readonly firstCell: Uint32Array;
  /** Index into MEMORY_USES of what most of each cell is. */
  readonly uses: Uint8Array;
  /** 255ths of the cell in use. */
  readonly filled: Uint8Array;
  /** TypeIndex with most bytes, or NOTHING. */
  readonly types: Uint32Array;
  /** Index into `ownerNames`, or NOTHING. */
  readonly owners: Uint32Array;
  readonly ownerNames: readonly string[];
  /** 1 for a cell with something alive in a nearly empty arena. */
  readonly pins: Uint8Array;
  /** Bytes by MEMORY_USES, over all regions; as are the rest. */
  readonly totals: Float64Array;
  /** Objects that a root reaches and their buffers, by owner. */
  readonly byOwner: NamedBytes;
  /** The same and garbage, by type. */
  readonly byType: NamedBytes;
  /** The nearly empty arenas: what lives in them, and what they would give back without it. */
  readonly sparse: { readonly arenas: number; readonly liveBytes: number; readonly freeBytes: number };
}

export interface MemoryMapInput {
  readonly blocks: HeapBlocks;
  readonly graph: HeapGraph;
  readonly reachable: BitSet;
  readonly resident: ResidentPages;
  readonly owners: MemoryOwners;
  /** Nearly empty arenas. */
  readonly sparse: readonly SparseArena[];
}

/** O(blocks). */
export function memoryMapColumns(input: MemoryMapInput): MemoryMapColumns {
  const regions = listRegions(input.blocks);
  const firstCell = new Uint32Array(regions.length + 1);
  regions.forEach((region, r) => {
    firstCell[r + 1] = firstCell[r]! + cellCount(region);
  });
  const cells = new Cells(input, regions, firstCell);
  return {
    starts: Float64Array.from(regions, (region) => region.start),
    ends: Float64Array.from(regions, (region) => region.end),
    kinds: Uint8Array.from(regions, (region) => region.kind),
    firstCell,
    ...cells.finish(),
    sparse: {
      arenas: input.sparse.length,
      liveBytes: input.sparse.reduce((sum, { liveBytes }) => sum + liveBytes, 0),
      freeBytes: input.sparse.reduce((sum, { residentBytes, liveBytes }) => sum + residentBytes - liveBytes, 0),
    },
  };
}

/** Fills cells one after another, as blocks come in ascending order. */
class Cells {
  readonly #input: MemoryMapInput;
  readonly #regions: readonly Region[];
  readonly #firstCell: Uint32Array;
  readonly #uses: Uint8Array;
  readonly #filled: Uint8Array;
  readonly #types: Uint32Array;
  readonly #owners: Uint32Array;
  readonly #pins: Uint8Array;
  readonly #totals = new Float64Array(MEMORY_USES.length);
  readonly #typeBytes: Float64Array;
  readonly #ownerSums: OwnerSums;
  readonly #sparse: RangeCursor;
  readonly #ownerPlaces = new Map<OwnerId, number>();
  readonly #ownerNames: string[] = [];
  /** Of the cell being filled. */
  readonly #bytes = new Float64Array(LIVE_USES);
  readonly #byType = new Map<number, number>();
  readonly #byOwner = new Map<OwnerId, number>();
  #region = 0;
  #cell = 0;

  constructor(input: MemoryMapInput, regions: readonly Region[], firstCell: Uint32Array) {
    this.#input = input;
    this.#regions = regions;
    this.#firstCell = firstCell;
    const count = firstCell.at(-1)!;
    this.#uses = new Uint8Array(count).fill(NOT_RESIDENT);
    this.#filled = new Uint8Array(count);
    this.#types = new Uint32Array(count).fill(NOTHING);
    this.#owners = new Uint32Array(count).fill(NOTHING);
    this.#pins = new Uint8Array(count);
    this.#typeBytes = new Float64Array(input.graph.types.length);
    this.#ownerSums = new OwnerSums(input.graph, input.owners);
    this.#sparse = new RangeCursor(input.sparse);
  }

  finish(): Omit<MemoryMapColumns, 'starts' | 'ends' | 'kinds' | 'firstCell' | 'sparse'> {
    const { blocks, reachable, graph, owners } = this.#input;
    const bufferOwner = bufferOwners(blocks);
    const { allocator } = blocks;
    allocator.blocks.forEach((block) => {
      const node = nodeInBlock(blocks, block);
      const owner = node >= 0 ? node : bufferOwner(block);
      const start = allocator.extentStart(block);
      this.#add(start, start + allocator.sizeOf(block), {
        use: owner < 0 ? nobodys(blocks, block) : !hasBit(reachable, owner) ? GARBAGE : node >= 0 ? OBJECTS : BUFFERS,
        type: owner < 0 ? NOTHING : graph.typeOf[owner]!,
        owner: owner < 0 ? NO_NODE : owners.ownerOf[owner]!,
      });
    });
    while (this.#region < this.#regions.length) this.#nextCell();
    return {
      uses: this.#uses,
      filled: this.#filled,
      types: this.#types,
      owners: this.#owners,
      ownerNames: this.#ownerNames,
      pins: this.#pins,
      totals: this.#totals,
      byOwner: {
        bytes: this.#totals[OBJECTS]! + this.#totals[BUFFERS]!,
        largest: this.#ownerSums.largest(NAMES_LISTED).map(({ path, bytes }) => ({ name: path, bytes })),
      },
      byType: {
        bytes: this.#totals[OBJECTS]! + this.#totals[BUFFERS]! + this.#totals[GARBAGE]!,
        largest: largestTypes(graph, this.#typeBytes),
      },
    };
  }

  #add(
    start: Address,
    end: Address,
    what: { readonly use: number; readonly type: number; readonly owner: OwnerId },
  ): void {
    while (this.#region < this.#regions.length) {
      const [from, to] = this.#extent();
      if (start >= to) {
        this.#nextCell();
        continue;
      }
      const overlap = this.#input.resident.overlap(Math.max(start, from), Math.max(from, Math.min(end, to)));
      if (overlap > 0) {
        this.#bytes[what.use]! += overlap;
        this.#byType.set(what.type, (this.#byType.get(what.type) ?? 0) + overlap);
        this.#byOwner.set(what.owner, (this.#byOwner.get(what.owner) ?? 0) + overlap);
        if (what.type !== NOTHING) this.#typeBytes[what.type]! += overlap;
        this.#ownerSums.add(what.owner, 0, overlap);
        if (this.#sparse.indexAt(start) >= 0) this.#pins[this.#cell] = 1;
      }
      if (end <= to) return;
      this.#nextCell();
    }
  }

  /** Where the cell being filled lies. */
  #extent(): readonly [Address, Address] {
    const first = this.#firstCell[this.#region]!;
    const count = this.#firstCell[this.#region + 1]! - first;
    return cellExtent(this.#regions[this.#region]!, this.#cell - first, count);
  }

  #nextCell(): void {
    const [from, to] = this.#extent();
    const resident = this.#input.resident.overlap(from, to);
    let live = 0;
    let most = 0;
    for (let use = 0; use < LIVE_USES; use++) {
      live += this.#bytes[use]!;
      this.#totals[use]! += this.#bytes[use]!;
      if (this.#bytes[use]! > this.#bytes[most]!) most = use;
    }
    const free = Math.max(0, resident - live);
    const freeUse = this.#regions[this.#region]!.kind === 0 ? FREE_IN_ARENAS : FREE_IN_MALLOC;
    this.#totals[freeUse]! += free;
    this.#totals[NOT_RESIDENT]! += to - from - resident;
    // A cell with anything alive in it cannot be given back: that is what it is drawn as.
    this.#uses[this.#cell] = live > 0 ? most : resident > 0 ? freeUse : NOT_RESIDENT;
    this.#filled[this.#cell] = Math.min(255, Math.ceil((live / Math.max(1, to - from)) * 255));
    this.#types[this.#cell] = heaviest(this.#byType, NOTHING) ?? NOTHING;
    const owner = heaviest(this.#byOwner, NO_NODE);
    if (owner !== undefined) this.#owners[this.#cell] = this.#ownerPlace(owner);
    this.#bytes.fill(0);
    this.#byType.clear();
    this.#byOwner.clear();
    this.#cell++;
    if (this.#cell === this.#firstCell[this.#region + 1]) this.#region++;
  }

  #ownerPlace(owner: OwnerId): number {
    let place = this.#ownerPlaces.get(owner);
    if (place === undefined) {
      place = this.#ownerNames.push(this.#input.owners.nameOf(owner)) - 1;
      this.#ownerPlaces.set(owner, place);
    }
    return place;
  }
}

/** What a block is that belongs to no object. */
function nobodys({ tracemalloc }: HeapBlocks, block: Address): number {
  return tracemalloc.has(block) ? TRACEMALLOC : NATIVE;
}

/** Types of one name are one. */
function largestTypes({ types }: HeapGraph, typeBytes: Float64Array): NamedBytes['largest'] {
  const sums = new Map<string, number>();
  for (const [type, bytes] of typeBytes.entries()) {
    if (bytes === 0) continue;
    const name = qualifiedTypeName(types[type]!);
    sums.set(name, (sums.get(name) ?? 0) + bytes);
  }
  return [...sums]
    .map(([name, bytes]) => ({ name, bytes }))
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, NAMES_LISTED);
}

function heaviest(weights: ReadonlyMap<number, number>, none: number): number | undefined {
  let best: number | undefined;
  let most = 0;
  for (const [key, weight] of weights) {
    if (key === none || weight <= most) continue;
    best = key;
    most = weight;
  }
  return best;
}

/** The node that owns the buffer in a block, or -1. */
function bufferOwners({ image, buffers }: HeapBlocks): (block: Address) => NodeIndex {
  const set = new AddressSet(image);
  for (let i = 0; i < buffers.count; i++) set.add(buffers.addresses[i]!);
  const owners = new Uint32Array(set.freeze());
  for (let i = 0; i < buffers.count; i++) {
    const rank = set.rank(buffers.addresses[i]!);
    if (rank >= 0) owners[rank] = buffers.owners[i]!;
  }
  return (block) => {
    const rank = set.rank(block);
    return rank < 0 ? -1 : owners[rank]!;
  };
}
