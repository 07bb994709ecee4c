// Enumerates pymalloc: arenas, pools, and in each pool the blocks that are live (CPython Objects/obmalloc.c).

import type { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import type { AllocatorMap } from './allocator-map.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';

const SIZE_CLASS_STEP = 16;
const SIZE_CLASSES = 32;
/** No process has more arenas than this many (1 TiB of 1 MiB arenas); a larger count is a torn or forged read. */
const ARENAS_LIMIT = 1 << 20;
/** Of the largest arena: 2 MiB, in builds for huge pages. */
const POOLS_LIMIT = 512;
/** Static data searched for the arenas table of stripped builds: interpreters have at most a few MiB of it. */
const SEARCHED_BYTES_LIMIT = 16 << 20;

/** Where pymalloc's table of arena_objects is. */
export interface ArenaTable {
  readonly address: Address;
  readonly count: number;
}

interface Geometry {
  readonly arenaSize: number;
  readonly poolSize: number;
}

/** 3.10 grew pools from 4 to 16 KiB and arenas from 256 KiB to 1 MiB (bpo-37448). */
function geometryOf(layout: Layout): Geometry {
  return layout.minor >= 10 ? { arenaSize: 1 << 20, poolSize: 1 << 14 } : { arenaSize: 1 << 18, poolSize: 1 << 12 };
}

/** How to reach the table: the interpreter's address (3.12+), or static symbols, or a search of the static data. */
export interface ArenaLocation {
  readonly interpreter: Address;
  readonly symbols: Readonly<Record<string, Address>>;
}

/** Finds the arenas table, or undefined where pymalloc is off (PYTHONMALLOC=malloc) or cannot be found. */
export function findArenaTable(image: MemoryImage, layout: Layout, location: ArenaLocation): ArenaTable | undefined {
  if (layout.minor >= 12) {
    const field = location.interpreter + layout.at('PyInterpreterState.obmalloc');
    // 3.12 embeds the state in the interpreter; later versions point to it.
    const state = layout.minor === 12 ? field : image.pointer(field);
    if (state === 0) return undefined;
    const address = image.pointer(state + layout.at('_obmalloc_state.mgmt.arenas'));
    const count = image.u32(state + layout.at('_obmalloc_state.mgmt.maxarenas'));
    return address === 0 ? undefined : { address, count };
  }
  const symbol = location.symbols.arenas;
  const maxSymbol = location.symbols.maxarenas;
  if (symbol !== undefined && maxSymbol !== undefined) {
    const address = image.pointer(symbol);
    return address === 0 ? undefined : { address, count: image.u32(maxSymbol) };
  }
  return searchArenaTable(image, layout);
}

/** Stripped builds: a word of static data that points at a row of plausible arena_objects is the table. */
function searchArenaTable(image: MemoryImage, layout: Layout): ArenaTable | undefined {
  const rowSize = layout.sizeof('arena_object');
  let searched = 0;
  let best: ArenaTable | undefined;
  let bestArenas = 0;
  for (const region of image.regions) {
    if (!region.writable || region.shared || region.end - region.start > SEARCHED_BYTES_LIMIT) continue;
    if (region.path === '[heap]' || region.path === '[stack]') continue;
    searched += region.end - region.start;
    if (searched > 4 * SEARCHED_BYTES_LIMIT) break;
    for (let at = region.start; at + 8 <= region.end; at += 8) {
      if (!image.isCopied(at)) continue;
      const table = image.pointer(at);
      if (table === 0 || table % 16 !== 0 || !image.isCopied(table)) continue;
      if (!isArenaRow(image, layout, table)) continue;
      // The table is one malloc block, whose header gives its length.
      const header = image.u64(table - 8);
      const count = Math.floor((header - (header % 16) - 8) / rowSize);
      if (count < 1 || count > ARENAS_LIMIT) continue;
      let arenas = 0;
      let rows = 0;
      for (; rows < count; rows++) {
        const row = table + rows * rowSize;
        if (image.u64(row + layout.at('arena_object.address')) === 0) continue;
        if (!isArenaRow(image, layout, row)) break;
        arenas++;
      }
      if (rows === count && arenas > bestArenas) {
        bestArenas = arenas;
        best = { address: table, count };
      }
    }
  }
  return best;
}

function isArenaRow(image: MemoryImage, layout: Layout, row: Address): boolean {
  const { arenaSize, poolSize } = geometryOf(layout);
  const address = image.pointer(row + layout.at('arena_object.address'));
  if (address === 0 || address % 4096 !== 0 || !image.isCopied(address + poolSize)) return false;
  const poolAddress = image.pointer(row + layout.at('arena_object.pool_address'));
  const total = image.u32(row + layout.at('arena_object.ntotalpools'));
  const free = image.u32(row + layout.at('arena_object.nfreepools'));
  const pools = arenaSize / poolSize;
  return (
    poolAddress >= address &&
    poolAddress <= address + arenaSize &&
    (total === pools || total === pools - 1) &&
    free <= total
  );
}

/** Adds every live block of every pool to the map. */
export function mapPymalloc(
  image: MemoryImage,
  layout: Layout,
  table: ArenaTable,
  map: AllocatorMap,
  problems: ProblemLog,
): void {
  const { poolSize } = geometryOf(layout);
  const rowSize = layout.sizeof('arena_object');
  const row = {
    address: layout.at('arena_object.address'),
    poolAddress: layout.at('arena_object.pool_address'),
    total: layout.at('arena_object.ntotalpools'),
  };
  const pool = poolFields(layout);
  const small = map.totals.small;
  if (table.count > ARENAS_LIMIT) {
    problems.add('forged-arena-count', 'the allocator claims an impossible number of arenas');
    return;
  }
  for (let i = 0; i < table.count; i++) {
    const arena = image.pointer(table.address + i * rowSize + row.address);
    if (arena === 0) continue;
    const poolsEnd = image.pointer(table.address + i * rowSize + row.poolAddress);
    const first = Math.ceil(arena / poolSize) * poolSize;
    const pools = image.u32(table.address + i * rowSize + row.total);
    const arenaBytes = (pools + 1) * poolSize;
    // The page before the first whole pool is never touched, so it may be absent from the copy.
    if (
      pools > POOLS_LIMIT ||
      poolsEnd < arena ||
      poolsEnd > arena + 2 * arenaBytes ||
      (poolsEnd > first && !image.isCopied(first))
    ) {
      problems.addAt('torn-arena', 'an arena of pymalloc does not fit its table', arena);
      continue;
    }
    map.smallArenas.push({ start: arena, end: arena + arenaBytes - (first === arena ? poolSize : 0) });
    small.arenas++;
    small.arenaBytes += arenaBytes - (first === arena ? poolSize : 0);
    for (let p = first; p < poolsEnd; p += poolSize) mapPool(image, p, poolSize, pool, map, problems);
  }
  small.freeBytes = small.arenaBytes - small.liveBytes;
}

interface PoolFields {
  readonly headerSize: number;
  readonly count: number;
  readonly freeBlock: number;
  readonly sizeIndex: number;
  readonly nextOffset: number;
}

function poolFields(layout: Layout): PoolFields {
  return {
    headerSize: layout.sizeof('pool_header'),
    count: layout.at('pool_header.ref'),
    freeBlock: layout.at('pool_header.freeblock'),
    sizeIndex: layout.at('pool_header.szidx'),
    nextOffset: layout.at('pool_header.nextoffset'),
  };
}

/** Every block below `nextoffset` was handed out once; those on the free chain came back. */
function mapPool(
  image: MemoryImage,
  pool: Address,
  poolSize: number,
  fields: PoolFields,
  map: AllocatorMap,
  problems: ProblemLog,
): void {
  const live = image.u32(pool + fields.count);
  const sizeIndex = image.u32(pool + fields.sizeIndex);
  if (live === 0 || sizeIndex >= SIZE_CLASSES) return;
  const size = (sizeIndex + 1) * SIZE_CLASS_STEP;
  const end = pool + Math.min(image.u32(pool + fields.nextOffset), poolSize);
  map.addRun({ start: pool, end: pool + poolSize, blockSize: size });
  const blocks = map.blocks;
  let found = 0;
  for (let block = pool + fields.headerSize; block + size <= end; block += size) {
    blocks.add(block);
    found++;
  }
  let free = image.pointer(pool + fields.freeBlock);
  while (free !== 0) {
    if (free < pool || free >= end || !blocks.has(free)) {
      problems.addAt('torn-free-list', 'a free list of pymalloc leaves its pool', pool);
      break;
    }
    blocks.delete(free);
    found--;
    free = image.pointer(free);
  }
  if (found !== live) problems.addAt('pool-count', 'a pool of pymalloc counts other live blocks than were found', pool);
  map.totals.small.liveBlocks += found;
  map.totals.small.liveBytes += found * size;
}
