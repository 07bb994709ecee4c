// How full the allocator of small blocks is: by size of block, by arena, pool by pool; and which few objects keep
// otherwise empty arenas from being given back, and whose they are.

import type { AllocatorMap, BlockRun, SmallArena } from '../cpython/allocator-map.ts';
import { type HeapBlocks, nodeInBlock } from '../cpython/block-use.ts';
import { type HeapGraph, NO_NODE, qualifiedTypeName } from '../graph/heap-graph.ts';
import type { MemoryOwners } from './memory-owners.ts';
import type { RssMeasure } from './rss-parts.ts';

export interface SizeClassRow {
  readonly block_bytes: number;
  /** Pools (pages of mimalloc) in use. */
  readonly pools: number;
  readonly live_blocks: number;
  /** Blocks the pools have room for. */
  readonly capacity: number;
  /** Resident and not in use. */
  readonly free_bytes: number;
}

export interface ArenaRow {
  readonly address: string;
  readonly bytes: number;
  readonly resident_bytes: number;
  readonly live_bytes: number;
  /** One character a pool: `.` not in use, `0` to `9` tenths of it in use, rounded down. */
  readonly pools: string;
}

/** Objects of one type and owner in arenas that are nearly empty. */
export interface PinRow {
  readonly type: string;
  readonly held_by: string;
  readonly objects: number;
  /** Arenas that have at least one of them. */
  readonly arenas: number;
}

export interface Fragmentation {
  readonly allocator: 'pymalloc' | 'mimalloc' | 'none';
  readonly arenas: number;
  readonly arena_bytes: number;
  readonly resident_bytes: number;
  readonly live_bytes: number;
  /** Share of the resident bytes that is in use, 0..1. */
  readonly occupancy: number;
  /** Arenas less than a quarter full. */
  readonly sparse_arenas: number;
  /** What would go back to the system, were they empty. */
  readonly sparse_free_bytes: number;
  readonly pinned_by: readonly PinRow[];
  /** Most free bytes first. */
  readonly size_classes: readonly SizeClassRow[];
  /** In order of address, at most ARENAS_LISTED. */
  readonly map: readonly ArenaRow[];
}

/** An arena that goes back to the system once the little in it is gone. */
export interface SparseArena extends SmallArena {
  readonly residentBytes: number;
  /** Resident bytes of the live blocks that pin it. */
  readonly liveBytes: number;
}

/** An arena that is less full than this is nearly empty. */
const SPARSE_OCCUPANCY = 0.25;
const ARENAS_LISTED = 4096;
const PINS_LISTED = 10;
/** Blocks looked at in nearly empty arenas; of more, evenly spread ones. */
const PINS_EXAMINED = 50_000;
const POOL_HEADER_BYTES = 48;

export interface FragmentationInput {
  readonly measure: RssMeasure;
  readonly blocks: HeapBlocks;
  readonly graph: HeapGraph;
  readonly owners: MemoryOwners;
  readonly freeThreaded: boolean;
}

/** The nearly empty arenas, ascending; those without a live block are free, not pinned. */
export function sparseArenas(
  { blockUse, resident }: Pick<RssMeasure, 'blockUse' | 'resident'>,
  { smallArenas }: Pick<AllocatorMap, 'smallArenas'>,
): SparseArena[] {
  return smallArenas
    .map(({ start, end }, i) => ({
      start,
      end,
      residentBytes: resident.overlap(start, end),
      liveBytes: blockUse.arenaLiveBytes[i]!,
    }))
    .filter(({ residentBytes, liveBytes }) => liveBytes > 0 && liveBytes < residentBytes * SPARSE_OCCUPANCY);
}

export function reportFragmentation(input: FragmentationInput): Fragmentation {
  const { measure, blocks, freeThreaded } = input;
  const { smallArenas, runs } = blocks.allocator;
  const { arenaLiveBytes } = measure.blockUse;
  const resident = smallArenas.map((arena) => measure.resident.overlap(arena.start, arena.end));
  const residentBytes = sum(resident);
  const liveBytes = sum(arenaLiveBytes);
  const sparse = sparseArenas(measure, blocks.allocator);
  return {
    allocator: smallArenas.length === 0 ? 'none' : freeThreaded ? 'mimalloc' : 'pymalloc',
    arenas: smallArenas.length,
    arena_bytes: smallArenas.reduce((total, arena) => total + arena.end - arena.start, 0),
    resident_bytes: residentBytes,
    live_bytes: liveBytes,
    occupancy: residentBytes === 0 ? 1 : Math.min(1, liveBytes / residentBytes),
    sparse_arenas: sparse.length,
    sparse_free_bytes: sparse.reduce((total, { residentBytes: all, liveBytes: used }) => total + all - used, 0),
    pinned_by: listPins(input, sparse),
    size_classes: listSizeClasses(measure, runs, freeThreaded),
    map: listArenas(input, resident),
  };
}

