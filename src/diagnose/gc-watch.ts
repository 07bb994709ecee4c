// What the cyclic collector did between two looks, and what a collection in between freed.
// Field names are snake_case because this is wire format (src/protocol/gc.ts).

import { hasBit } from '../base/bitset.ts';
import { indexInAscending } from '../base/sorted-search.ts';
import type { CollectionCounts } from '../cpython/collector-state.ts';
import type { HeapWalk } from '../cpython/heap-walk.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import { reachableFrom } from '../graph/reachability.ts';
import { oldNodes } from './generation-census.ts';
import { type TypeAmount, TypeSums } from './type-sums.ts';

/** What a generation did while it was watched. */
export interface WatchedGeneration {
  readonly collections: number;
  readonly per_minute: number;
  readonly collected: number;
  /** Objects freed by each collection, on average; 0 without one. */
  readonly collected_per_collection: number;
  readonly uncollectable: number;
  /** Time the program stood still for them, where the interpreter notes it (CPython 3.15). */
  readonly spent_ms?: number;
}

/** What was seen between the looks, without a stop. */
export interface CollectorSamples {
  readonly samples: number;
  /** Samples in which a collection was under way. */
  readonly collecting: number;
  /** Samples in which the collector was off. */
  readonly off: number;
}

export interface GcWatch extends CollectorSamples {
  readonly seconds: number;
  /** Young to old. */
  readonly generations: readonly WatchedGeneration[];
  /** Change of what no root reaches. */
  readonly garbage_objects: number;
  readonly garbage_bytes: number;
  readonly garbage_objects_per_minute: number;
  readonly garbage_bytes_per_minute: number;
  /** What of it became more, by type; most bytes first. */
  readonly garbage_gained: readonly TypeAmount[];
  /** Change of what the oldest generation holds; absent where there are no lists. */
  readonly old_objects?: number;
  /** Objects that came into the oldest generation and are still there; absent where there are no lists. */
  readonly promoted?: {
    readonly objects: number;
    readonly bytes: number;
    /** Most bytes first. */
    readonly types: readonly TypeAmount[];
  };
}

/** A collection that was run for this answer. */
export interface GcCollection {
  /** How the process was asked. */
  readonly by: 'remote debugging protocol' | 'agent';
  /** What gc.collect() returned: unreachable objects it found. */
  readonly found: number;
  /** How long it took, as measured in the process. */
  readonly ms: number;
  /** Entries that gc.garbage gained. */
  readonly uncollectable: number;
  /** Garbage that was there before and is not after, by type; most bytes first. */
  readonly freed: readonly TypeAmount[];
  readonly freed_objects: number;
  readonly freed_bytes: number;
  /** Garbage that is there after it: new, frozen, or what the collector cannot free. */
  readonly left_objects: number;
  /** Change of resident memory. */
  readonly rss_bytes: number;
}

/** What is kept of a look when another follows. */
export interface GcLook {
  readonly atSeconds: number;
  readonly stats: readonly CollectionCounts[];
  readonly spentMs: readonly number[] | undefined;
  /** Addresses of the objects of the oldest generation, ascending; undefined where there are no lists. */
  readonly old: Float64Array | undefined;
  /** Unreachable objects by type. */
  readonly garbage: readonly TypeAmount[];
  readonly rssBytes: number;
}

type LookedAt = Pick<HeapWalk, 'graph' | 'collector'>;

/** `image` is the one that was walked. 8 bytes for each object of the oldest generation. */
export function lookAtCollector(
  { graph, collector }: LookedAt,
  image: MemoryImage,
  moment: { readonly atSeconds: number; readonly rssBytes: number },
): GcLook {
  const reachable = reachableFrom(graph, graph.roots.nodes);
  const sums = new TypeSums(graph);
  for (let n = 0; n < graph.nodeCount; n++) if (!hasBit(reachable, n)) sums.add(n);
  const old = oldNodes(graph, collector, image);
  return {
    ...moment,
    stats: collector.stats,
    spentMs: collector.spentMs,
    old: old === undefined ? undefined : Float64Array.from(old, (node) => graph.addresses[node]!),
    garbage: sums.rows(),
  };
}

/** `walk` and `image` are those of the last look. */
export function compareLooks(
  first: GcLook,
  last: GcLook,
  seen: CollectorSamples,
  { graph, collector }: LookedAt,
  image: MemoryImage,
  options: { readonly top: number },
): GcWatch {
  const seconds = last.atSeconds - first.atSeconds;
  const perMinute = (amount: number): number => (seconds > 0 ? (amount * 60) / seconds : 0);
  const before = totalOf(first.garbage);
  const after = totalOf(last.garbage);
  const nodes = oldNodes(graph, collector, image);
  const promoted = new TypeSums(graph);
  if (first.old !== undefined) {
    for (const node of nodes ?? []) if (indexInAscending(first.old, graph.addresses[node]!) < 0) promoted.add(node);
  }
  const { count, bytes } = promoted.total();
  return {
    seconds,
    ...seen,
    generations: last.stats.map((counts, i) => {
      const was = first.stats[i] ?? { collections: 0, collected: 0, uncollectable: 0 };
      const collections = counts.collections - was.collections;
      const collected = counts.collected - was.collected;
      const spent = spentBetween(first.spentMs?.[i], last.spentMs?.[i]);
      return {
        collections,
        per_minute: perMinute(collections),
        collected,
        collected_per_collection: collections > 0 ? collected / collections : 0,
        uncollectable: counts.uncollectable - was.uncollectable,
        ...(spent === undefined ? {} : { spent_ms: spent }),
      };
    }),
    garbage_objects: after.objects - before.objects,
    garbage_bytes: after.bytes - before.bytes,
    garbage_objects_per_minute: perMinute(after.objects - before.objects),
    garbage_bytes_per_minute: perMinute(after.bytes - before.bytes),
    garbage_gained: differenceByType(first.garbage, last.garbage).slice(0, options.top),
    ...(first.old === undefined || nodes === undefined
      ? {}
      : {
          old_objects: nodes.length - first.old.length,
          promoted: { objects: count, bytes, types: promoted.rows(options.top) },
        }),
  };
}

/** Garbage before and not after a collection. What the program makes meanwhile is not counted as freed. */
export function freedBetween(
  before: GcLook,
  after: GcLook,
): Pick<GcCollection, 'freed' | 'freed_objects' | 'freed_bytes' | 'left_objects'> {
  const freed = differenceByType(after.garbage, before.garbage);
  const { objects, bytes } = totalOf(freed);
  return { freed, freed_objects: objects, freed_bytes: bytes, left_objects: totalOf(after.garbage).objects };
}

/** Where `more` has more objects of a type; most bytes first. */
function differenceByType(less: readonly TypeAmount[], more: readonly TypeAmount[]): TypeAmount[] {
  const there = new Map(less.map((row) => [row.type, row]));
  return more
    .map(({ type, objects, bytes }) => {
      const rest = there.get(type);
      return {
        type,
        objects: Math.max(0, objects - (rest?.objects ?? 0)),
        bytes: Math.max(0, bytes - (rest?.bytes ?? 0)),
      };
    })
    .filter(({ objects }) => objects > 0)
    .sort((a, b) => b.bytes - a.bytes || b.objects - a.objects);
}

function spentBetween(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : Math.max(0, after - before);
}

function totalOf(rows: readonly TypeAmount[]): { objects: number; bytes: number } {
  return rows.reduce((sum, row) => ({ objects: sum.objects + row.objects, bytes: sum.bytes + row.bytes }), {
    objects: 0,
    bytes: 0,
  });
}
