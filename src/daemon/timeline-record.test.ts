import { expect, test } from 'vitest';
import { TimelineRecord } from './timeline-record.ts';

test('a long timeline is thinned out where it is old, and keeps its beginning and its end', () => {
  const record = new TimelineRecord();
  const last = 100_000;
  for (let at = 0; at <= last; at++) record.add({ pid: 1, at_ms: at * 1000, rss_bytes: at });
  const { samples } = record.list();
  expect(samples.length).toBeLessThanOrEqual(1_200);
  expect(samples.length).toBeGreaterThan(500);
  expect(samples[0]!.at_ms).toBe(0);
  expect(samples.at(-1)!.at_ms).toBe(last * 1000);
  // The last minutes in full.
  const recent = samples.slice(-500).map(({ at_ms }) => at_ms);
  expect(recent).toEqual(recent.map((_, i) => (last - 499 + i) * 1000));
  expect(samples.map(({ at_ms }) => at_ms)).toEqual(samples.map(({ at_ms }) => at_ms).toSorted((a, b) => a - b));
});
