// A finding without a Python holder before it is ranked, and what all of them share: native holds, lost references,
// raw memory, garbage.

import type { SeriesPoint, Trend } from '../metrics/growth-trend.ts';
import { findTypeCreations } from '../source/type-creations.ts';
import { adviceFor } from './advice.ts';
import { type DraftFinding, limitSites, listSeries, perMinute, runningSites, toFindSite } from './draft-finding.ts';
import type { FindingKind, FindSite, Verdict } from './find-report.ts';
import type { GainPlace } from './gained-allocations.ts';
import type { Observation } from './observation.ts';
import type { Amount, AmountsByType, SnapshotSummary } from './snapshot-summary.ts';

/** Objects, blocks or references that must come in the run before native growth is believed. */
export const LEAST_COUNT = 12;
/** Share of the rise by which what is counted may fall between two snapshots. */
const TOLERATED_FALL = 0.05;

export interface NativeFacts {
  readonly path: string;
  readonly name: string;
  readonly type: string;
  readonly count: number;
  readonly bytes: number;
  readonly types: AmountsByType;
  readonly series: readonly SeriesPoint[];
  readonly trend: Trend;
  readonly because: readonly string[];
  readonly extraSites: readonly FindSite[];
  /** Lines that call what may be losing it. */
  readonly callSites: readonly FindSite[];
  readonly gains?: GainPlace;
  /** `leak` unless said otherwise. */
  readonly verdict?: Verdict;
}

export function nativeFinding(observation: Observation, kind: FindingKind, facts: NativeFacts): DraftFinding {
  const seconds = observation.observedSeconds;
  const bytesPerMinute = perMinute(facts.bytes, seconds);
  const { verdict = 'leak' } = facts;
  return {
    weight: bytesPerMinute,
    ...(facts.gains === undefined ? {} : { gains: facts.gains }),
    kind,
    verdict,
    confidence: facts.series.length >= 5 ? 'high' : 'medium',
    holder: {
      path: facts.path,
      name: facts.name,
      type: facts.type,
      entries: facts.series.at(-1)?.[1] ?? 0,
      retained_bytes: facts.bytes,
    },
    growth: {
      entries_per_minute: facts.trend.ratePerMinute,
      bytes_per_minute: bytesPerMinute,
      objects_per_minute: perMinute(facts.count, seconds),
      types: [...facts.types]
        .sort((a, b) => b[1].bytes - a[1].bytes)
        .slice(0, 5)
        .map(([type, amount]) => ({
          type,
          objects_per_minute: perMinute(amount.count, seconds),
          bytes_per_minute: perMinute(amount.bytes, seconds),
        })),
      series: listSeries(facts.series),
    },
    sites: limitSites(uniqueSites([...facts.extraSites.slice(0, 4), ...facts.callSites, ...runningSites(observation)])),
    shrinks: [],
    other_paths: [],
    because: facts.because,
    advice: adviceFor(kind, { name: facts.name, holderType: facts.type, shrinksSomewhere: false }),
  };
}

/**
 * What is lost stays lost. Blocks and references in use by the code of the moment come and go, and in few snapshots
 * may look like growth.
 */
export function neverFalls(series: readonly SeriesPoint[]): boolean {
  const rise = series.at(-1)![1] - series[0]![1];
  return series.every(([, value], i) => i === 0 || series[i - 1]![1] - value <= rise * TOLERATED_FALL);
}

/** A line may be both a call and seen running: it is listed once, as what it is. */
function uniqueSites(sites: readonly FindSite[]): FindSite[] {
  const seen = new Set<string>();
  return sites.filter(({ file, line }) => {
    const key = `${line} ${file}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

export function creationSites(observation: Observation, types: readonly string[]): FindSite[] {
  const named = types.filter((type) => type.includes('.'));
  return findTypeCreations(observation.source, named).map((site) => toFindSite(observation, site));
}

export function seriesOf(
  summaries: readonly SnapshotSummary[],
  value: (summary: SnapshotSummary) => number,
): SeriesPoint[] {
  return summaries.map((summary) => [summary.atSeconds, value(summary)] as const);
}

export function total(amounts: AmountsByType): Amount {
  let count = 0;
  let bytes = 0;
  for (const amount of amounts.values()) {
    count += amount.count;
    bytes += amount.bytes;
  }
  return { count, bytes };
}
