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
}

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
  const generations = generationAddresses(image, layout, gc);
  const threshold = layout.need('gc_generation.threshold');
  const count = layout.need('gc_generation.count');
  return {
    collecting: isCollecting(image, interpreter),
    enabled: image.u32(at('enabled')) !== 0,
    debug: image.i32(at('debug')),
    generationHeads: layout.hasGcHead ? generations : [],
    permanentHead: layout.hasGcHead ? at('permanent_generation') : 0,
    thresholds: generations.map((generation) => image.i32(generation + threshold)),
    counts: generations.map((generation) => image.i32(generation + count)),
    stats: readStats(image, layout, gc),
    garbageList: image.pointer(at('garbage')),
    callbacks: image.pointer(at('callbacks')),
    longLivedTotal: optional('long_lived_total'),
    longLivedPending: optional('long_lived_pending'),
    lastFullMs: readLastFullMs(image, layout, gc),
  };
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
  return Array.from({ length: GENERATIONS }, (_, i) => first + i * size);
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

function readRecentStats(image: MemoryImage, layout: Layout, stats: Address): CollectionCounts[] {
  if (stats === 0) return [];
  const itemSize = layout.fieldSize('gc_stats.young.items') / YOUNG_RING;
  const oldSize = layout.fieldSize('gc_stats.old') / (GENERATIONS - 1);
  const rings = [{ at: stats, length: YOUNG_RING }];
  for (let i = 0; i < GENERATIONS - 1; i++) {
    rings.push({ at: stats + layout.need('gc_stats.old') + i * oldSize, length: OLD_RING });
  }
  return rings.map(({ at, length }) => readCounts(image, lastItem(image, at, length, itemSize) + RING_COUNTS_OFFSET));
}

/** Address of the item that was written last. */
function lastItem(image: MemoryImage, ring: Address, length: number, itemSize: number): Address {
  return ring + Math.min(image.u8(ring + length * itemSize), length - 1) * itemSize;
}

/** Items start with the clock's nanoseconds at the start and the end of the collection. */
function readLastFullMs(image: MemoryImage, layout: Layout, gc: Address): number | undefined {
  if (layout.fieldSize('_gc_runtime_state.generation_stats') > 0) return undefined;
  const stats = image.pointer(gc + layout.need('_gc_runtime_state.generation_stats'));
  if (stats === 0) return undefined;
  const itemSize = layout.fieldSize('gc_stats.young.items') / YOUNG_RING;
  const oldest = stats + layout.need('gc_stats.old') + layout.fieldSize('gc_stats.old') / 2;
  const item = lastItem(image, oldest, OLD_RING, itemSize);
  const collections = image.i64(item + RING_COUNTS_OFFSET);
  const ms = (image.i64(item + WORD) - image.i64(item)) / 1e6;
  return collections > 0 && ms >= 0 ? ms : undefined;
}

/** After the start and end times of the collection. */
const RING_COUNTS_OFFSET = 2 * WORD;
