import { describe, expect, it } from 'vitest';
import { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import { AddressSet } from './address-set.ts';
import { AllocatorMap } from './allocator-map.ts';
import { Layout } from './layout.ts';
import { KNOWN_BUILDS } from './layouts/known-builds.ts';
import { MemoryImage } from './memory-image.ts';
import { fieldsOf, mapMimalloc, trackedByMimalloc } from './mimalloc.ts';

const SEGMENT = 32 << 20;
const SLICE = 64 << 10;
const START = 0x7f00_0000_0000;
/** Much less than a segment: what is not touched is not copied either. */
const COPIED = 8 * SLICE;
/** The process's secret, from which each segment's cookie is made. */
const SECRET = 0x1234_5678_9abc_def0n;
const GC_HEAP = 2;
const GC_PRE_HEAP = 3;
const TRACKED = 1;

interface DrawnPage {
  readonly slice: number;
  readonly blockSize: number;
  readonly capacity: number;
  readonly heap: number;
  /** Indices of free blocks, by list. */
  readonly free: readonly number[];
  readonly localFree: readonly number[];
  readonly threadFree: readonly number[];
}

interface DrawnSegment {
  readonly image: MemoryImage;
  readonly layout: Layout;
  /** Address of a block. */
  readonly block: (page: DrawnPage, index: number) => Address;
  readonly view: DataView;
}

/** Draws one segment as the layout's mimalloc would write it. */
function drawSegment(layout: Layout, pages: readonly DrawnPage[]): DrawnSegment {
  const bytes = new Uint8Array(COPIED);
  const view = new DataView(bytes.buffer);
  const put = (at: number, value: number | bigint): void => view.setBigUint64(at, BigInt(value), true);
  const fields = fieldsOf(layout);
  put(fields.cookie, SECRET ^ BigInt(START));
  put(fields.sliceEntries, COPIED / SLICE);
  const startOf = ({ slice, blockSize }: DrawnPage): Address => {
    const area = START + slice * SLICE;
    if (fields.pageStart >= 0) return area + 128;
    return area + (blockSize <= 64 ? 3 * blockSize : blockSize <= 512 ? blockSize : 0);
  };
  const block = (page: DrawnPage, index: number): Address => startOf(page) + index * page.blockSize;
  for (const page of pages) {
    const at = fields.slices + page.slice * fields.pageSize;
    const lists = [page.free, page.localFree, page.threadFree];
    const used = page.capacity - lists.reduce((sum, list) => sum + list.length, 0);
    view.setUint32(at + fields.sliceCount, 1, true);
    view.setUint16(at + fields.capacity, page.capacity, true);
    bytes[at + fields.tagByte]! |= page.heap << fields.tagShift;
    view.setUint16(at + fields.used, used, true);
    if (fields.blockSizeIs64Bit) put(at + fields.blockSize, page.blockSize);
    else view.setUint32(at + fields.blockSize, page.blockSize, true);
    if (fields.pageStart >= 0) put(at + fields.pageStart, startOf(page));
    [fields.free, fields.localFree, fields.threadFree].forEach((field, i) => {
      const chain = lists[i]!.map((index) => block(page, index));
      // The low bits of xthread_free say how the page's thread frees.
      const flag = field === fields.threadFree ? 2 : 0;
      put(at + field, (chain[0] ?? 0) + flag);
      chain.forEach((address, k) => {
        put(address - START, chain[k + 1] ?? 0);
      });
    });
  }
  const region = {
    start: START,
    end: START + SEGMENT,
    readable: true,
    writable: true,
    executable: false,
    shared: false,
    offset: 0,
    path: '',
  };
  return { image: new MemoryImage([{ start: START, bytes, writable: true }], [region]), layout, block, view };
}

const small: DrawnPage = {
  slice: 1,
  blockSize: 48,
  capacity: 100,
  heap: GC_HEAP,
  free: [5, 3],
  localFree: [7],
  threadFree: [9, 11, 13],
};
const large: DrawnPage = {
  slice: 3,
  blockSize: 1024,
  capacity: 10,
  heap: GC_PRE_HEAP,
  free: [],
  localFree: [0],
  threadFree: [],
};
const raw: DrawnPage = { ...large, slice: 5, blockSize: 256, heap: 0 };

const builds = KNOWN_BUILDS.filter((build) => build.freeThreaded);

describe.each(builds)('mimalloc of $version on $arch', (build) => {
  const layout = new Layout(build);
  const draw = (...pages: DrawnPage[]) => {
    const drawn = drawSegment(layout, pages);
    const map = new AllocatorMap(drawn.image);
    const problems = new ProblemLog();
    mapMimalloc(drawn.image, layout, map, problems);
    map.seal();
    return { ...drawn, map, problems };
  };

  it('finds the blocks that are on no free list', () => {
    const { map, problems, block } = draw(small, large, raw);
    expect(problems.list()).toEqual([]);
    expect(map.totals.small.liveBlocks).toBe(94 + 9 + 9);
    expect(map.totals.small.liveBytes).toBe(94 * 48 + 9 * 1024 + 9 * 256);
    expect(map.blocks.count()).toBe(94 + 9 + 9);
    expect([0, 3, 5, 6, 7, 13, 99].map((index) => map.blocks.has(block(small, index)))).toEqual([
      true,
      false,
      false,
      true,
      false,
      false,
      true,
    ]);
    expect(map.sizeOf(block(large, 1))).toBe(1024);
    expect(map.blockOf(block(large, 1) + 16)).toBe(block(large, 1));
  });

  it('finds the objects that the collector tracks, behind their pre-headers', () => {
    const { image, map, block, view } = draw(small, large, raw);
    const bits = layout.need('PyObject.ob_gc_bits');
    const mark = (object: Address): void => view.setUint8(object + bits - START, TRACKED);
    mark(block(small, 0));
    // Freed, though its bits are still there.
    mark(block(small, 9));
    mark(block(large, 2) + 16);
    mark(block(raw, 4));
    const tracked = new AddressSet(image);
    trackedByMimalloc(image, layout, map, tracked);
    const found: Address[] = [];
    tracked.forEach((address) => {
      found.push(address);
    });
    expect(found).toEqual([block(small, 0), block(large, 2) + 16]);
  });

  it('counts free lists that loop or leave their page, and goes on', () => {
    const drawn = drawSegment(layout, [small, large]);
    const write = (at: Address, value: Address) => drawn.view.setBigUint64(at - START, BigInt(value), true);
    write(drawn.block(small, 3), drawn.block(small, 5));
    write(drawn.block(large, 0), drawn.block(small, 0));
    const map = new AllocatorMap(drawn.image);
    const problems = new ProblemLog();
    mapMimalloc(drawn.image, layout, map, problems);
    expect(problems.list().map(({ code, count }) => [code, count])).toEqual([['torn-free-list', 2]]);
    expect(map.totals.small.liveBlocks).toBe(94 + 9);
  });

  it('takes memory without the cookie for something else', () => {
    const { image } = drawSegment(layout, [small]);
    const other = new MemoryImage(
      [{ start: START + 8, bytes: image.segments[0]!.bytes, writable: true }],
      image.regions,
    );
    const map = new AllocatorMap(other);
    mapMimalloc(other, layout, map, new ProblemLog());
    expect(map.totals.small.liveBlocks).toBe(0);
  });
});