function listSizeClasses(
  { blockUse, resident }: RssMeasure,
  runs: readonly BlockRun[],
  freeThreaded: boolean,
): SizeClassRow[] {
  const classes = new Map<number, { pools: number; live: number; capacity: number; free: number }>();
  for (const [i, run] of runs.entries()) {
    let row = classes.get(run.blockSize);
    if (row === undefined) {
      row = { pools: 0, live: 0, capacity: 0, free: 0 };
      classes.set(run.blockSize, row);
    }
    row.pools++;
    row.live += blockUse.runLiveBlocks[i]!;
    row.capacity += capacityOf(run, freeThreaded);
    row.free += resident.overlap(run.start, run.end) - blockUse.runLiveBytes[i]!;
  }
  return [...classes]
    .map(([blockBytes, row]) => ({
      block_bytes: blockBytes,
      pools: row.pools,
      live_blocks: row.live,
      capacity: row.capacity,
      free_bytes: Math.max(0, row.free),
    }))
    .sort((a, b) => b.free_bytes - a.free_bytes);
}

/** A pool of pymalloc starts with its header; a page of mimalloc is as long as its blocks. */
function capacityOf(run: BlockRun, freeThreaded: boolean): number {
  return Math.floor((run.end - run.start - (freeThreaded ? 0 : POOL_HEADER_BYTES)) / run.blockSize);
}

/** Draws each arena in cells of one pool (one slice of mimalloc). */
function listArenas({ measure, blocks, freeThreaded }: FragmentationInput, resident: readonly number[]): ArenaRow[] {
  const { smallArenas, runs } = blocks.allocator;
  const { runLiveBytes, arenaLiveBytes } = measure.blockUse;
  const first = runs[0];
  if (first === undefined) return [];
  const cellBytes = freeThreaded ? MIMALLOC_SLICE_BYTES : first.end - first.start;
  let run = 0;
  return smallArenas.slice(0, ARENAS_LISTED).map((arena, i) => {
    const base = Math.ceil(arena.start / cellBytes) * cellBytes;
    const cells = new Array<string>(Math.floor((arena.end - base) / cellBytes)).fill('.');
    while (run < runs.length && runs[run]!.end <= arena.start) run++;
    for (; run < runs.length && runs[run]!.start < arena.end; run++) {
      const { start, end } = runs[run]!;
      const tenths = Math.min(9, Math.floor((runLiveBytes[run]! / (end - start)) * 10));
      const last = Math.min(cells.length - 1, Math.floor((end - 1 - base) / cellBytes));
      for (let cell = Math.max(0, Math.floor((start - base) / cellBytes)); cell <= last; cell++)
        cells[cell] = `${tenths}`;
    }
    return {
      address: `0x${arena.start.toString(16)}`,
      bytes: arena.end - arena.start,
      resident_bytes: resident[i]!,
      live_bytes: arenaLiveBytes[i]!,
      pools: cells.join(''),
    };
  });
}

const MIMALLOC_SLICE_BYTES = 64 << 10;

/** Who has the blocks of nearly empty arenas, by type and owner. */
function listPins({ blocks, graph, owners }: FragmentationInput, arenas: readonly SmallArena[]): PinRow[] {
  const groups = new Map<string, { type: number; owner: number; objects: number; arenas: number; lastArena: number }>();
  const { bufferOwner, count } = bufferOwners(blocks, arenas);
  const stride = Math.max(1, Math.ceil(count / PINS_EXAMINED));
  let seen = 0;
  for (const [index, arena] of arenas.entries()) {
    blocks.allocator.blocks.forEachIn(arena.start, arena.end, (block) => {
      if (seen++ % stride !== 0) return;
      let node = nodeInBlock(blocks, block);
      if (node < 0) node = bufferOwner.get(block) ?? -1;
      const type = node < 0 ? -1 : graph.typeOf[node]!;
      const owner = node < 0 ? NO_NODE : owners.ownerOf[node]!;
      const key = `${type} ${owner}`;
      let group = groups.get(key);
      if (group === undefined) {
        group = { type, owner, objects: 0, arenas: 0, lastArena: -1 };
        groups.set(key, group);
      }
      group.objects += stride;
      if (group.lastArena !== index) group.arenas++;
      group.lastArena = index;
    });
  }
  return [...groups.values()]
    .sort((a, b) => b.objects - a.objects)
    .slice(0, PINS_LISTED)
    .map((group) => ({
      type: group.type < 0 ? 'memory of native code' : qualifiedTypeName(graph.types[group.type]!),
      held_by:
        group.type < 0 ? 'native code' : group.owner === NO_NODE ? 'nobody (garbage)' : owners.nameOf(group.owner),
      objects: group.objects,
      arenas: group.arenas,
    }));
}

/** Owners of the buffers in these few arenas, and how many blocks the arenas have. */
function bufferOwners(
  { allocator, buffers }: HeapBlocks,
  arenas: readonly SmallArena[],
): { bufferOwner: Map<number, number>; count: number } {
  let count = 0;
  const wanted = new Set<number>();
  for (const arena of arenas) {
    allocator.blocks.forEachIn(arena.start, arena.end, (block) => {
      count++;
      if (wanted.size < PINS_EXAMINED) wanted.add(block);
    });
  }
  const bufferOwner = new Map<number, number>();
  for (let i = 0; i < buffers.count; i++) {
    if (wanted.has(buffers.addresses[i]!)) bufferOwner.set(buffers.addresses[i]!, buffers.owners[i]!);
  }
  return { bufferOwner, count };
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
