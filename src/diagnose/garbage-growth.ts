// Garbage that keeps growing: the collector is off, does not come, cannot see the cycles, or is told to keep what it finds.

import { type HeapGraph, qualifiedTypeName } from '../graph/heap-graph.ts';
import { judgeTrend } from '../metrics/growth-trend.ts';
import { keepsEverything, whyIdle } from './collector-report.ts';
import { type DraftFinding, trendInWords } from './draft-finding.ts';
import { typesWithFinalizer } from './finalizers.ts';
import type { FindingKind } from './find-report.ts';
import { largestCycle } from './garbage-cycle.ts';
import type { HeapAnalysis } from './holder-findings.ts';
import { creationSites, LEAST_COUNT, nativeFinding, neverFalls, seriesOf, total } from './native-draft.ts';
import type { Observation } from './observation.ts';
import type { Amount, AmountsByType, SnapshotSummary } from './snapshot-summary.ts';

/** Garbage that keeps growing: the collector is off, or cannot see the cycles. */
export function findGarbageGrowth(observation: Observation, analysis: HeapAnalysis): DraftFinding[] {
  const { summaries } = observation;
  const first = summaries[0]!;
  const last = summaries.at(-1)!;
  const full = (summary: SnapshotSummary): number => summary.collector.stats.at(-1)?.collections ?? 0;
  const collected = full(last) > full(first);
  const oldSeries = seriesOf(summaries, (summary) => total(summary.oldGarbage).count);
  const allSeries = seriesOf(summaries, (summary) => total(summary.garbage).count);
  const idle = whyIdle(last.collector) ?? whyNotComing(first, last);
  const oldTrend = judgeTrend(oldSeries, { leastRise: LEAST_COUNT, work: observation.work });
  const allTrend = judgeTrend(allSeries, { leastRise: LEAST_COUNT, work: observation.work });
  const uncollectable = collected && oldTrend.shape === 'steady';
  const uncollected = idle !== undefined && allTrend.shape === 'steady';
  if (!uncollectable && !uncollected) return findKeptGarbage(observation);
  const amounts = uncollected ? last.garbage : last.oldGarbage;
  const before = uncollected ? first.garbage : first.oldGarbage;
  const [series, trend] = uncollected ? [allSeries, allTrend] : [oldSeries, oldTrend];
  const gained = subtract(amounts, before);
  const cycle = largestCycle(analysis.graph);
  const types = [...gained].filter(([, amount]) => amount.count > 0).sort((a, b) => b[1].bytes - a[1].bytes);
  const finalizers = finalizersInWords(analysis.graph, new Set(types.map(([type]) => type)));
  const kind: FindingKind = uncollected ? 'uncollected cycle' : 'uncollectable cycle';
  return [
    nativeFinding(observation, kind, {
      path: `no root reaches it: ${cycle}`,
      name: cycle,
      type: types[0]?.[0] ?? 'object',
      count: total(gained).count,
      bytes: total(gained).bytes,
      types: gained,
      series,
      trend,
      because: uncollected
        ? [`${idle!.text} while cycles become garbage`, trendInWords(trend, series.length), ...finalizers]
        : [
            'unreachable objects outlived a full collection: the collector cannot see all references of the cycle',
            trendInWords(trend, series.length),
            ...finalizers,
          ],
      ...(idle?.code === 'hardly starts' && uncollected ? { verdict: 'suspect' } : {}),
      extraSites: creationSites(
        observation,
        types.map(([type]) => type),
      ),
      callSites: [],
    }),
  ];
}

/** What a growing gc.garbage goes by. */
export const KEPT_GARBAGE = 'gc.garbage';
/** Objects that come in the run, for each that starts a collection, before collections are said not to come. */
const OVERDUE = 10;

/** A collector that is on and has its usual thresholds, and still did not start when it should have. */
function whyNotComing(first: SnapshotSummary, last: SnapshotSummary): { code: 'overdue'; text: string } | undefined {
  const started = last.collector.stats.some((counts, i) => counts.collections > first.collector.stats[i]!.collections);
  const gained = total(last.garbage).count - total(first.garbage).count;
  if (started || gained < OVERDUE * (last.collector.thresholds[0] ?? 0)) return undefined;
  return { code: 'overdue', text: `the cyclic collector did not start once in the run` };
}

/** gc.garbage grows: with gc.DEBUG_SAVEALL all that was unreachable is put there, without it what cannot be freed. */
function findKeptGarbage(observation: Observation): DraftFinding[] {
  const { summaries } = observation;
  const last = summaries.at(-1)!;
  const series = seriesOf(summaries, (summary) => total(summary.keptGarbage).count);
  const trend = judgeTrend(series, { leastRise: LEAST_COUNT, work: observation.work });
  if (trend.shape !== 'steady' || !neverFalls(series)) return [];
  const gained = subtract(last.keptGarbage, summaries[0]!.keptGarbage);
  const types = [...gained].filter(([, amount]) => amount.count > 0).sort((a, b) => b[1].bytes - a[1].bytes);
  return [
    nativeFinding(observation, 'uncollectable cycle', {
      path: `interpreter › ${KEPT_GARBAGE}`,
      name: KEPT_GARBAGE,
      type: 'list',
      count: total(gained).count,
      bytes: total(gained).bytes,
      types: gained,
      series,
      trend,
      because: [
        keepsEverything(last.collector)
          ? 'gc.DEBUG_SAVEALL is set: what the collector finds unreachable is kept in gc.garbage instead of being freed'
          : 'the collector puts objects into gc.garbage that it cannot free',
        trendInWords(trend, series.length),
      ],
      extraSites: creationSites(
        observation,
        types.map(([type]) => type),
      ),
      callSites: [],
    }),
  ];
}

/** Types among those that grow whose objects run code when they are freed. */
function finalizersInWords(graph: HeapGraph, types: ReadonlySet<string>): string[] {
  const hasFinalizer = typesWithFinalizer(graph);
  const names = graph.types.flatMap((type, i) => (hasFinalizer[i] === 1 ? [qualifiedTypeName(type)] : []));
  const found = [...new Set(names)].filter((name) => types.has(name));
  return found.length === 0 ? [] : [`their __del__ waits with them: ${found.slice(0, 4).join(', ')}`];
}

function subtract(after: AmountsByType, before: AmountsByType): Map<string, Amount> {
  const gained = new Map<string, Amount>();
  for (const [type, amount] of after) {
    const was = before.get(type);
    gained.set(type, { count: amount.count - (was?.count ?? 0), bytes: amount.bytes - (was?.bytes ?? 0) });
  }
  return gained;
}
