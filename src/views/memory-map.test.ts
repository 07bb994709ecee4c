// The picture of a small drawn process: one arena in use, one that a single object keeps; whose each cell is, what pins,
// and sums that cover all regions while only some are sent.

import { expect, test } from 'vitest';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { AddressSet } from '../cpython/address-set.ts';
import { AllocatorMap } from '../cpython/allocator-map.ts';
import { type HeapBlocks, measureBlocks } from '../cpython/block-use.ts';
import { MemoryImage } from '../cpython/memory-image.ts';
import { ResidentPages } from '../cpython/resident-pages.ts';
import { StaticMemory } from '../cpython/static-memory.ts';
import { sparseArenas } from '../diagnose/fragmentation.ts';
import { findOwners } from '../diagnose/memory-owners.ts';
import { reachableFrom } from '../graph/reachability.ts';
import { memoryMapView } from './memory-map.ts';
import { type MemoryMapColumns, memoryMapColumns } from './memory-map-columns.ts';

const POOL = 0x1000;
const ARENA = 16 * POOL;
const FULL = 0x10_0000;
const SPARSE = 0x12_0000;
const BLOCK = 1024;
const USERS = 16;
const users = Array.from({ length: USERS }, (_, i) => `user${i}`);

const pool = (arena: number, index: number): number => arena + index * POOL;
const graph = graphFromText(`
  root modules sys.modules -> modules -> shop [value 0] -> globals [field __dict__]
  type modules dict; type shop module; type globals dict; label shop shop; flags shop code; flags globals namespace
  globals -> cache [global cache]; type cache dict; globals -> rows [global rows]; type rows list; lost -> lost
  address modules ${pool(FULL, 0)}; address shop ${pool(FULL, 0) + BLOCK}
  address globals ${pool(FULL, 0) + 2 * BLOCK}; address cache ${pool(FULL, 0) + 3 * BLOCK}
  ${users.map((name, i) => `cache -> ${name} [value 0]; type ${name} shop.User; address ${name} ${pool(FULL, 1) + i * BLOCK}`).join('\n')}
  type lost shop.User; address lost ${pool(FULL, 6)}
  address rows ${pool(SPARSE, 2)}
`);
/** The table of `cache`, and blocks that no object owns. */
const TABLE = pool(FULL, 5);
const NATIVE = pool(FULL, 7);
const TRACES = pool(FULL, 8);

function drawMap(): MemoryMapColumns {
  const image = new MemoryImage([
    { start: FULL, bytes: new Uint8Array(ARENA), writable: true },
    { start: SPARSE, bytes: new Uint8Array(ARENA), writable: true },
  ]);
  const allocator = new AllocatorMap(image);
  for (const start of [FULL, SPARSE]) {
    allocator.smallArenas.push({ start, end: start + ARENA });
    for (let i = 0; i < 16; i++) {
      const at = pool(start, i);
      allocator.addRun({ start: at, end: at + POOL, blockSize: at === TABLE ? POOL : BLOCK });
    }
  }
  allocator.seal();
  const nodes = new AddressSet(image);
  const claimed = new AddressSet(image);
  for (const address of graph.addresses) nodes.add(address);
  for (const address of [...graph.addresses, TABLE, TRACES]) claimed.add(address);
  for (const address of [...graph.addresses, TABLE, NATIVE, TRACES]) allocator.blocks.add(address);
  const tracemalloc = new AddressSet(image);
  tracemalloc.add(TRACES);
  nodes.freeze();
  const blocks: HeapBlocks = {
    image,
    allocator,
    statics: new StaticMemory(image, allocator),
    nodes,
    claimed,
    tracemalloc,
    buffers: { addresses: Float64Array.of(TABLE), owners: Uint32Array.of(graph.node('cache')), count: 1 },
  };
  // The upper half of the nearly empty arena was never touched.
  const resident = new ResidentPages([FULL, FULL + ARENA, SPARSE, SPARSE + ARENA / 2]);
  const reachable = reachableFrom(graph, graph.roots.nodes);
  const blockUse = measureBlocks({ blocks, resident, shared: new ResidentPages([]), reachable });
  return memoryMapColumns({
    blocks,
    graph,
    resident,
    reachable,
    owners: findOwners(graph),
    sparse: sparseArenas({ blockUse, resident }, allocator),
  });
}

const columns = drawMap();
const whole = memoryMapView(columns, graph, { offset: 0, limit: 10 });
const CACHE = 'module shop › global cache';
const ROWS = 'module shop › global rows';

test('a cell says what most of it is, of which type, and whose', () => {
  expect(whole.regions.map(({ kind, address, cells }) => [kind, address, cells.length])).toEqual([
    ['arena', '0x100000', 16],
    ['arena', '0x120000', 16],
  ]);
  const cells = whole.regions[0]!.cells;
  expect(cells[1]).toEqual({ use: 'objects', filled: 1, type: 'shop.User', owner: CACHE });
  expect(cells[5]).toEqual({ use: 'buffers', filled: 1, type: 'dict', owner: CACHE });
  expect(cells[6]).toEqual({ use: 'garbage', filled: 0.25, type: 'shop.User' });
  expect(cells[7]).toEqual({ use: 'native', filled: 0.25 });
  expect(cells[8]).toEqual({ use: 'tracemalloc', filled: 0.25 });
  expect(cells[9]).toEqual({ use: 'free in arenas', filled: 0 });
  expect(whole.regions[1]!.cells[9]).toEqual({ use: 'not resident', filled: 0 });
});

test('what lives in a nearly empty arena pins it; what lives in another does not', () => {
  expect(whole.regions[1]!.cells[2]).toEqual({ use: 'objects', filled: 0.25, type: 'list', owner: ROWS, pins: true });
  expect(whole.regions.flatMap(({ cells }) => cells).filter(({ pins }) => pins === true)).toHaveLength(1);
  expect(whole.sparse).toEqual({ arenas: 1, live_bytes: BLOCK, free_bytes: ARENA / 2 - BLOCK });
});

test('owners and types add up to what lives, whichever regions are sent', () => {
  const { by_owner, by_type, totals } = whole;
  const bytesOf = (...uses: string[]): number =>
    totals.reduce((sum, { use, bytes }) => sum + (uses.includes(use) ? bytes : 0), 0);
  expect(by_owner.largest).toEqual([
    { name: CACHE, bytes: (1 + USERS) * BLOCK + POOL },
    { name: 'module shop', bytes: 2 * BLOCK },
    { name: 'sys.modules', bytes: BLOCK },
    { name: ROWS, bytes: BLOCK },
  ]);
  expect(by_owner.bytes).toBe(bytesOf('objects', 'buffers'));
  expect(by_owner.bytes).toBe(by_owner.largest.reduce((sum, { bytes }) => sum + bytes, 0));
  // Nobody holds garbage, but it is of a type.
  expect(by_type.largest.slice(0, 2)).toEqual([
    { name: 'shop.User', bytes: (USERS + 1) * BLOCK },
    { name: 'dict', bytes: 3 * BLOCK + POOL },
  ]);
  expect(by_type.bytes).toBe(bytesOf('objects', 'buffers', 'garbage'));
  expect(by_type.bytes).toBe(by_type.largest.reduce((sum, { bytes }) => sum + bytes, 0));

  const second = memoryMapView(columns, graph, { offset: 1, limit: 1 });
  expect(second.regions).toEqual(whole.regions.slice(1));
  expect({ ...second, offset: 0, regions: [] }).toEqual({ ...whole, regions: [] });
});
