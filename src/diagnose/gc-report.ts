// The answer of `leakscope gc`: how the cyclic collector is set, what it holds and does, what waits for it, and, where a
// collection was run, what that freed. Field names are snake_case because this is wire format (src/protocol/gc.ts).

import { hasBit } from '../base/bitset.ts';
import type { Problem, ProblemLog } from '../base/problems.ts';
import { formatBytes, formatCount, formatDuration } from '../base/units.ts';
import type { CollectionCounts } from '../cpython/collector-state.ts';
import type { HeapWalk } from '../cpython/heap-walk.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import { reachableFrom } from '../graph/reachability.ts';
import type { CaptureFacts } from './capture-facts.ts';
import { type CollectorReport, reportCollector } from './collector-report.ts';
import { type FullCollectionReport, reportFullCollection } from './full-collection.ts';
import { type GarbageReport, reportGarbage } from './garbage-report.ts';
import { censusGenerations, type GenerationCensus } from './generation-census.ts';
import { type TypeAmount, TypeSums } from './type-sums.ts';

export const GC_SCHEMA = 'leakscope.gc/1';

export interface GcTarget {
  /** The core file; absent for a running process. */
  readonly file?: string;
  readonly pid: number;
  readonly python: string;
  readonly app: string;
  readonly uptime_seconds?: number;
  readonly rss_bytes?: number;
}

/** What a generation did while it was watched. */
export interface WatchedGeneration {
  readonly collections: number;
  readonly per_minute: number;
  readonly collected: number;
  readonly uncollectable: number;
}

export interface GcWatch {
  readonly seconds: number;
  /** Young to old. */
  readonly generations: readonly WatchedGeneration[];
  /** Change of what no root reaches. */
  readonly garbage_objects: number;
  readonly garbage_bytes: number;
  /** Change of what the oldest generation holds; absent where there are no lists. */
  readonly old_objects?: number;
}

/** A collection that was run for this answer. */
export interface GcCollection {
  /** How the process was asked. */
  readonly by: 'remote debugging protocol' | 'agent';
  /** What gc.collect() returned: unreachable objects it found. */
  readonly found: number;
  /** Entries that gc.garbage gained. */
  readonly uncollectable: number;
  /** Garbage that was there before and is not after, by type; most bytes first. */
  readonly freed: readonly TypeAmount[];
  readonly freed_objects: number;
  readonly freed_bytes: number;
  /** Change of resident memory. */
  readonly rss_bytes: number;
}

export interface GcReport {
  readonly schema: typeof GC_SCHEMA;
  readonly target: GcTarget;
  /** The one thing to know. */
  readonly summary: string;
  readonly collector: CollectorReport;
  /** Young to old, then frozen; `all` alone where the build keeps no lists. */
  readonly generations: readonly GenerationCensus[];
  readonly full_collection: FullCollectionReport;
  readonly garbage: GarbageReport;
  readonly watch?: GcWatch;
  readonly collection?: GcCollection;
  readonly pauses_ms: readonly number[];
  readonly captures: readonly CaptureFacts[];
  readonly problems: readonly Problem[];
}

export interface GcReportOptions {
  readonly target: GcTarget;
  readonly top: number;
  readonly freeThreaded: boolean;
  /** The collector of 3.14.0 to 3.14.4. */
  readonly incremental: boolean;
  readonly watch?: GcWatch | undefined;
  readonly collection?: GcCollection | undefined;
  readonly pausesMs: readonly number[];
  readonly captures: readonly CaptureFacts[];
  readonly problems: ProblemLog;
}

/** `image` is the one that was walked. */
export function reportGc(
  walk: Pick<HeapWalk, 'graph' | 'collector' | 'collectorLists'>,
  image: MemoryImage,
  options: GcReportOptions,
): GcReport {
  const garbage = reportGarbage(walk.graph, options);
  const collector = reportCollector(walk, { count: garbage.old_objects, bytes: garbage.old_bytes });
  return {
    schema: GC_SCHEMA,
    target: options.target,
    summary: summarise(collector, garbage, options),
    collector,
    generations: censusGenerations(walk, image, options),
    full_collection: reportFullCollection(walk, options),
    garbage,
    ...(options.watch === undefined ? {} : { watch: options.watch }),
    ...(options.collection === undefined ? {} : { collection: options.collection }),
    pauses_ms: options.pausesMs,
    captures: options.captures,
    problems: options.problems.list(),
  };
}

