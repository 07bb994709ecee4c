// Resident memory that grows while neither the objects nor the allocators that could be read account for it.

import { formatBytes } from '../base/units.ts';
import { judgeTrend } from '../metrics/growth-trend.ts';
import { adviceFor } from './advice.ts';
import { type DraftFinding, listSeries, runningSites, trendInWords } from './draft-finding.ts';
import type { Observation } from './observation.ts';
import { bytesIn } from './rss-parts.ts';

/** Rise of RSS over the run that is worth a question; page-level noise and allocator slack stay below. */
const LEAST_RISE = 4 << 20;
/** Share of the rise that must be unexplained. */
const UNEXPLAINED_SHARE = 0.6;

const UNEXPLAINED_PARTS = ['unknown', 'other allocator'] as const;

/** A suspect, never a leak: what holds the memory was not seen. */
export function findUnexplainedRss(observation: Observation, explained: readonly DraftFinding[]): DraftFinding[] {
  const series = observation.resources.map((sample) => [sample.atSeconds, sample.rssBytes] as const);
  const trend = judgeTrend(series, { leastRise: LEAST_RISE, work: observation.work });
  if (trend.shape !== 'steady' || explained.some((finding) => finding.verdict === 'leak')) return [];
  const first = observation.summaries[0]!;
  const last = observation.summaries.at(-1)!;
  // One snapshot explains no growth, so all of it would seem unexplained.
  if (first === last) return [];
  const unexplained = unexplainedRise(observation, trend.rise);
  if (unexplained < LEAST_RISE || unexplained < trend.rise * UNEXPLAINED_SHARE) return [];
  const grown = last.objects.bytes - first.objects.bytes + (last.ownerlessBytes - first.ownerlessBytes);
  const free = last.freeSmallBytes - first.freeSmallBytes + (last.freeMallocBytes - first.freeMallocBytes);
  return [
    {
      weight: trend.ratePerMinute,
      kind: 'native memory (no Python owner)',
      verdict: 'suspect',
      confidence: 'low',
      holder: {
        path: 'resident memory outside the Python heap and malloc (no Python owner)',
        name: 'memory outside Python',
        type: 'raw memory',
      },
      growth: {
        entries_per_minute: 0,
        bytes_per_minute: trend.ratePerMinute,
        objects_per_minute: 0,
        types: [],
        series: listSeries(series),
      },
      sites: runningSites(observation),
      shrinks: [],
      other_paths: [],
      because: [
        `resident memory rose ${formatBytes(trend.rise)}, live objects and malloc ${formatBytes(grown)}, free blocks ${formatBytes(free)}`,
        trendInWords(trend, series.length),
      ],
      advice: adviceFor('native memory (no Python owner)', {
        name: 'memory outside Python',
        holderType: '',
        shrinksSomewhere: false,
      }),
    },
  ];
}

/** How much of the rise nothing known accounts for: from the parts of resident memory, or else from what the allocators say. */
function unexplainedRise({ memory, summaries }: Observation, rise: number): number {
  const [before, after] = [memory[0], memory.at(-1)];
  if (before !== undefined && after !== undefined && before !== after) {
    return bytesIn(after, UNEXPLAINED_PARTS) - bytesIn(before, UNEXPLAINED_PARTS);
  }
  const first = summaries[0]!;
  const last = summaries.at(-1)!;
  const grown = last.objects.bytes - first.objects.bytes + (last.ownerlessBytes - first.ownerlessBytes);
  const free = last.freeSmallBytes - first.freeSmallBytes + (last.freeMallocBytes - first.freeMallocBytes);
  return rise - Math.max(0, grown) - Math.max(0, free);
}
