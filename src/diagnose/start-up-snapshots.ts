// Leaves out what was seen of a program's start: while modules are imported everything grows, and what the last of them
// makes is not there yet to be seen growing.

import { formatCount } from '../base/units.ts';
import type { SeriesPoint } from '../metrics/growth-trend.ts';
import type { Observation } from './observation.ts';

/** A process older than this at its first snapshot has started: what it imports then, it imports at its work. */
const STARTING_SECONDS = 120;
/** Snapshots that must be left to tell a trend. */
const LEAST_LEFT = 3;

/**
 * The run from the first snapshot on after which nothing more was imported; the run as it is where that leaves too few,
 * as when modules keep coming to its end: then they may be what leaks.
 */
export function withoutStartUp(observation: Observation): Observation {
  const { summaries, target, observedSeconds } = observation;
  if (target.uptime_seconds - observedSeconds > STARTING_SECONDS) return observation;
  let first = 0;
  while (first + 1 < summaries.length && summaries[first + 1]!.modules > summaries[first]!.modules) first++;
  return summaries.length - first < LEAST_LEFT ? observation : observationFrom(observation, first);
}

/** The run from one of its snapshots on, as if it had begun with that. */
export function observationFrom(observation: Observation, first: number): Observation {
  if (first === 0) return observation;
  const summaries = observation.summaries.slice(first);
  const since = summaries[0]!.atSeconds;
  const isSince = ({ atSeconds }: { readonly atSeconds: number }): boolean => atSeconds >= since;
  const pointsSince = (series: readonly SeriesPoint[]): SeriesPoint[] => series.filter(([at]) => at >= since);
  return {
    ...observation,
    observedSeconds: summaries.at(-1)!.atSeconds - since,
    summaries,
    memory: observation.memory.filter(isSince),
    resources: observation.resources.filter(isSince),
    liveEntries: new Map([...observation.liveEntries].map(([address, series]) => [address, pointsSince(series)])),
    temporaryBytes: pointsSince(observation.temporaryBytes),
  };
}

/** What was left out, in a sentence. */
export function startUpInWords({ pausesMs, summaries }: Observation): string[] {
  const left = pausesMs.length - summaries.length;
  if (left <= 0) return [];
  const snapshots = left === 1 ? 'the first snapshot was' : `the first ${formatCount(left)} snapshots were`;
  return [`${snapshots} taken while the program still imported its modules: left out`];
}
