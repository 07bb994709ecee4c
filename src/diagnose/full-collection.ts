// The next full collection: what starts it, what holds it back, and how long the program will stand still for it.
// Field names are snake_case because this is wire format (src/protocol/gc.ts).

import { formatCount } from '../base/units.ts';
import type { CollectorState } from '../cpython/collector-state.ts';
import { whyIdle } from './collector-report.ts';
import type { GenerationCensus } from './generation-census.ts';

export interface FullCollectionReport {
  /** Objects it goes through: all tracked ones but the frozen. */
  readonly objects: number;
  /** References it follows from them. */
  readonly references: number;
  /** Steps of it that go far through memory. */
  readonly far_steps: number;
  /** How long it takes, in milliseconds: from the fastest to the slowest that was measured for so many. */
  readonly least_ms: number;
  readonly most_ms: number;
  /** How long the last one took, where the interpreter notes it (CPython 3.15). */
  readonly last_ms?: number;
  /** What has to happen before the next one starts by itself; absent where it is not known how the collector is set. */
  readonly starts?: string;
  /** Objects that came into the oldest generation since the last one, and those that survived it; absent if not counted. */
  readonly long_lived_pending?: number;
  readonly long_lived_total?: number;
}

/**
 * Nanoseconds for each object, each reference and each step far through memory: lower and upper end of what collections of
 * lists, dicts and instances, in order and out of it, took on CPython 3.8 to 3.15 (docs/gc.md).
 */
const LEAST_NS = { object: 25, reference: 3, far: 60 };
const MOST_NS = { object: 250, reference: 10, far: 700 };
/** A full collection waits until new long-lived objects are a quarter of the old ones (Modules/gcmodule.c). */
const LONG_LIVED_SHARE = 0.25;

/** `collector` is undefined of a .heap file that does not hold it. */
export function reportFullCollection(
  generations: readonly GenerationCensus[],
  collector: CollectorState | undefined,
  options: { readonly freeThreaded: boolean; readonly incremental: boolean },
): FullCollectionReport {
  let objects = 0;
  let references = 0;
  let farSteps = 0;
  for (const row of generations) {
    if (row.generation === 'frozen') continue;
    objects += row.objects;
    references += row.references;
    farSteps += row.far_steps;
  }
  const cost = {
    objects,
    references,
    far_steps: farSteps,
    least_ms: costMs(LEAST_NS, objects, references, farSteps),
    most_ms: costMs(MOST_NS, objects, references, farSteps),
  };
  if (collector === undefined) return cost;
  const counted = !options.incremental && collector.longLivedTotal > 0;
  return {
    ...cost,
    ...(collector.lastFullMs === undefined ? {} : { last_ms: collector.lastFullMs }),
    starts: whatStarts(collector, options),
    ...(counted ? { long_lived_pending: collector.longLivedPending, long_lived_total: collector.longLivedTotal } : {}),
  };
}

function costMs(cost: typeof LEAST_NS, objects: number, references: number, farSteps: number): number {
  return Math.round((objects * cost.object + references * cost.reference + farSteps * cost.far) / 1e5) / 10;
}

function whatStarts(
  collector: CollectorState,
  { freeThreaded, incremental }: { readonly freeThreaded: boolean; readonly incremental: boolean },
): string {
  if (whyIdle(collector)?.code === 'off') return 'only with gc.collect(): the collector is off';
  const [young = 0, middle = 0, old = 0] = collector.thresholds;
  const [count0 = 0, count1 = 0, count2 = 0] = collector.counts;
  if (young <= 0) return 'only with gc.collect(): the first threshold is 0';
  if (incremental)
    return 'only with gc.collect(): this collector looks through the old objects a little each time (increments)';
  if (freeThreaded) {
    const due = Math.max(young, Math.floor(collector.longLivedTotal * LONG_LIVED_SHARE));
    return `when about ${formatCount(due)} tracked objects more than now have been made than freed (${formatCount(count0)} so far)`;
  }
  const counts = `when generation 1 has been collected ${formatCount(old + 1)} times since the last one (${formatCount(count2)} so far), each after ${formatCount(middle + 1)} collections of generation 0 (${formatCount(count1)} so far)`;
  const needed = Math.floor(collector.longLivedTotal * LONG_LIVED_SHARE);
  if (collector.longLivedTotal === 0) return counts;
  const met = collector.longLivedPending >= needed;
  return `${counts}, and ${formatCount(needed)} objects have grown old since (${formatCount(collector.longLivedPending)} so far${met ? '' : ': this holds it back'})`;
}