function summarise(collector: CollectorReport, garbage: GarbageReport, { collection, watch }: GcReportOptions): string {
  if (collection !== undefined) {
    const { freed_objects, freed_bytes, rss_bytes } = collection;
    if (freed_objects === 0) return 'the collection freed nothing: what there is is reachable';
    const given = rss_bytes < 0 ? `, of which the system got ${formatBytes(-rss_bytes)} back` : '';
    return `the collection freed ${objectsOf(freed_objects)} (${formatBytes(freed_bytes)})${given}`;
  }
  const waiting =
    garbage.objects === 0
      ? 'nothing waits for it'
      : `${objectsOf(garbage.objects)} (${formatBytes(garbage.bytes)}) wait for it`;
  const [first] = collector.conclusions;
  const state = first === undefined ? 'the cyclic collector is on' : first.text;
  const said = first?.code === 'starved' ? state : `${state}; ${waiting}`;
  if (watch === undefined || watch.garbage_objects <= 0) return said;
  return `${said}, ${formatCount(watch.garbage_objects)} more than ${formatDuration(watch.seconds)} before`;
}

function objectsOf(count: number): string {
  return `${formatCount(count)} object${count === 1 ? '' : 's'}`;
}

/** What is kept of a look when another follows. */
export interface GcLook {
  readonly atSeconds: number;
  readonly stats: readonly CollectionCounts[];
  readonly oldObjects: number | undefined;
  /** Unreachable objects by type. */
  readonly garbage: readonly TypeAmount[];
  readonly rssBytes: number;
}

export function lookAtCollector(
  { graph, collector, collectorLists }: Pick<HeapWalk, 'graph' | 'collector' | 'collectorLists'>,
  atSeconds: number,
  rssBytes: number,
): GcLook {
  const reachable = reachableFrom(graph, graph.roots.nodes);
  const sums = new TypeSums(graph);
  for (let n = 0; n < graph.nodeCount; n++) if (!hasBit(reachable, n)) sums.add(n);
  return {
    atSeconds,
    stats: collector.stats,
    oldObjects: collectorLists?.generations.at(-1),
    garbage: sums.rows(),
    rssBytes,
  };
}

export function compareLooks(first: GcLook, last: GcLook): GcWatch {
  const seconds = last.atSeconds - first.atSeconds;
  const before = totalOf(first.garbage);
  const after = totalOf(last.garbage);
  return {
    seconds,
    generations: last.stats.map((counts, i) => {
      const was = first.stats[i] ?? { collections: 0, collected: 0, uncollectable: 0 };
      const collections = counts.collections - was.collections;
      return {
        collections,
        per_minute: seconds > 0 ? (collections * 60) / seconds : 0,
        collected: counts.collected - was.collected,
        uncollectable: counts.uncollectable - was.uncollectable,
      };
    }),
    garbage_objects: after.objects - before.objects,
    garbage_bytes: after.bytes - before.bytes,
    ...(first.oldObjects === undefined || last.oldObjects === undefined
      ? {}
      : { old_objects: last.oldObjects - first.oldObjects }),
  };
}

/** Garbage before and not after a collection. What the program makes meanwhile is not counted as freed. */
export function freedBetween(
  before: GcLook,
  after: GcLook,
): Pick<GcCollection, 'freed' | 'freed_objects' | 'freed_bytes'> {
  const left = new Map(after.garbage.map((row) => [row.type, row]));
  const freed = before.garbage
    .map((row) => {
      const rest = left.get(row.type);
      return {
        type: row.type,
        objects: Math.max(0, row.objects - (rest?.objects ?? 0)),
        bytes: Math.max(0, row.bytes - (rest?.bytes ?? 0)),
      };
    })
    .filter(({ objects }) => objects > 0)
    .sort((a, b) => b.bytes - a.bytes || b.objects - a.objects);
  const { objects, bytes } = totalOf(freed);
  return { freed, freed_objects: objects, freed_bytes: bytes };
}

function totalOf(rows: readonly TypeAmount[]): { objects: number; bytes: number } {
  return rows.reduce((sum, row) => ({ objects: sum.objects + row.objects, bytes: sum.bytes + row.bytes }), {
    objects: 0,
    bytes: 0,
  });
}
