// Answers of `leakscope gc` for tests of its text: a service whose collector is on, and watched; one that froze too early.

import type { GcReport } from '../../src/diagnose/gc-report.ts';

export const watchedGc: GcReport = {
  schema: 'leakscope.gc/1',
  target: {
    pid: 4242,
    python: 'CPython 3.15.2',
    app: 'gunicorn worker [shop]',
    uptime_seconds: 11_520,
    rss_bytes: 812 << 20,
  },
  summary:
    '48,210 objects (9.1 MB) that nothing reaches wait for a full collection; full collections are rare: 3 so far; the next comes when 500,000 objects have grown old, 40,000 have; garbage grew by 12,400 objects in 1 min',
  collector: {
    enabled: true,
    thresholds: [2000, 10, 10],
    counts: [702, 10, 4],
    debug_flags: [],
    generations: [
      { objects: 702, collections: 8123, collected: 102_947, uncollectable: 0 },
      { objects: 972, collections: 738, collected: 7696, uncollectable: 0 },
      { objects: 2_000_000, collections: 3, collected: 1200, uncollectable: 0 },
    ],
    frozen_objects: 0,
    callbacks: ['shop.metrics.on_collection', 'functools.partial of shop.metrics.count'],
    callback_count: 2,
    garbage_list_objects: 0,
    conclusions: [
      {
        code: 'starved',
        text: '48,210 objects (9.1 MB) that nothing reaches wait for a full collection; full collections are rare: 3 so far; the next comes when 500,000 objects have grown old, 40,000 have',
        advice: 'call gc.collect() now and then where a pause does no harm, or cut the cycles that become garbage',
      },
    ],
  },
  generations: [
    generation('0', 702, 56_160, 668),
    generation('1', 972, 77_760, 0),
    generation('2', 2_000_000, 160_000_000, 48_210),
    generation('frozen', 0, 0, 0),
  ],
  other_interpreters: [
    {
      interpreter: 1,
      enabled: true,
      thresholds: [2000, 10, 10],
      objects: 34_210,
      frozen_objects: 375,
      full_collections: 3,
    },
  ],
  full_collection: {
    objects: 2_001_674,
    references: 6_120_000,
    far_steps: 310_000,
    least_ms: 87,
    most_ms: 779,
    last_ms: 412.5,
    starts:
      'when generation 1 has been collected 11 times since the last one (4 so far), each after 11 collections of generation 0 (10 so far), and 500,000 objects have grown old since (40,000 so far: this holds it back)',
    long_lived_pending: 40_000,
    long_lived_total: 2_000_000,
  },
  garbage: {
    objects: 48_878,
    bytes: 9_600_000,
    old_objects: 48_210,
    old_bytes: 9_500_000,
    clusters: 24_105,
    clusters_named: 2000,
    largest: [
      {
        cycle: 'shop.Line.order → shop.Order.line → shop.Line',
        clusters: 2000,
        objects: 4000,
        bytes: 800_000,
        types: [{ type: 'shop.Order', objects: 2000, bytes: 400_000 }],
        finalizers: ['shop.Line'],
      },
    ],
    types: [{ type: 'shop.Order', objects: 24_439, bytes: 4_800_000 }],
    kept: [],
  },
  watch: {
    seconds: 60,
    samples: 1190,
    collecting: 12,
    off: 100,
    generations: [watched(321, 642_000, 96.4), watched(29, 55_100, 13.2), { ...watched(0, 0), spent_ms: 0 }],
    garbage_objects: 12_400,
    garbage_bytes: 2_400_000,
    garbage_objects_per_minute: 12_400,
    garbage_bytes_per_minute: 2_400_000,
    garbage_gained: [{ type: 'shop.Order', objects: 6200, bytes: 1_200_000 }],
    old_objects: 31_200,
    promoted: { objects: 33_100, bytes: 4_200_000, types: [{ type: 'shop.Order', objects: 12_000, bytes: 2_300_000 }] },
  },
  pauses_ms: [41.2, 38.9],
  captures: [],
  problems: [],
};

/** Of a .heap file that does not say how the collector was set. */
export const storedGc: GcReport = {
  schema: 'leakscope.gc/1',
  target: { file: 'a.heap', pid: 4242, python: 'PyPy 3.10.16', app: 'app.py' },
  summary: 'the file does not say how the cyclic collector was set; nothing waits for it',
  generations: [generation('young', 900, 72_000, 0), generation('old', 81_234, 6_500_000, 0)],
  full_collection: { objects: 82_134, references: 210_000, far_steps: 900, least_ms: 2.7, most_ms: 23.3 },
  garbage: {
    objects: 0,
    bytes: 0,
    old_objects: 0,
    old_bytes: 0,
    clusters: 0,
    clusters_named: 0,
    largest: [],
    types: [],
    kept: [],
  },
  pauses_ms: [],
  captures: [],
  problems: [],
};

/** After a collection that could not free what is frozen. */
export const collectedGc: GcReport = {
  ...storedGc,
  target: watchedGc.target,
  summary: 'the collection freed 1,460 objects (114 KB)',
  collection: {
    by: 'agent',
    found: 688,
    ms: 2.1,
    uncollectable: 3,
    freed: [
      { type: 'shop.Order', objects: 730, bytes: 58_400 },
      { type: 'shop.Line', objects: 730, bytes: 58_400 },
    ],
    freed_objects: 1460,
    freed_bytes: 116_800,
    left_objects: 4340,
    rss_bytes: -(3 << 20),
  },
  pauses_ms: [31, 46],
};

function generation(
  name: GcReport['generations'][number]['generation'],
  objects: number,
  bytes: number,
  garbage: number,
): GcReport['generations'][number] {
  return {
    generation: name,
    objects,
    bytes,
    references: objects * 3,
    far_steps: 0,
    garbage_objects: garbage,
    garbage_bytes: garbage * 80,
    types: objects === 0 ? [] : [{ type: 'shop.Order', objects, bytes }],
    type_count: objects === 0 ? 0 : 3,
  };
}

function watched(
  collections: number,
  collected: number,
  spent_ms = 0,
): NonNullable<GcReport['watch']>['generations'][number] {
  return {
    collections,
    per_minute: collections,
    collected,
    collected_per_collection: collections === 0 ? 0 : collected / collections,
    uncollectable: 0,
    spent_ms,
  };
}
