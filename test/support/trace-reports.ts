// Reports of `trace` on a drawn program, for renderers and schemas: one look, and two with growth.

import { ProblemLog } from '../../src/base/problems.ts';
import type { AllocationGroup } from '../../src/diagnose/allocation-statistics.ts';
import { reportTrace, type TraceFacts, type TraceLook, type TraceReport } from '../../src/diagnose/trace-report.ts';

const MIB = 1 << 20;
const USERS = '/srv/shop/users.py';
const CARTS = '/srv/shop/carts.py';
const JSON_FILE = '/usr/lib/python3.12/json/decoder.py';

const CODE: Readonly<Record<string, readonly [name: string, text: string]>> = {
  [`${USERS}:12`]: ['Registry.remember', 'self.by_id[user.id] = User(user.id, name=name, tags=list(tags))'],
  [`${USERS}:30`]: ['Registry.load', 'return json.loads(text)'],
  [`${CARTS}:7`]: ['add', 'cart.append(item)'],
  [`${CARTS}:9`]: ['add', 'log.debug("added")'],
};

const source: TraceFacts['source'] = {
  functionAt: (file, line) => CODE[`${file}:${line}`]?.[0],
  codeAt: (file, line) => CODE[`${file}:${line}`]?.[1],
};

function group(place: string, bytes: number, blocks: number, ...callers: readonly string[]): AllocationGroup {
  const frames = [...callers, place].map((text) => {
    const [, file = '', line = '0'] = /^(.*):(\d+)$/.exec(text)!;
    return { file, line: Number(line) };
  });
  return { frames, bytes, blocks };
}

function look(atSeconds: number, rssBytes: number, groups: readonly AllocationGroup[]): TraceLook {
  const keptBytes = groups.reduce((sum, { bytes }) => sum + bytes, 0);
  const keptBlocks = groups.reduce((sum, { blocks }) => sum + blocks, 0);
  return {
    atSeconds,
    rssBytes,
    bytes: keptBytes + MIB,
    blocks: keptBlocks + 9000,
    peakBytes: keptBytes + 2 * MIB,
    tableBytes: (keptBlocks + 9000) * 90,
    maxFrames: 10,
    groups,
    keptBytes,
    keptBlocks,
  };
}

const facts: Omit<TraceFacts, 'looks' | 'problems'> = {
  target: { pid: 4242, python: 'CPython 3.12.1', app: 'shop.worker', uptime_seconds: 3600, rss_bytes: 120 * MIB },
  by: 'line',
  cumulative: false,
  filters: [
    { inclusive: false, pattern: '*/vendor/*', line: 3, allFrames: true, isDefault: false },
    { inclusive: false, pattern: '<unknown>', isDefault: true },
  ],
  source,
  notes: [],
  pausesMs: [12.4, 14.1],
  captures: [],
  top: 3,
};

const before = look(0, 90 * MIB, [
  group(`${USERS}:12`, 4 * MIB, 8000),
  group(`${USERS}:30`, 200_000, 90),
  group(`${CARTS}:7`, 900_000, 3000),
  group(`${CARTS}:9`, 90_000, 300),
  group(`${JSON_FILE}:353`, 700_000, 1200),
]);
const after = look(60, 120 * MIB, [
  group(`${USERS}:12`, 10 * MIB, 20_000),
  group(`${USERS}:30`, 200_000, 90),
  group(`${CARTS}:7`, 300_000, 1000),
  group(`${CARTS}:9`, 95_000, 310),
  group(`${JSON_FILE}:353`, 1_900_000, 2800),
]);

/** Two looks: one line grows, one shrinks, and most of what RSS gained is not Python's. */
export const growingTrace: TraceReport = reportTrace({ ...facts, looks: [before, after], problems: new ProblemLog() });

/** The same, with a profile beside it. */
export const exportedTrace: TraceReport = {
  ...growingTrace,
  export: {
    format: 'pprof',
    file: 'growth.pb.gz',
    file_bytes: 34_567,
    stacks: 1234,
    values: ['growth_space', 'inuse_objects', 'inuse_space', 'growth_objects', 'shrink_objects', 'shrink_space'],
    open_with: 'go tool pprof -http=: FILE; or Pyroscope',
  },
};

/** The same, by function. */
export const growingFunctions: TraceReport = reportTrace({
  ...facts,
  by: 'function',
  looks: [before, after],
  problems: new ProblemLog(),
});

