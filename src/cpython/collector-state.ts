// The state of the cyclic collector: is it running, where are its lists, what has it done so far.

import type { Address } from '../graph/heap-graph.ts';
import type { InterpreterState } from './interpreter-state.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';

/** What gc.get_stats() counts for one generation. */
export interface CollectionCounts {
  readonly collections: number;
  readonly collected: number;
  readonly uncollectable: number;
}

export interface CollectorState {
  /** A collection is under way: objects hang on lists whose heads are on a C stack. */
  readonly collecting: boolean;
  /** gc.isenabled(). */
  readonly enabled: boolean;
  /** gc.get_debug(). */
  readonly debug: number;
  /** Addresses of the PyGC_Head that start the lists, young to old; empty in free-threaded builds, which keep none. */
  readonly generationHeads: readonly Address[];
  /** List of gc.freeze(); 0 in free-threaded builds. */
  readonly permanentHead: Address;
  /** gc.get_threshold(), young to old. */
  readonly thresholds: readonly number[];
  /** gc.get_count(), young to old. */
  readonly counts: readonly number[];
  /** gc.get_stats(), young to old. */
  readonly stats: readonly CollectionCounts[];
  /** gc.garbage. */
  readonly garbageList: Address;
  /** gc.callbacks. */
  readonly callbacks: Address;
  /** Objects that survived the last full collection; 0 where no longer counted. */
  readonly longLivedTotal: number;
  readonly longLivedPending: number;
  /** How long the last full collection took, where the interpreter notes it (3.15) and there was one. */
  readonly lastFullMs: number | undefined;
  /** Time spent in collections of each generation so far, young to old; undefined where it is not noted (to 3.14). */
  readonly spentMs: readonly number[] | undefined;
  /** Where objects without a list say that they are frozen; undefined where lists do. */
  readonly frozenMark: FrozenMark | undefined;
}

/** A bit of one byte of every collected object. */
export interface FrozenMark {
  readonly offset: number;
  readonly mask: number;
}

/** ob_gc_bits of free-threaded builds: set aside by gc.freeze(). */
const FROZEN_BIT = 8;

const GENERATIONS = 3;
const WORD = 8;

/** Whether a collection is under way: one read, for use on live memory while the target stands still. */
export function isCollecting(image: MemoryImage, interpreter: InterpreterState): boolean {
  const { layout, collectorAddress } = interpreter;
  return image.u32(collectorAddress + layout.need('_gc_runtime_state.collecting')) !== 0;
}

export function readCollector(image: MemoryImage, interpreter: InterpreterState): CollectorState {
  const { layout, collectorAddress: gc } = interpreter;
  const at = (field: string): Address => gc + layout.need(`_gc_runtime_state.${field}`);
  const optional = (field: string): number => {
    const offset = layout.at(`_gc_runtime_state.${field}`);
    return offset < 0 ? 0 : image.i64(gc + offset);
  };
  const hasSpaces = hasOldSpaces(layout);
  const generations = generationAddresses(image, layout, gc);
  // In the order of the structure, which the incremental collector does not keep.
  const thresholds = [...generations].sort((a, b) => a - b);
  const threshold = layout.need('gc_generation.threshold');
  const count = layout.need('gc_generation.count');
  return {
    collecting: isCollecting(image, interpreter),
    enabled: image.u32(at('enabled')) !== 0,
    debug: image.i32(at('debug')),
    generationHeads: layout.hasGcHead ? generations : [],
    permanentHead: layout.hasGcHead ? at('permanent_generation') : 0,
    thresholds: thresholds.map((generation, i) => (hasSpaces && i === 2 ? 0 : image.i32(generation + threshold))),
    counts: generations.map((generation) => image.i32(generation + count)),
    stats: readStats(image, layout, gc),
    garbageList: image.pointer(at('garbage')),
    callbacks: image.pointer(at('callbacks')),
    longLivedTotal: optional('long_lived_total'),
    longLivedPending: optional('long_lived_pending'),
    lastFullMs: readLastFullMs(image, layout, gc),
    spentMs: readSpentMs(image, layout, gc),
    frozenMark: layout.hasGcHead ? undefined : { offset: layout.need('PyObject.ob_gc_bits'), mask: FROZEN_BIT },
  };
}

/** The collector of 3.14.0 to 3.14.4, which looks through the old objects a little at a time. */
export function isIncremental(layout: Layout): boolean {
  return hasOldSpaces(layout) && layout.hasGcHead;
}

/** Free-threaded builds of 3.14.0 to 3.14.4 have the incremental collector's structure, and a collector of their own. */
function hasOldSpaces(layout: Layout): boolean {
  return layout.at('_gc_runtime_state.young') >= 0;
}

