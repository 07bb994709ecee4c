// The answer of `leakscope gc`: how the cyclic collector is set, what it holds and does, what waits for it, and, where a
// collection was run, what that freed. Field names are snake_case because this is wire format (src/protocol/gc.ts).

import type { Problem } from '../base/problems.ts';
import { formatBytes, formatCount, formatDuration } from '../base/units.ts';
import type { ListSizes } from '../cpython/collector-lists.ts';
import type { CollectorState } from '../cpython/collector-state.ts';
import type { OtherCollector } from '../cpython/heap-walk.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import { reachableFrom } from '../graph/reachability.ts';
import type { CaptureFacts } from './capture-facts.ts';
import { withAdvice } from './collector-advice.ts';
import { type CollectorReport, reportCollector } from './collector-report.ts';
import { type FullCollectionReport, reportFullCollection } from './full-collection.ts';
import { type GarbageReport, reportGarbage } from './garbage-report.ts';
import type { GcCollection, GcWatch } from './gc-watch.ts';
import { censusByFlags, censusGenerations, type GenerationCensus } from './generation-census.ts';
import type { Amount } from './snapshot-summary.ts';

export const GC_SCHEMA = 'leakscope.gc/1';

export interface GcTarget {
  /** The core or .heap file; absent for a running process. */
  readonly file?: string;
  readonly pid: number;
  readonly python: string;
  readonly app: string;
  readonly uptime_seconds?: number;
  readonly rss_bytes?: number;
}

/** The collector of another interpreter in the same process. */
export interface OtherInterpreter {
  readonly interpreter: number;
  readonly enabled: boolean;
  readonly thresholds: readonly number[];
  /** What its generations hold, and what is frozen; absent where the build keeps no lists. */
  readonly objects?: number;
  readonly frozen_objects?: number;
  readonly full_collections: number;
}

export interface GcReport {
  readonly schema: typeof GC_SCHEMA;
  readonly target: GcTarget;
  /** The one thing to know. */
  readonly summary: string;
  /** Absent of a .heap file that does not hold it. */
  readonly collector?: CollectorReport;
  readonly generations: readonly GenerationCensus[];
  /** The rest of the answer is of the main interpreter's collector; absent where there is no other. */
  readonly other_interpreters?: readonly OtherInterpreter[];
  readonly full_collection: FullCollectionReport;
  readonly garbage: GarbageReport;
  readonly watch?: GcWatch;
  readonly collection?: GcCollection;
  readonly pauses_ms: readonly number[];
  readonly captures: readonly CaptureFacts[];
  readonly problems: readonly Problem[];
}

/** Collections while it was watched that freed next to nothing, and took part of its time that is felt. */
const FRUITLESS_COLLECTIONS = 20;
const FRUITLESS_SHARE = 0.05;
/** Objects freed by each, as a part of the objects whose making starts it. */
const FRUITLESS_FREED = 0.01;
/** Frozen garbage in objects, before it is said: interpreters freeze a few of their own. */
const FROZEN_GARBAGE_NOTED = 100;

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
  readonly problems: readonly Problem[];
}

/** What is read of a process, a core file or a .heap file. */
export interface GcInput {
  readonly graph: HeapGraph;
  /** How the collector is set and what it did; undefined of a .heap file that does not hold it. */
  readonly collector: CollectorState | undefined;
  readonly collectorLists: ListSizes | undefined;
  /** The one that was walked, which holds the lists; undefined of a .heap file. */
  readonly image: MemoryImage | undefined;
  readonly otherCollectors?: readonly OtherCollector[];
}

