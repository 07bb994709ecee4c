// A finding before it is ranked, and the small steps every kind of finding shares.

import type { SeriesPoint, Trend } from '../metrics/growth-trend.ts';
import type { HolderReference, SourceSite } from '../source/growth-site-query.ts';
import type { Finding, FindSite } from './find-report.ts';
import type { GainPlace } from './gained-allocations.ts';
import type { Observation, RunningLine } from './observation.ts';

/** A finding without its rank, with the weight it is ranked by. */
export interface DraftFinding extends Omit<Finding, 'rank'> {
  /** Bytes per minute, or what stands for them. */
  readonly weight: number;
  /** The holder as source names it; for joins with the scan, not for the report. */
  readonly reference?: HolderReference;
  /** Where what it gained is found, to say who allocated that. */
  readonly gains?: GainPlace;
}

/** Sites listed per finding: more than these is not read. */
const SITES_LISTED = 8;
const SERIES_LISTED = 60;

/** A source site as the report gives it. */
export function toFindSite(observation: Pick<Observation, 'changedFiles'>, site: SourceSite): FindSite {
  return {
    file: site.path,
    line: site.line,
    function: site.function,
    basis: site.basis,
    code_excerpt_allowed: true,
    code: site.code,
    ...(observation.changedFiles.has(site.path) ? { source_changed: true } : {}),
  };
}

/** Lines of the program seen running while it grew: the best that can be said when no source line writes to a holder. */
export function runningSites(observation: Observation): FindSite[] {
  const application = observation.running.filter((line) => line.isApplication);
  const lines = application.length > 0 ? application : observation.running;
  return [...lines]
    .sort((a, b) => a.depth - b.depth || b.count - a.count)
    .slice(0, SITES_LISTED)
    .map((line) => runningSite(observation, line));
}

function runningSite(observation: Observation, line: RunningLine): FindSite {
  const text = observation.source.files.find((file) => file.path === line.file)?.text;
  const code = text?.split('\n')[line.line - 1]?.trim();
  return {
    file: line.file,
    line: line.line,
    function: line.function,
    basis: 'running',
    code_excerpt_allowed: true,
    ...(code === undefined ? {} : { code }),
    ...(observation.changedFiles.has(line.file) ? { source_changed: true } : {}),
  };
}

export function limitSites(sites: readonly FindSite[]): FindSite[] {
  return sites.slice(0, SITES_LISTED);
}

/** Points of a series as the report lists them: thinned, rounded to what is known. */
export function listSeries(series: readonly SeriesPoint[]): (readonly [number, number])[] {
  const stride = Math.max(1, series.length / SERIES_LISTED);
  const listed: (readonly [number, number])[] = [];
  for (let i = 0; i < series.length; i += stride) {
    const point = series[Math.floor(i)]!;
    listed.push([Math.round(point[0] * 10) / 10, point[1]]);
  }
  return listed;
}

/** Snapshots and samples of one quantity in order of time. */
export function mergeSeries(a: readonly SeriesPoint[], b: readonly SeriesPoint[]): SeriesPoint[] {
  return [...a, ...b].sort((p, q) => p[0] - q[0]);
}

/** Per minute, from a difference over the run. */
export function perMinute(difference: number, seconds: number): number {
  return seconds > 0 ? (difference / seconds) * 60 : 0;
}

/** `grew at every one of 5 measurements`, `grew and stopped`: a trend in words. */
export function trendInWords(trend: Trend, points: number): string {
  switch (trend.shape) {
    case 'steady':
      return `grew steadily over ${points} measurements`;
    case 'plateau':
      return 'grew and is slowing to a stop';
    case 'step':
      return 'grew once, in one step';
    case 'sawtooth':
      return 'rises and falls back';
    case 'falling':
      return 'shrinks';
    case 'flat':
      return 'does not grow';
    case 'too short':
      return 'was seen too few times to judge';
  }
}
