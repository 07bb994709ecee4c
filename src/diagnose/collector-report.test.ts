// What is concluded from the collector's state.

import { expect, test } from 'vitest';
import { type DrawnWalkParts, drawnWalk } from '../../test/support/drawn-runs.ts';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { reportCollector } from './collector-report.ts';

const graph = graphFromText('root -> a');
const NOTHING = { count: 0, bytes: 0 };

function conclusions(collector: DrawnWalkParts['collector'], garbage = NOTHING, permanent = 0): string[] {
  const collectorLists = { generations: [10, 10, 2_000_000], permanent };
  const report = reportCollector(drawnWalk(graph, { collector, collectorLists }), garbage);
  return report.conclusions.map(({ code, text }) => `${code}: ${text}`);
}

test('a collector that works says nothing', () => {
  expect(conclusions({})).toEqual([]);
  expect(conclusions({ longLivedTotal: 1000, longLivedPending: 1 }, { count: 500, bytes: 100_000 }, 375)).toEqual([]);
});

test('one that does not is told by what keeps it from it', () => {
  expect(conclusions({ enabled: false })).toEqual(['off: the cyclic collector is disabled (gc.disable)']);
  expect(conclusions({ thresholds: [0, 10, 10] })).toEqual([
    'never starts: the cyclic collector never starts by itself: its first threshold is 0',
  ]);
  expect(conclusions({ thresholds: [9_000_000, 10, 10] })).toEqual([
    'hardly starts: the cyclic collector hardly ever starts: its first threshold is 9,000,000 new objects',
  ]);
  expect(
    conclusions({ longLivedTotal: 2_000_000, longLivedPending: 40_000 }, { count: 30_000, bytes: 5 << 20 }),
  ).toEqual([
    'starved: 30,000 objects (5.0 MB) that nothing reaches wait for a full collection; full collections are rare: 1 so far, ' +
      'the oldest generation has 2,000,000 objects; the next comes when 500,000 objects have grown old, 40,000 have',
  ]);
});

test('gc.freeze and debug flags are told', () => {
  expect(conclusions({}, NOTHING, 81_000)).toEqual([
    'frozen: 81,000 objects are set aside by gc.freeze: the collector never looks at them',
  ]);
  expect(reportCollector(drawnWalk(graph, { collector: { debug: 1 + 4 } }), NOTHING).debug_flags).toEqual([
    'DEBUG_STATS',
    'DEBUG_UNCOLLECTABLE',
  ]);
});
