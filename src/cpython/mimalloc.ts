// Enumerates mimalloc as free-threaded CPython embeds it: segments, pages, and in each page the live blocks.
// Segments are found by their alignment and cookie, so heaps of dead threads are covered too.

import type { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import type { AddressSet } from './address-set.ts';
import type { AllocatorMap } from './allocator-map.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';

const SEGMENT_ALIGNMENT = 32 << 20;
const SLICE_BYTES = 64 << 10;
/** No page holds blocks smaller than a word or more blocks than its slices have words. */
const BLOCK_SIZE_LIMIT = 2 ** 32;
/** Tags of CPython's four heaps (Include/internal/mimalloc/mimalloc/types.h): raw, objects, collected, collected with pre-header. */
const TAG_GC = 2;
const TAG_GC_PRE = 3;
/** ob_gc_bits: on the collector's books. */
const TRACKED_BIT = 1;

export interface Fields {
  readonly cookie: number;
  readonly sliceEntries: number;
  readonly slices: number;
  readonly pageSize: number;
  readonly sliceCount: number;
  readonly capacity: number;
  readonly used: number;
  readonly usedIs32Bit: boolean;
  readonly free: number;
  readonly localFree: number;
  readonly threadFree: number;
  readonly blockSize: number;
  readonly blockSizeIs64Bit: boolean;
  readonly pageStart: number;
  readonly tagByte: number;
  readonly tagShift: number;
}

/** mimalloc 2.5.2 as in 3.14.10t and 3.15.2t, whose layouts are derived and do not have it. From the headers, not measured. */
const FIELDS_OF_2_5: Fields = {
  cookie: 224,
  sliceEntries: 272,
  slices: 288,
  pageSize: 112,
  sliceCount: 0,
  capacity: 10,
  used: 32,
  usedIs32Bit: false,
  free: 16,
  localFree: 24,
  threadFree: 56,
  blockSize: 40,
  blockSizeIs64Bit: true,
  pageStart: 48,
  tagByte: 35,
  tagShift: 0,
};

/** Where the fields of segments and pages lie. */
export function fieldsOf(layout: Layout): Fields {
  if (!layout.has('mi_segment_t.cookie')) return FIELDS_OF_2_5;
  const shortSize = layout.at('mi_page_t.xblock_size');
  const tag = layout.bits('mi_page_t.tag') ?? layout.bits('mi_page_t.heap_tag');
  return {
    cookie: layout.at('mi_segment_t.cookie'),
    sliceEntries: layout.at('mi_segment_t.slice_entries'),
    slices: layout.at('mi_segment_t.slices'),
    pageSize: layout.sizeof('mi_page_t'),
    sliceCount: layout.at('mi_page_t.slice_count'),
    capacity: layout.at('mi_page_t.capacity'),
    used: layout.at('mi_page_t.used'),
    usedIs32Bit: shortSize >= 0,
    free: layout.at('mi_page_t.free'),
    localFree: layout.at('mi_page_t.local_free'),
    threadFree: layout.at('mi_page_t.xthread_free'),
    blockSize: shortSize >= 0 ? shortSize : layout.at('mi_page_t.block_size'),
    blockSizeIs64Bit: shortSize < 0,
    pageStart: layout.at('mi_page_t.page_start'),
    tagByte: tag?.offset ?? 0,
    tagShift: tag?.bit ?? 0,
  };
}

interface Page {
  readonly start: Address;
  readonly end: Address;
  readonly blockSize: number;
  readonly tag: number;
  readonly page: Address;
  readonly segment: Address;
}

/** Adds every live block of every page to the map. */
export function mapMimalloc(image: MemoryImage, layout: Layout, map: AllocatorMap, problems: ProblemLog): void {
  const fields = fieldsOf(layout);
  const small = map.totals.small;
  const segmentEnds = new Map(findSegments(image, fields).map((start) => [start, start + SEGMENT_ALIGNMENT]));
  forEachPage(image, fields, (page) => {
    map.addRun({ start: page.start, end: page.end, blockSize: page.blockSize });
    // A block larger than a segment has one of its own, as long as it needs.
    if (page.end > segmentEnds.get(page.segment)!) segmentEnds.set(page.segment, page.end);
    let live = 0;
    for (let block = page.start; block + page.blockSize <= page.end; block += page.blockSize) {
      map.blocks.add(block);
      live++;
    }
    for (const list of [fields.free, fields.localFree, fields.threadFree]) {
      // Bits of xthread_free say how the thread frees; blocks are 8-aligned.
      let free = image.pointer(page.page + list);
      free -= free % 8;
      while (free !== 0) {
        if (free < page.start || free >= page.end || !map.blocks.has(free)) {
          problems.addAt('torn-free-list', 'a free list of mimalloc leaves its page', page.page);
          break;
        }
        map.blocks.delete(free);
        live--;
        free = image.pointer(free);
        free -= free % 8;
      }
    }
    small.liveBlocks += live;
    small.liveBytes += live * page.blockSize;
    small.arenaBytes += page.end - page.start;
  });
  small.freeBytes = small.arenaBytes - small.liveBytes;
  for (const [start, end] of segmentEnds) map.smallArenas.push({ start, end });
}

/** Adds the tracked objects: live blocks of the collected heaps whose tracked bit is set. */
export function trackedByMimalloc(image: MemoryImage, layout: Layout, map: AllocatorMap, tracked: AddressSet): void {
  const gcBits = layout.at('PyObject.ob_gc_bits');
  forEachPage(image, fieldsOf(layout), (page) => {
    if (page.tag !== TAG_GC && page.tag !== TAG_GC_PRE) return;
    const header = page.tag === TAG_GC_PRE ? 16 : 0;
    for (let block = page.start; block + page.blockSize <= page.end; block += page.blockSize) {
      const object = block + header;
      if (map.blocks.has(block) && (image.u8(object + gcBits) & TRACKED_BIT) !== 0) tracked.add(object);
    }
  });
}

function forEachPage(image: MemoryImage, fields: Fields, visit: (page: Page) => void): void {
  for (const segment of findSegments(image, fields)) {
    const entries = Math.min(image.u64(segment + fields.sliceEntries), SEGMENT_ALIGNMENT / SLICE_BYTES);
    for (let index = 0; index < entries; ) {
      const page = segment + fields.slices + index * fields.pageSize;
      const count = Math.max(1, image.u32(page + fields.sliceCount));
      const described = describePage(image, fields, segment, page, index, count);
      if (described !== undefined) visit(described);
      index += count;
    }
  }
}

function describePage(
  image: MemoryImage,
  fields: Fields,
  segment: Address,
  page: Address,
  index: number,
  slices: number,
): Page | undefined {
  const used = fields.usedIs32Bit ? image.u32(page + fields.used) : image.u16(page + fields.used);
  const capacity = image.u16(page + fields.capacity);
  const blockSize = fields.blockSizeIs64Bit ? image.u64(page + fields.blockSize) : image.u32(page + fields.blockSize);
  if (used === 0 || capacity === 0 || used > capacity || blockSize < 8 || blockSize > BLOCK_SIZE_LIMIT)
    return undefined;
  const areaStart = segment + index * SLICE_BYTES;
  let start = areaStart;
  if (fields.pageStart >= 0) start = image.pointer(page + fields.pageStart);
  // 2.1.2 leaves a gap before small blocks so that pages do not share cache sets (_mi_segment_page_start_from_slice).
  else if (blockSize <= 64) start += 3 * blockSize;
  else if (blockSize <= 512) start += blockSize;
  const end = start + capacity * blockSize;
  if (start < areaStart || end > areaStart + Math.max(slices, 1) * SLICE_BYTES + SEGMENT_ALIGNMENT) return undefined;
  const tag = (image.u8(page + fields.tagByte) >> fields.tagShift) & (fields.blockSizeIs64Bit ? 0xff : 0x0f);
  return { start, end, blockSize, tag, page, segment };
}

/** Aligned addresses whose cookie, xor their own address, is the process's constant: the commonest one. */
function findSegments(image: MemoryImage, fields: Fields): Address[] {
  const byConstant = new Map<bigint, Address[]>();
  for (const region of image.regions) {
    if (!region.readable || !region.writable || region.shared) continue;
    for (
      let at = Math.ceil(region.start / SEGMENT_ALIGNMENT) * SEGMENT_ALIGNMENT;
      at < region.end;
      at += SEGMENT_ALIGNMENT
    ) {
      if (!image.isCopied(at + fields.cookie)) continue;
      const bytes = image.bytes(at + fields.cookie, 8);
      if (bytes === undefined) continue;
      const cookie = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
      const entries = image.u64(at + fields.sliceEntries);
      if (cookie === 0n || entries === 0 || entries > SEGMENT_ALIGNMENT / SLICE_BYTES) continue;
      const constant = cookie ^ BigInt(at);
      const group = byConstant.get(constant);
      if (group === undefined) byConstant.set(constant, [at]);
      else group.push(at);
    }
  }
  let best: Address[] = [];
  for (const group of byConstant.values()) if (group.length > best.length) best = group;
  return best;
}
