// The memory behind one walk cut into cells for drawing, as columns that outlive the memory itself: arenas of the
// allocator of small blocks, heaps of malloc, mapped blocks; each cell with what most of it is, of which type, and whose.

import { type BitSet, hasBit } from '../base/bitset.ts';
import { AddressSet } from '../cpython/address-set.ts';
import { type HeapBlocks, nodeInBlock } from '../cpython/block-use.ts';
import type { ResidentPages } from '../cpython/resident-pages.ts';
import type { MemoryOwners, OwnerId } from '../diagnose/memory-owners.ts';
import { type Address, type HeapGraph, NO_NODE, type NodeIndex } from '../graph/heap-graph.ts';

/** What a byte of a region is; the names are those of the protocol. Live uses come first. */
export const MEMORY_USES = [
  'objects',
  'buffers',
  'garbage',
  'native',
  'free in arenas',
  'free in malloc',
  'not resident',
  'other',
] as const;
const LIVE_USES = 4;
const FREE_IN_ARENAS = 4;
const FREE_IN_MALLOC = 5;
const NOT_RESIDENT = 6;

export const REGION_KINDS = ['arena', 'malloc heap', 'mapped block'] as const;

/** "No type" and "nobody" in the columns of cells. */
export const NOTHING = 0xffffffff;

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
  /** Bytes by MEMORY_USES, over all regions. */
  readonly totals: Float64Array;
}

export interface MemoryMapInput {
  readonly blocks: HeapBlocks;
  readonly graph: HeapGraph;
  readonly reachable: BitSet;
  readonly resident: ResidentPages;
  readonly owners: MemoryOwners;
}

interface Region {
  readonly start: Address;
  readonly end: Address;
  readonly kind: number;
}

/** Cells of a region at most, and bytes of one at least: an arena is drawn pool by pool, a heap of malloc coarsely. */
const CELLS_LIMIT = 256;
const ARENA_CELLS = 64;
const CELL_BYTES = 4096;

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
  };
}

function listRegions({ allocator }: HeapBlocks): Region[] {
  const of = (ranges: readonly { readonly start: Address; readonly end: Address }[], kind: number): Region[] =>
    ranges.map(({ start, end }) => ({ start, end, kind }));
  const regions = [...of(allocator.smallArenas, 0), ...of(allocator.mallocHeaps, 1), ...of(allocator.mappedChunks, 2)];
  const ascending = regions.filter(({ start, end }) => end > start).sort((a, b) => a.start - b.start);
  let reached = 0;
  // An arena that malloc handed out lies within malloc's own memory, and is drawn as part of it.
  return ascending.filter((region) => {
    if (region.start < reached) return false;
    reached = region.end;
    return true;
  });
}

function cellCount({ start, end, kind }: Region): number {
  return Math.max(1, Math.min(kind === 0 ? ARENA_CELLS : CELLS_LIMIT, Math.floor((end - start) / CELL_BYTES)));
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
  readonly #totals = new Float64Array(MEMORY_USES.length);
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
  }

  finish(): Pick<MemoryMapColumns, 'uses' | 'filled' | 'types' | 'owners' | 'ownerNames' | 'totals'> {
    const { blocks, reachable, graph, owners } = this.#input;
    const bufferOwner = bufferOwners(blocks);
    const { allocator } = blocks;
    allocator.blocks.forEach((block) => {
      const node = nodeInBlock(blocks, block);
      const owner = node >= 0 ? node : bufferOwner(block);
      const start = allocator.extentStart(block);
      this.#add(start, start + allocator.sizeOf(block), {
        use: owner < 0 ? 3 : !hasBit(reachable, owner) ? 2 : node >= 0 ? 0 : 1,
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
      totals: this.#totals,
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
      }
      if (end <= to) return;
      this.#nextCell();
    }
  }

  /** Where the cell being filled lies. */
  #extent(): readonly [Address, Address] {
    const { start, end } = this.#regions[this.#region]!;
    const first = this.#firstCell[this.#region]!;
    const count = this.#firstCell[this.#region + 1]! - first;
    const size = (end - start) / count;
    const place = this.#cell - first;
    return [start + Math.floor(place * size), place === count - 1 ? end : start + Math.floor((place + 1) * size)];
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
