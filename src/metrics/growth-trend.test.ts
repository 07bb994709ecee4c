import fc from 'fast-check';
import { median } from 'simple-statistics';
import { describe, expect, it } from 'vitest';
import { judgeTrend, medianSlope, type SeriesPoint, workClock } from './growth-trend.ts';

function line(count: number, perPoint: number, from = 0): SeriesPoint[] {
  return Array.from({ length: count }, (_, i) => [i, from + i * perPoint] as const);
}

describe('judgeTrend', () => {
  it('calls an even rise steady, whatever the number of points', () => {
    for (const count of [3, 4, 5, 20, 1000]) {
      const trend = judgeTrend(line(count, 10));
      expect(trend.shape, `${count} points`).toBe('steady');
      expect(trend.ratePerMinute).toBeCloseTo(600);
      expect(trend.pace).toBeCloseTo(1);
    }
  });

  it('does not take points close together at the end for a stop', () => {
    const series: SeriesPoint[] = [
      [0, 0],
      [4, 400],
      [8, 800],
      [8.01, 800],
      [8.02, 800],
    ];
    expect(judgeTrend(series).shape).toBe('steady');
    // CPU time comes in ticks: several looks may fall on one.
    const work = workClock([
      [0, 0],
      [8, 0.8],
      [9, 0.8],
    ]);
    expect(judgeTrend(series, { work }).shape).toBe('steady');
  });

  it('sees a rise that ends', () => {
    const ended: SeriesPoint[] = [...line(10, 10), ...line(10, 0, 100).map(([at, v]) => [at + 10, v] as const)];
    expect(judgeTrend(ended).shape).toBe('plateau');
    const three: SeriesPoint[] = [
      [0, 0],
      [5, 100],
      [10, 100],
    ];
    expect(judgeTrend(three).shape).toBe('plateau');
  });

  it('judges against work: a process that slept did not stop growing', () => {
    const series: SeriesPoint[] = [
      [0, 0],
      [2, 200],
      [4, 400],
      [6, 410],
      [8, 420],
    ];
    expect(judgeTrend(series).shape).toBe('plateau');
    const work = workClock(series.map(([at, value]) => [at, value / 100] as const));
    expect(judgeTrend(series, { work }).shape).toBe('steady');
  });

  it('tells steps, sawteeth, falls and flats apart', () => {
    const at = (values: readonly number[]): SeriesPoint[] => values.map((value, i) => [i, value] as const);
    expect(judgeTrend(at([0, 0, 0, 100, 100, 100])).shape).toBe('step');
    expect(judgeTrend(at([0, 50, 100, 10, 60, 110])).shape).toBe('sawtooth');
    expect(judgeTrend(at([100, 80, 60, 40])).shape).toBe('falling');
    expect(judgeTrend(at([5, 5, 5, 5])).shape).toBe('flat');
    expect(judgeTrend(at([5, 9])).shape).toBe('too short');
    expect(judgeTrend(at([0, 2, 4]), { leastRise: 8 }).shape).toBe('flat');
  });
});

describe('judgeTrend on what runs really show', () => {
  it('keeps to work where the target is starved of CPU in the last third', () => {
    const series = Array.from({ length: 31 }, (_, i): SeriesPoint => [i, i <= 20 ? i * 50 : 1000 + (i - 20) * 2]);
    expect(judgeTrend(series).shape).toBe('plateau');
    const starved = workClock(series.map(([at, value]) => [at, value / 500] as const));
    expect(judgeTrend(series, { work: starved }).shape).toBe('steady');
    // A target that worked on while growth ended has reached its plateau.
    const busy = workClock(series.map(([at]) => [at, at] as const));
    expect(judgeTrend(series, { work: busy }).shape).toBe('plateau');
  });

  it('is no plateau where entries cost more work from some moment on, and come at the pace of the clock', () => {
    const costlier = workClock(line(31, 1).map(([at]) => [at, at <= 20 ? at : 20 + (at - 20) * 20] as const));
    expect(judgeTrend(line(31, 10), { work: costlier }).shape).toBe('steady');
  });

  it('falls back to time where hardly any work was done', () => {
    const idle = workClock([
      [0, 0],
      [15, 0.04],
      [30, 0.05],
    ]);
    expect(judgeTrend(line(31, 10), { work: idle }).shape).toBe('steady');
  });

  it('is not moved by noise below the trend', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -15, max: 15 }), { minLength: 12, maxLength: 60 }), (noise) => {
        const series = noise.map((n, i): SeriesPoint => [i, 1000 + i * 50 + n]);
        expect(judgeTrend(series).shape).toBe('steady');
      }),
    );
  });

  it('sees no growth in noise alone, and in one outlier no rate', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 12, maxLength: 60 }), (noise) => {
        const level = noise.map((n, i): SeriesPoint => [i, 1000 + n]);
        const there = [...level, [noise.length, 1000] as const];
        expect(judgeTrend([[-1, 1000], ...there], { leastRise: 50 }).shape).not.toMatch(/steady|plateau|step/);
      }),
    );
    const outlier = line(21, 0, 100).map(([at, v], i): SeriesPoint => [at, i === 10 ? 5000 : v]);
    expect(judgeTrend(outlier).ratePerMinute).toBe(0);
  });

  it('works along the ends of its clock', () => {
    const clock = workClock([
      [0, 0],
      [10, 5],
    ])!;
    expect([clock(-2), clock(0), clock(4), clock(10), clock(20)]).toEqual([-1, 0, 2, 5, 10]);
    expect(workClock([[0, 1]])).toBeUndefined();
  });
});

describe('medianSlope', () => {
  it('is the median of the slopes of all pairs', () => {
    const points = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: -1e6, max: 1e6 })), {
      minLength: 2,
      maxLength: 25,
      selector: ([at]) => at,
    });
    fc.assert(
      fc.property(points, (unsorted) => {
        const series = [...unsorted].sort((a, b) => a[0] - b[0]);
        const slopes = series.flatMap((a, i) => series.slice(i + 1).map((b) => (b[1] - a[1]) / (b[0] - a[0])));
        expect(medianSlope(series)).toBeCloseTo(median(slopes), 6);
      }),
    );
  });

  it('is 0 where there is no pair in time', () => {
    expect(medianSlope([])).toBe(0);
    expect(
      medianSlope([
        [1, 5],
        [1, 9],
      ]),
    ).toBe(0);
  });
});