/**
 * The gc_generation structures, young to old. Some distributors pack them 4 bytes earlier than the sources say, which
 * no table of offsets shows; where the state points to the first one, the pointer decides.
 */
function generationAddresses(image: MemoryImage, layout: Layout, gc: Address): Address[] {
  const size = layout.sizeof('gc_generation');
  const offset = firstGeneration(layout);
  let first = gc + offset;
  const pointer = layout.at('_gc_runtime_state.generation0');
  if (layout.hasGcHead && pointer >= 0) {
    const pointed = image.pointer(gc + pointer);
    if (Math.abs(pointed - first) < size) first = pointed;
  }
  const addresses = Array.from({ length: GENERATIONS }, (_, i) => first + i * size);
  const visited = layout.at('_gc_runtime_state.visited_space');
  // GEN_HEAD of Python/gc.c: what this round has visited is called generation 1, what it has yet to visit 2.
  if (visited >= 0 && image.u32(gc + visited) === 1) return [addresses[0]!, addresses[2]!, addresses[1]!];
  return addresses;
}

/** The incremental collector of 3.14.0 to 3.14.4 has young, old[0] and old[1] where others have generations[3]. */
function firstGeneration(layout: Layout): number {
  const generations = layout.at('_gc_runtime_state.generations');
  return generations >= 0 ? generations : layout.need('_gc_runtime_state.young');
}

function readStats(image: MemoryImage, layout: Layout, gc: Address): CollectionCounts[] {
  const statsAt = gc + layout.need('_gc_runtime_state.generation_stats');
  if (layout.fieldSize('_gc_runtime_state.generation_stats') > 0) {
    return Array.from({ length: GENERATIONS }, (_, i) => readCounts(image, statsAt + i * GENERATIONS * WORD));
  }
  return readRecentStats(image, layout, image.pointer(statsAt));
}

function readCounts(image: MemoryImage, address: Address): CollectionCounts {
  return {
    collections: image.i64(address),
    collected: image.i64(address + WORD),
    uncollectable: image.i64(address + 2 * WORD),
  };
}

/** 3.15 keeps the last few collections of each generation in rings of running totals: 11 young ones, 3 of each old. */
const YOUNG_RING = 11;
const OLD_RING = 3;
/** Of an item (struct gc_generation_stats): start and end by the clock in nanoseconds, three counts, candidates, seconds. */
const RING_COUNTS_OFFSET = 2 * WORD;
const RING_SECONDS_OFFSET = 6 * WORD;

function readRecentStats(image: MemoryImage, layout: Layout, stats: Address): CollectionCounts[] {
  return lastItems(image, layout, stats).map((item) => readCounts(image, item + RING_COUNTS_OFFSET));
}

/** Addresses of the items that were written last, young to old; none where the interpreter has no rings. */
function lastItems(image: MemoryImage, layout: Layout, stats: Address): Address[] {
  if (stats === 0) return [];
  const itemSize = layout.fieldSize('gc_stats.young.items') / YOUNG_RING;
  const oldSize = layout.fieldSize('gc_stats.old') / (GENERATIONS - 1);
  const rings = [{ at: stats, length: YOUNG_RING }];
  for (let i = 0; i < GENERATIONS - 1; i++) {
    rings.push({ at: stats + layout.need('gc_stats.old') + i * oldSize, length: OLD_RING });
  }
  return rings.map(({ at, length }) => at + Math.min(image.u8(at + length * itemSize), length - 1) * itemSize);
}

function recentItems(image: MemoryImage, layout: Layout, gc: Address): Address[] {
  if (layout.fieldSize('_gc_runtime_state.generation_stats') > 0) return [];
  return lastItems(image, layout, image.pointer(gc + layout.need('_gc_runtime_state.generation_stats')));
}

function readLastFullMs(image: MemoryImage, layout: Layout, gc: Address): number | undefined {
  const item = recentItems(image, layout, gc).at(-1);
  if (item === undefined) return undefined;
  const ms = (image.i64(item + WORD) - image.i64(item)) / 1e6;
  return image.i64(item + RING_COUNTS_OFFSET) > 0 && ms >= 0 ? ms : undefined;
}

function readSpentMs(image: MemoryImage, layout: Layout, gc: Address): number[] | undefined {
  const items = recentItems(image, layout, gc);
  if (items.length === 0) return undefined;
  const spent = items.map((item) => double(image, item + RING_SECONDS_OFFSET) * 1000);
  return spent.every((ms) => Number.isFinite(ms) && ms >= 0) ? spent : undefined;
}

function double(image: MemoryImage, address: Address): number {
  const bytes = image.bytes(address, WORD);
  return bytes === undefined ? Number.NaN : new DataView(bytes.buffer, bytes.byteOffset, WORD).getFloat64(0, true);
}
