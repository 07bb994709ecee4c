// Tells steady growth from a plateau, a step, a sawtooth and noise, in a short series of measurements.
//
// Rates are Theil-Sen slopes (Sen 1968): the median slope of all pairs, which one outlier does not move. A trend is
// believed only when the series keeps reaching new highs to its end, does not fall back, and does not owe most of its
// rise to one jump: the filters that removed false alarms in published leak detectors, where trend tests alone did not.

import { median } from 'simple-statistics';

/** A measurement: seconds since the start of the run, and the value. */
export type SeriesPoint = readonly [seconds: number, value: number];

export type TrendShape =
  /** Rises to the end at a rate that holds. */
  | 'steady'
  /** Rose and stopped, or is slowing to a stop. */
  | 'plateau'
  /** One jump makes most of the rise. */
  | 'step'
  /** Rises and falls back. */
  | 'sawtooth'
  | 'flat'
  | 'falling'
  /** Fewer than three points. */
  | 'too short';

export interface Trend {
  readonly shape: TrendShape;
  /** Median slope over the whole series, per minute. */
  readonly ratePerMinute: number;
  /** Last value minus first. */
  readonly rise: number;
  /** Slope of the last third over the slope of the whole, by time or by work, whichever held better; 1 when growth holds its pace. */
  readonly pace: number;
}

/** Work done by a moment of the run (CPU seconds): growth is judged against work too, so that a slow moment is no plateau. */
export type WorkClock = (seconds: number) => number;

export interface TrendOptions {
  /** A rise of less than this is flat. */
  readonly leastRise?: number;
  readonly work?: WorkClock | undefined;
}

/** Less work than this in the whole series says nothing about its pace; then time is the measure. */
const LEAST_WORK = 0.1;

const LEAST_POINTS = 3;
/** Below this share of the overall slope, the last third is slowing down to a plateau. */
const PLATEAU_PACE = 0.3;
/** A fall-back of this share of the rise from a high makes a sawtooth. */
const SAWTOOTH_FALL = 0.35;
/** One increment of this share of the rise makes a step, when there are enough points to tell. */
const STEP_SHARE = 0.7;
const STEP_POINTS = 4;
/** Share of the series that its tail must cover to tell a pace. */
const LEAST_TAIL = 0.15;
/** Pairs looked at for a slope: series of a run are short, this bounds long ones. */
const POINTS_LIMIT = 400;

/** Judges a series whose times ascend. Pure; O(points²) for up to POINTS_LIMIT points, thinned above. */
export function judgeTrend(series: readonly SeriesPoint[], options: TrendOptions = {}): Trend {
  const points = thin(series);
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined || points.length < LEAST_POINTS) {
    return { shape: 'too short', ratePerMinute: 0, rise: first === undefined ? 0 : last![1] - first[1], pace: 0 };
  }
  const rise = last[1] - first[1];
  const rate = medianSlope(points);
  const paced = againstWork(points, options.work);
  const slope = medianSlope(paced);
  // What comes to a stop slows by either clock: a starved target slows by time alone; one that is paced by time, and
  // whose entries cost more on a busy host, by work alone.
  const pace = Math.max(paceOf(paced), paceOf(points));
  const trend = { ratePerMinute: rate * 60, rise, pace };
  const leastRise = options.leastRise ?? 1;
  if (rise <= -leastRise && slope < 0) return { ...trend, shape: 'falling' };
  if (largestFall(points) > Math.max(SAWTOOTH_FALL * Math.max(rise, 0), leastRise / 2))
    return { ...trend, shape: 'sawtooth' };
  if (rise < leastRise) return { ...trend, shape: 'flat' };
  if (points.length >= STEP_POINTS && largestIncrement(paced) > STEP_SHARE * rise) return { ...trend, shape: 'step' };
  const isSlowing = pace < PLATEAU_PACE;
  return { ...trend, shape: isSlowing ? 'plateau' : 'steady' };
}

function paceOf(points: readonly SeriesPoint[]): number {
  const slope = medianSlope(points);
  return slope > 0 ? medianSlope(tailOf(points)) / slope : 0;
}

/** The last third, and more where that is a moment: points close together do not tell a pace. */
function tailOf(points: readonly SeriesPoint[]): readonly SeriesPoint[] {
  const [start, end] = [points[0]![0], points.at(-1)![0]];
  const length = end - start;
  let from = points.findIndex(([at]) => at >= start + (length * 2) / 3);
  while (from > 0 && end - points[from]![0] < length * LEAST_TAIL) from--;
  return points.slice(Math.max(0, from));
}

function againstWork(points: readonly SeriesPoint[], work: WorkClock | undefined): readonly SeriesPoint[] {
  if (work === undefined || work(points.at(-1)![0]) - work(points[0]![0]) < LEAST_WORK) return points;
  return points.map(([seconds, value]) => [work(seconds), value] as const);
}

/** A clock through (seconds, work) samples, linear between them and along the ends' slopes beyond. Undefined for less than two. */
export function workClock(samples: readonly SeriesPoint[]): WorkClock | undefined {
  if (samples.length < 2) return undefined;
  return (seconds) => {
    let i = 1;
    while (i < samples.length - 1 && samples[i]![0] < seconds) i++;
    const [a, b] = [samples[i - 1]!, samples[i]!];
    return b[0] === a[0] ? b[1] : a[1] + ((b[1] - a[1]) * (seconds - a[0])) / (b[0] - a[0]);
  };
}

/** Theil-Sen: the median of the slopes of all pairs of points, per second. */
export function medianSlope(points: readonly SeriesPoint[]): number {
  const slopes: number[] = [];
  for (let i = 0; i < points.length; i++) {
    for (let j = i + 1; j < points.length; j++) {
      if (points[j]![0] > points[i]![0]) slopes.push(pairSlope(points[i]!, points[j]!));
    }
  }
  return slopes.length === 0 ? 0 : median(slopes);
}

function pairSlope(a: SeriesPoint, b: SeriesPoint): number {
  return b[0] === a[0] ? 0 : (b[1] - a[1]) / (b[0] - a[0]);
}

/** Deepest fall from any high before it. */
function largestFall(points: readonly SeriesPoint[]): number {
  let high = Number.NEGATIVE_INFINITY;
  let fall = 0;
  for (const [, value] of points) {
    high = Math.max(high, value);
    fall = Math.max(fall, high - value);
  }
  return fall;
}

/** Largest rise between neighbours, scaled to the median spacing so that one long gap is no jump. */
function largestIncrement(points: readonly SeriesPoint[]): number {
  const spacings = points.slice(1).map((p, i) => p[0] - points[i]![0]);
  const typical = Math.max([...spacings].sort((a, b) => a - b)[spacings.length >>> 1]!, Number.MIN_VALUE);
  let largest = 0;
  for (let i = 1; i < points.length; i++) {
    const gap = Math.max(1, spacings[i - 1]! / typical);
    largest = Math.max(largest, (points[i]![1] - points[i - 1]![1]) / gap);
  }
  return largest;
}

function thin(series: readonly SeriesPoint[]): readonly SeriesPoint[] {
  if (series.length <= POINTS_LIMIT) return series;
  const stride = series.length / POINTS_LIMIT;
  return Array.from({ length: POINTS_LIMIT }, (_, i) => series[Math.min(series.length - 1, Math.round(i * stride))]!);
}
