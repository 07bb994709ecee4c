// What is concluded of a watched collector.

import { expect, test } from 'vitest';
import { drawnWalk } from '../../test/support/drawn-runs.ts';
import { watchedGc } from '../../test/support/gc-reports.ts';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { type GcReport, reportGc } from './gc-report.ts';
import type { GcWatch } from './gc-watch.ts';
import { inputOfHeap, storeCollector } from './stored-collector.ts';

const WATCH = watchedGc.watch!;

function reportOf(watch: GcWatch | undefined, text = 'root -> a'): GcReport {
  const { graph, collector, collectorLists } = drawnWalk(graphFromText(text), {
    collectorLists: { generations: [1, 1, 1], permanent: 0 },
  });
  const stored = storeCollector({ collector, collectorLists }, { incremental: false });
  return reportGc(inputOfHeap(graph, stored), {
    target: watchedGc.target,
    top: 5,
    freeThreaded: false,
    incremental: false,
    watch,
    pausesMs: [],
    captures: [],
    problems: [],
  });
}

function watched(collections: number, collected: number, collecting: number): GcWatch {
  const row = { ...WATCH.generations[0]!, collections, collected };
  return { ...WATCH, generations: [row], samples: 100, collecting, off: 0 };
}

test('collections that free nothing and take time are fruitless', () => {
  const codes = (watch: GcWatch) => reportOf(watch).collector!.conclusions.map(({ code }) => code);
  expect(codes(watched(500, 1000, 12))).toEqual(['fruitless']);
  expect(reportOf(watched(500, 1000, 12)).collector!.conclusions[0]!.text).toBe(
    '500 collections in 1 min freed 2.0 objects each, and took about 12 % of the time',
  );
  // Few, fruitful, or quick.
  expect(codes(watched(10, 0, 12))).toEqual([]);
  expect(codes(watched(500, 100_000, 12))).toEqual([]);
  expect(codes(watched(500, 1000, 2))).toEqual([]);
});

test('garbage that grows is said in the summary', () => {
  expect(reportOf(undefined).summary).toBe('the cyclic collector is on; nothing waits for it');
  expect(reportOf({ ...watched(0, 0, 0), garbage_objects: 1200 }).summary).toBe(
    'the cyclic collector is on; nothing waits for it; garbage grew by 1,200 objects in 1 min',
  );
});

test('a .heap file tells old from young objects, and what of them is garbage', () => {
  const { generations } = reportOf(
    undefined,
    `root -> a -> b; c -> d -> c
     flags a tracked; flags b tracked oldGeneration; flags c tracked oldGeneration; flags d tracked oldGeneration`,
  );
  expect(generations.map(({ generation, objects, garbage_objects }) => [generation, objects, garbage_objects])).toEqual(
    [
      ['young', 1, 0],
      ['old', 3, 2],
    ],
  );
});
