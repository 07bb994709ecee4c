// The texts of report, diff, why and snapshot, over the drawn service.

import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { drawnFacts, drawServiceHeap } from '../../../test/support/drawn-heaps.ts';
import { diffHeaps, type HeapDiff } from '../../diagnose/heap-diff.ts';
import { reportHeap } from '../../diagnose/heap-report.ts';
import { explainRetention } from '../../diagnose/heap-why.ts';
import { computeRetention } from '../../diagnose/retention.ts';
import { SNAPSHOT_SCHEMA, type SnapshotReport } from '../../protocol/snapshot.ts';
import { renderHeapReport } from './census-table.ts';
import { renderHeapDiff } from './comparison-text.ts';
import { displayWidth } from './layout.ts';
import { renderWhy } from './paths-text.ts';
import { createRenderStyle, type RenderStyle } from './render-style.ts';
import { renderSnapshot } from './snapshot-text.ts';

const facts = drawnFacts('a.heap', 12);
const options = { snapshot: facts, problems: [], top: 5 } as const;
const retention = computeRetention(drawServiceHeap(200));
const report = reportHeap(retention, options);
const diff: HeapDiff = diffHeaps([drawServiceHeap(150)], retention, {
  snapshots: [facts, drawnFacts('b.heap', 22)],
  sameProcess: true,
  seconds: 600,
  top: 5,
  problems: [],
});
const whyType = explainRetention(retention, 'User', options);
const whyObject = explainRetention(retention, '0x8180', options);
const snapshot: SnapshotReport = {
  schema: SNAPSHOT_SCHEMA,
  snapshot: { ...facts, file: 'a.heap' },
  file_bytes: 81_234,
  pause_ms: 41.3,
  capture: {
    copied_bytes: 96 * 2 ** 20,
    skipped_bytes: 1.9 * 2 ** 30,
    phases: [
      { name: 'stop', bytes: 0, ms: 0.9 },
      { name: 'copy while stopped', bytes: 96 * 2 ** 20, ms: 40.4 },
    ],
    no_early_copy: 'this kernel does not track which pages are written (soft-dirty)',
  },
  heap: { objects: 610, references: 1208, bytes: 480_000 },
  problems: [],
};

const narrow = createRenderStyle({ columns: 80 });
const wide = createRenderStyle({ columns: 140 });

test('report in 140 columns', () => {
  expect(renderHeapReport(report, wide)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242
    a.heap · taken 2026-11-20 08:12:44 UTC · 610 objects, 455 KB · 2 unreachable, 112 B

    RETAINS  SHARE  ENTRIES  TYPE  ADDRESS  HELD BY
     450 KB   99 %      200  dict  0x1300   module shop.users › global user_cache
     4.0 KB  0.9 %        8  dict  0x1700   thread MainThread › frame serve (shop/main.py:88) › local config

    OBJECTS   BYTES   SHARE  RETAINS  TYPE
        200  400 KB    88 %   400 KB  str
        205   45 KB   9.9 %   455 KB  dict
        200  9.4 KB   2.1 %   430 KB  shop.users.User
          1   640 B   0.1 %    640 B  collections.deque
          1    64 B  <0.1 %   451 KB  module
    "
  `);
});

test('report in 80 columns', () => {
  expect(renderHeapReport(report, narrow)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242
    a.heap · taken 2026-11-20 08:12:44 UTC · 610 objects, 455 KB
    · 2 unreachable, 112 B

    RETAINS  SHARE  ENTRIES  TYPE  ADDRESS  HELD BY
     450 KB   99 %      200  dict  0x1300   module shop.users › global user_cache
     4.0 KB  0.9 %        8  dict  0x1700   thread MainThread › …:88) › local config

    OBJECTS   BYTES   SHARE  RETAINS  TYPE
        200  400 KB    88 %   400 KB  str
        205   45 KB   9.9 %   455 KB  dict
        200  9.4 KB   2.1 %   430 KB  shop.users.User
          1   640 B   0.1 %    640 B  collections.deque
          1    64 B  <0.1 %   451 KB  module
    "
  `);
});