export function reportGc(input: GcInput, options: GcReportOptions): GcReport {
  const { graph, image } = input;
  const census = { top: options.top, reachable: reachableFrom(graph, graph.roots.nodes) };
  const generations =
    image === undefined || input.collector === undefined
      ? censusByFlags(graph, census)
      : censusGenerations(graph, input.collector, image, census);
  const frozen = generations.find(({ generation }) => generation === 'frozen');
  const lost = { count: frozen?.garbage_objects ?? 0, bytes: frozen?.garbage_bytes ?? 0 };
  const garbage = withoutFrozen(reportGarbage(graph, options), lost);
  const collector = describeCollector(input, garbage, lost, options.watch);
  const others = (input.otherCollectors ?? []).map(describeOther);
  return {
    schema: GC_SCHEMA,
    target: options.target,
    summary: summarise(collector, garbage, options),
    ...(collector === undefined ? {} : { collector }),
    generations,
    ...(others.length === 0 ? {} : { other_interpreters: others }),
    full_collection: reportFullCollection(generations, input.collector, options),
    garbage,
    ...(options.watch === undefined ? {} : { watch: options.watch }),
    ...(options.collection === undefined ? {} : { collection: options.collection }),
    pauses_ms: options.pausesMs,
    captures: options.captures,
    problems: options.problems,
  };
}

function describeOther({ interpreter, collector, lists }: OtherCollector): OtherInterpreter {
  const objects = lists.generations.reduce((sum, count) => sum + count, 0);
  return {
    interpreter,
    enabled: collector.enabled,
    thresholds: collector.thresholds,
    ...(lists.generations.length === 0 ? {} : { objects, frozen_objects: lists.permanent }),
    full_collections: collector.stats.at(-1)?.collections ?? 0,
  };
}

/** Nodes are flagged as old when they are frozen, too; but no full collection comes to those. */
function withoutFrozen(garbage: GarbageReport, lost: Amount): GarbageReport {
  const old_objects = Math.max(0, garbage.old_objects - lost.count);
  return { ...garbage, old_objects, old_bytes: Math.max(0, garbage.old_bytes - lost.bytes) };
}

/** With what only the lists show: frozen objects that are garbage. */
function describeCollector(
  { graph, collector, collectorLists }: GcInput,
  garbage: GarbageReport,
  lost: Amount,
  watch: GcWatch | undefined,
): CollectorReport | undefined {
  if (collector === undefined) return undefined;
  const report = reportCollector(
    { graph, collector, collectorLists },
    { count: garbage.old_objects, bytes: garbage.old_bytes },
  );
  const conclusions = [...report.conclusions];
  const fruitless = watch === undefined ? undefined : fruitlessText(watch, collector.thresholds[0] ?? 0);
  if (fruitless !== undefined) conclusions.push(withAdvice('fruitless', fruitless));
  if (lost.count < FROZEN_GARBAGE_NOTED) return { ...report, conclusions };
  const text = `${objectsOf(lost.count)} (${formatBytes(lost.bytes)}) that gc.freeze set aside are garbage now, which no collection frees`;
  // Before that there are frozen ones at all.
  const at = conclusions.findIndex(({ code }) => code === 'frozen');
  conclusions.splice(at < 0 ? conclusions.length : at, 0, withAdvice('frozen garbage', text));
  return { ...report, conclusions };
}

/** Undefined where collections are few, free something, or take no time to speak of. */
function fruitlessText({ generations, samples, collecting, seconds }: GcWatch, threshold: number): string | undefined {
  const sum = (field: 'collections' | 'collected'): number => generations.reduce((total, row) => total + row[field], 0);
  const collections = sum('collections');
  if (collections < FRUITLESS_COLLECTIONS || collecting < FRUITLESS_SHARE * samples) return undefined;
  const freed = sum('collected') / collections;
  if (freed > FRUITLESS_FREED * threshold) return undefined;
  const share = Math.round((100 * collecting) / samples);
  return `${formatCount(collections)} collections in ${formatDuration(seconds)} freed ${freed.toFixed(1)} objects each, and took about ${share} % of the time`;
}

function summarise(
  collector: CollectorReport | undefined,
  garbage: GarbageReport,
  { collection, watch }: GcReportOptions,
): string {
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
  const first = collector?.conclusions[0];
  const unsaid = collector === undefined ? 'the file does not say how the cyclic collector was set' : undefined;
  const state = unsaid ?? first?.text ?? 'the cyclic collector is on';
  const said = first?.code === 'starved' ? state : `${state}; ${waiting}`;
  if (watch === undefined || watch.garbage_objects <= 0) return said;
  return `${said}; garbage grew by ${objectsOf(watch.garbage_objects)} in ${formatDuration(watch.seconds)}`;
}

function objectsOf(count: number): string {
  return `${formatCount(count)} object${count === 1 ? '' : 's'}`;
}
