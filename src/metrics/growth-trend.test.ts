import { describe, expect, it } from 'vitest';
import { judgeTrend, type SeriesPoint, workClock } from './growth-trend.ts';

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