test('diff in 140 columns', () => {
  expect(renderHeapDiff(diff, wide)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242
    a.heap (2026-11-20 08:12:44 UTC) → b.heap (2026-11-20 08:22:44 UTC)

    +113 KB · +150 objects · in 10 min · +11 KB/min
    150 objects, 107 KB, are new

    NEW BYTES  NEW OBJECTS    ENTRIES  TYPE  HELD BY
       107 KB          150  150 → 200  dict  module shop.users › global user_cache

      BYTES     NOW  OBJECTS  NOW  TYPE
    +100 KB  400 KB      +50  200  str
     +10 KB   45 KB      +50  205  dict
    +2.3 KB  9.4 KB      +50  200  shop.users.User
    "
  `);
});

test('diff in 80 columns', () => {
  expect(renderHeapDiff(diff, narrow)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242
    a.heap (2026-11-20 08:12:44 UTC) → b.heap (2026-11-20 08:22:44 UTC)

    +113 KB · +150 objects · in 10 min · +11 KB/min
    150 objects, 107 KB, are new

    NEW BYTES  NEW OBJECTS    ENTRIES  TYPE  HELD BY
       107 KB          150  150 → 200  dict  module shop.users › global user_cache

      BYTES     NOW  OBJECTS  NOW  TYPE
    +100 KB  400 KB      +50  200  str
     +10 KB   45 KB      +50  205  dict
    +2.3 KB  9.4 KB      +50  200  shop.users.User
    "
  `);
});

test('diff of different processes says what it cannot say', () => {
  const text = renderHeapDiff({ ...diff, same_process: false, holders: [], types: [] }, wide);
  expect(text).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242
    a.heap (2026-11-20 08:12:44 UTC) → b.heap (2026-11-20 08:22:44 UTC)

    +113 KB · +150 objects · in 10 min · +11 KB/min
    These are different processes: types are compared by name, and objects cannot be followed.
    "
  `);
});

test('why a type', () => {
  expect(renderWhy(whyType, narrow)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242
    a.heap · taken 2026-11-20 08:12:44 UTC

    shop.users.User  200 objects · 9.4 KB
    held by
       200 objects, 9.4 KB  module shop.users › global user_cache › ['…']

    the one that retains most
    0x8000  shop.users.User · itself 48 B · retains 2.1 KB in 3 objects
       held by      module shop.users › global user_cache › ['…']
       goes with    dict 0x1300 (retains 450 KB) · dict 0x1200 (retains 451 KB)
                    · module 0x1100 (retains 451 KB) · dict 0x1000 (retains 451 KB)
       referred by  dict 0x1300 (retains 450 KB), as ['…']
    "
  `);
});

test('why one object', () => {
  expect(renderWhy(whyObject, wide)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242
    a.heap · taken 2026-11-20 08:12:44 UTC

    0x8180  str · itself 2.0 KB · retains 2.0 KB in 1 object
       held by      module shop.users › global user_cache › ['…'] › .profile
       goes with    dict 0x8140 (retains 2.1 KB) · shop.users.User 0x8100 (retains 2.1 KB) · dict 0x1300 (retains 450 KB)
                    · dict 0x1200 (retains 451 KB) · module 0x1100 (retains 451 KB) · dict 0x1000 (retains 451 KB)
       referred by  dict 0x8140 (retains 2.1 KB), as .profile
    "
  `);
});

test('snapshot', () => {
  expect(renderSnapshot(snapshot, wide)).toMatchInlineSnapshot(`
    "CPython 3.12.1 · gunicorn worker [shop] · pid 4242
    a.heap  79 KB · 610 objects, 469 KB · 1,208 references · process paused 41 ms
    "
  `);
});

test('fits the terminal, and colour changes nothing but colour', () => {
  const texts: readonly ((style: RenderStyle) => string)[] = [
    (style) => renderHeapReport(report, style),
    (style) => renderHeapDiff(diff, style),
    (style) => renderWhy(whyType, style),
    (style) => renderWhy(whyObject, style),
    (style) => renderSnapshot(snapshot, style),
  ];
  for (const columns of [80, 101, 140]) {
    for (const render of texts) {
      const plain = render(createRenderStyle({ columns }));
      for (const line of plain.split('\n')) expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
      expect(stripVTControlCharacters(render(createRenderStyle({ columns, colour: true })))).toBe(plain);
    }
  }
});

test('names chosen by the target cannot act on the terminal', () => {
  const hostile = '\u001b[2J\u202e\n';
  const text =
    renderHeapReport({ ...report, types: [{ ...report.types[0]!, type: hostile }] }, wide) +
    renderHeapDiff({ ...diff, holders: [{ ...diff.holders[0]!, path: hostile }] }, wide) +
    renderWhy({ ...whyType, groups: [{ ...whyType.groups[0]!, path: hostile }] }, wide) +
    renderSnapshot({ ...snapshot, snapshot: { ...snapshot.snapshot, app: hostile } }, wide);
  expect(text).not.toMatch(/[\u001b\u202e]/u);
  expect(text.match(/\\x1b\[2J\\u202e\\x0a/g)).toHaveLength(4);
});
