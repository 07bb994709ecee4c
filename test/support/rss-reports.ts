// Reports of `rss`, as data, for the tests of its text and schema.

import type { RssReport } from '../../src/diagnose/rss-report.ts';

const MIB = 2 ** 20;

/** A worker whose memory is mostly free inside malloc. */
export const fragmentedRss: RssReport = {
  schema: 'leakscope.rss/1',
  target: { pid: 4242, python: 'CPython 3.12.1', app: 'gunicorn worker [shop]', uptime_seconds: 11520 },
  rss_bytes: 812 * MIB,
  pss_bytes: 701.5 * MIB,
  uss_bytes: 640 * MIB,
  swap_bytes: 0,
  huge_pages: { bytes: 0, zero_bytes: 0 },
  conclusion: {
    cause: 'arenas of threads',
    text: '402 MB of 812 MB is free in malloc, 390 MB of that in 16 arenas of threads',
    remedy: 'start the program with MALLOC_ARENA_MAX=2, or with jemalloc (LD_PRELOAD)',
    notes: ['172 MB is shared with other processes, mostly since a fork'],
  },
  parts: [
    {
      name: 'free in malloc',
      bytes: 402 * MIB,
      share: 402 / 812,
      shared_bytes: 0,
      detail: '390 MB in 16 arenas of threads',
    },
    { name: 'live objects', bytes: 280 * MIB, share: 280 / 812, shared_bytes: 172 * MIB, detail: '3,120,002 objects' },
    { name: 'object buffers', bytes: 90 * MIB, share: 90 / 812, shared_bytes: 0, detail: '1,402 blocks' },
    { name: 'file-backed', bytes: 39 * MIB, share: 39 / 812, shared_bytes: 12 * MIB, detail: 'code, constants' },
    { name: 'garbage', bytes: 0.5 * MIB, share: 0.5 / 812, shared_bytes: 0, detail: '12 blocks' },
    {
      name: 'unknown',
      bytes: 0.5 * MIB,
      share: 0.5 / 812,
      shared_bytes: 0,
      detail: 'largest: 400 KB at 0x7f0000000000',
    },
  ],
  owners: [
    { path: 'module shop.users › global user_cache', objects: 184_220, bytes: 210 * MIB },
    { path: 'module shop.catalog', objects: 9_002, bytes: 12 * MIB },
  ],
  malloc: {
    arenas: [
      {
        kind: 'thread',
        address: '0x7f1234000030',
        heaps: 3,
        bytes: 130 * MIB,
        resident_bytes: 128 * MIB,
        live_bytes: 6 * MIB,
        free_bytes: 122 * MIB,
        top_bytes: 1 * MIB,
      },
      {
        kind: 'main',
        heaps: 1,
        bytes: 60 * MIB,
        resident_bytes: 60 * MIB,
        live_bytes: 48 * MIB,
        free_bytes: 12 * MIB,
        top_bytes: 0.25 * MIB,
      },
    ],
    mapped_chunks: 12,
    mapped_bytes: 64 * MIB,
    cached_bytes: 0.5 * MIB,
  },
  fragmentation: {
    allocator: 'pymalloc',
    arenas: 2,
    arena_bytes: 2 * MIB,
    resident_bytes: 2 * MIB,
    live_bytes: 1.1 * MIB,
    occupancy: 0.55,
    sparse_arenas: 1,
    sparse_free_bytes: 0.9 * MIB,
    pinned_by: [{ type: 'str', held_by: 'module shop.catalog › global names', objects: 212, arenas: 1 }],
    size_classes: [{ block_bytes: 48, pools: 12, live_blocks: 400, capacity: 4080, free_bytes: 170_000 }],
    map: [
      { address: '0x7f0001000000', bytes: MIB, resident_bytes: MIB, live_bytes: 0.1 * MIB, pools: '0010..0000' },
      { address: '0x7f0002000000', bytes: MIB, resident_bytes: MIB, live_bytes: MIB, pools: '9999995378' },
    ],
  },
  collector: {
    enabled: false,
    thresholds: [700, 10, 10],
    counts: [81, 2, 1],
    debug_flags: [],
    generations: [
      { objects: 120, collections: 9, collected: 4, uncollectable: 0 },
      { objects: 40, collections: 3, collected: 0, uncollectable: 0 },
      { objects: 81_234, collections: 1, collected: 0, uncollectable: 0 },
    ],
    frozen_objects: 0,
    callbacks: [],
    callback_count: 0,
    garbage_list_objects: 0,
    conclusions: [
      {
        code: 'off',
        text: 'the cyclic collector is disabled (gc.disable)',
        advice: 'call gc.enable(), or gc.collect()',
      },
    ],
  },
  garbage: {
    objects: 40_000,
    bytes: 3 * MIB,
    old_objects: 0,
    old_bytes: 0,
    clusters: 10_000,
    clusters_named: 2000,
    largest: [
      {
        cycle: 'shop.Job.pickler → Pickler → shop.Job',
        clusters: 10_000,
        objects: 40_000,
        bytes: 3 * MIB,
        types: [{ type: 'shop.Job', objects: 10_000, bytes: MIB }],
        finalizers: ['shop.Job'],
      },
    ],
    types: [{ type: 'shop.Job', objects: 10_000, bytes: MIB }],
    kept: [],
  },
  references: {
    audited_objects: 3_120_002,
    uncounted_objects: 812,
    interpreter_references: 9001,
    lost_references: 1234,
    types: [
      {
        type: '_leaky.Thing',
        objects: 1234,
        bytes: 59_232,
        references: 1234,
        lost_references: 1234,
        held: [],
        candidates: [{ module: '_leaky', reason: 'defines the type' }],
      },
    ],
    objects: [],
    misread_objects: 0,
  },
  resources: {
    descriptors: 734,
    descriptor_limit: 1024,
    groups: [
      {
        kind: 'sockets',
        name: 'tcp to 10.0.0.5:5432',
        count: 700,
        states: { CLOSE_WAIT: 212, ESTABLISHED: 488 },
        owners: [
          {
            path: 'module shop.db › global pools › […]',
            type: 'socket.socket',
            count: 690,
            certain: true,
            examples: [7, 8, 9],
          },
        ],
        owned_by_others: 0,
        unowned: 10,
        unowned_examples: [40, 41],
      },
      {
        kind: 'threads',
        name: 'python',
        count: 17,
        owners: [],
        owned_by_others: 0,
        unowned_examples: [],
      },
    ],
    groups_left_out: 0,
  },
  unexplained: [{ address: '0x7f0000000000', bytes: MIB, resident_bytes: 400 * 1024 }],
  observed_seconds: 0,
  pauses_ms: [143.2],
  captures: [],
  problems: [],
};

/** The same worker, observed for a minute. */
export const growingRss: RssReport = {
  ...fragmentedRss,
  observed_seconds: 60,
  growth: { rss_bytes_per_minute: 12 * MIB, uss_bytes_per_minute: 14 * MIB },
  conclusion: { cause: 'native memory', text: 'native memory grows +11 MB/min', remedy: 'update it', notes: [] },
  parts: fragmentedRss.parts.map((part, i) => ({ ...part, bytes_per_minute: i === 0 ? 11 * MIB : -0.1 * MIB })),
  pauses_ms: [143.2, 151, 139.9],
};