/** One look, by traceback. */
export const tracebackTrace: TraceReport = reportTrace({
  ...facts,
  by: 'traceback',
  top: 1,
  pausesMs: [12.4],
  looks: [
    look(0, 120 * MIB, [
      group(`${JSON_FILE}:353`, 2 * MIB, 5000, '/srv/shop/__main__.py:4', `${CARTS}:9`, `${USERS}:30`),
      group(`${USERS}:12`, MIB, 2000, '/srv/shop/__main__.py:4'),
    ]),
  ],
  problems: new ProblemLog(),
});

/** Two looks between which nothing grew. */
export const stillTrace: TraceReport = reportTrace({
  ...facts,
  looks: [
    { ...after, atSeconds: 0 },
    { ...before, atSeconds: 60 },
  ],
  problems: new ProblemLog(),
});

/** One look, by file. */
export const fileTrace: TraceReport = reportTrace({
  ...facts,
  by: 'file',
  filters: facts.filters.slice(1),
  looks: [look(0, 120 * MIB, [group(`${USERS}:0`, 2 * MIB, 5000), group(`${JSON_FILE}:0`, MIB, 2000)])],
  pausesMs: [12.4],
  problems: new ProblemLog(),
});

/** Two looks with who holds what the lines allocated, and what grew untraced; figures are invented. */
export const heldTrace: TraceReport = {
  ...growingTrace,
  rows: growingTrace.rows.slice(0, 2).map((row, i) => ({
    ...row,
    holders:
      i === 0
        ? [
            {
              kind: 'object',
              path: 'module shop.users › global registry › .by_id',
              type: 'dict',
              holders: 1,
              blocks: 19_000,
              bytes: 9.5 * MIB,
              new_blocks: 11_600,
              new_bytes: 5.8 * MIB,
              retained_bytes: 42 * MIB,
            },
            {
              kind: 'object',
              path: "thread worker-1 › frame serve (shop/worker.py:88) › local sessions › ['…'] › .user_of_the_request_before_last",
              type: 'list',
              holders: 12,
              blocks: 900,
              bytes: 0.4 * MIB,
              new_blocks: 300,
              new_bytes: 0.1 * MIB,
              retained_bytes: MIB,
            },
            { kind: 'garbage', path: 'unreachable', blocks: 70, bytes: 40_000, new_blocks: 70, new_bytes: 40_000 },
            { kind: 'none', path: 'no Python object', blocks: 30, bytes: 9000, new_blocks: 0, new_bytes: 0 },
          ]
        : [],
    other_holders: { holders: i === 0 ? 7 : 0, blocks: i === 0 ? 40 : 0, bytes: i === 0 ? 2000 : 0 },
  })),
  native: {
    rss_bytes_diff: 30 * MIB,
    parts: [
      { name: 'traced', bytes_diff: 7 * MIB },
      { name: 'tracemalloc tables', bytes_diff: MIB },
      { name: 'untraced objects', bytes_diff: -4096 },
      { name: 'native memory', bytes_diff: 20 * MIB },
      { name: 'free', bytes_diff: 0 },
      { name: 'outside the allocators', bytes_diff: 2 * MIB + 4096 },
    ],
    unseen_bytes: 22 * MIB,
    unseen_share: 22 / 29,
    owners: [
      { kind: 'nobody', name: '', blocks_diff: 5000, bytes_diff: 15 * MIB },
      {
        kind: 'library',
        name: 'fastcodec.cpython-312-x86_64-linux-gnu.so',
        module: 'fastcodec',
        blocks_diff: 40,
        bytes_diff: 5 * MIB,
      },
      { kind: 'objects', name: 'lxml.etree._Document', module: 'lxml.etree', blocks_diff: 12, bytes_diff: 9000 },
      { kind: 'calls', name: '', blocks_diff: -2, bytes_diff: -8000 },
    ],
    sizes: [
      { block_bytes: 3088, blocks_diff: 5000 },
      { block_bytes: 131_072, blocks_diff: 40 },
    ],
    candidates: [
      { module: 'fastcodec', reason: 'called by the program' },
      { module: 'ujson', reason: 'loaded' },
    ],
    sites: [
      {
        file: '/srv/shop/images.py',
        line: 41,
        function: 'thumbnail',
        basis: 'running',
        code_excerpt_allowed: true,
        code: 'return fastcodec.encode(pixels, quality=80)',
      },
    ],
    not_known: ['which code called malloc for what nothing leads to: only a hook in the allocator records that'],
  },
};
