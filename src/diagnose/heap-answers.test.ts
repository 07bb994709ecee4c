// report, diff and why over one drawn service.

import { expect, test } from 'vitest';
import { drawnFacts, drawServiceHeap } from '../../test/support/drawn-heaps.ts';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { LeakscopeError } from '../base/errors.ts';
import { diffHeaps } from './heap-diff.ts';
import { reportHeap } from './heap-report.ts';
import { explainRetention } from './heap-why.ts';
import { computeRetention } from './retention.ts';

const facts = drawnFacts('a.heap', 12);
const options = { snapshot: facts, problems: [], top: 10 } as const;

test('the report names the cache as the place where memory piles up, not the module that holds it', () => {
  const report = reportHeap(computeRetention(drawServiceHeap(6)), { ...options, top: 2 });
  expect(report.holders.map((holder) => holder.path)).toEqual([
    'module shop.users › global user_cache',
    'thread MainThread › frame serve (shop/main.py:88) › local config',
  ]);
  expect(report.holders[0]).toMatchObject({
    rank: 1,
    type: 'dict',
    address: '0x1300',
    entries: 6,
    retained_objects: 19,
    retained_bytes: 240 + 6 * (104 + 48 + 104 + 2048),
  });
  expect(report.types[0]).toMatchObject({ type: 'str', objects: 6, bytes: 6 * 2048 });
  expect(report.heap).toMatchObject({ unreachable_objects: 2, unreachable_bytes: 112 });
});

test('an object and its namespace are one holder', () => {
  const graph = graphFromText(`
    root modules sys.modules -> modules -> m [value 0] -> mdict [field __dict__] -> app [global app]
    app -> attributes [field __dict__] -> a [attribute a]; attributes -> b [attribute b]; attributes -> c [attribute c]
    label m shop; flags m code; type m module; flags mdict namespace; flags attributes namespace; type app shop.App
    type a list; type b list; type c list; size a 1000; size b 1000; size c 1000; size app 48; size attributes 104
  `);
  const { holders } = reportHeap(computeRetention(graph), { ...options, top: 1 });
  expect(holders[0]).toMatchObject({ path: 'module shop › global app', type: 'shop.App' });
});

test('a linked list piles up at its head, also where links are in namespaces', () => {
  const links = Array.from({ length: 200 }, (_, n) => [
    `node${n} -> dict${n} [field __dict__] -> node${n + 1} [attribute next]`,
    `type node${n} shop.Node; type dict${n} dict; flags dict${n} namespace; size node${n} 48; size dict${n} 104`,
  ]).flat();
  const graph = graphFromText(`
    root modules sys.modules -> modules -> m [value 0] -> mdict [field __dict__] -> node0 [global head]
    label m shop; flags m code; type m module; flags mdict namespace; type node200 shop.Node
    ${links.join('\n')}
  `);
  const { holders } = reportHeap(computeRetention(graph), options);
  expect(holders.map((holder) => [holder.path, holder.retained_objects])).toEqual([['module shop › global head', 401]]);
});

test('two snapshots: what is new belongs to the old object that alone keeps it', () => {
  const diff = diffHeaps([drawServiceHeap(4)], computeRetention(drawServiceHeap(6)), {
    snapshots: [facts, drawnFacts('b.heap', 22)],
    sameProcess: true,
    seconds: 600,
    top: 10,
    problems: [],
  });
  expect(diff.new_objects).toBe(6);
  expect(diff.holders).toEqual([
    {
      rank: 1,
      path: 'module shop.users › global user_cache',
      type: 'dict',
      address: '0x1300',
      entries_before: 4,
      entries_after: 6,
      new_objects: 6,
      new_bytes: 2 * (48 + 104 + 2048),
    },
  ]);
  expect(diff.growth).toEqual({ objects: 6, bytes: 2 * (104 + 48 + 104 + 2048), seconds: 600 });
});

test('three snapshots: only what came and stayed counts', () => {
  const diff = diffHeaps([drawServiceHeap(2), drawServiceHeap(4)], computeRetention(drawServiceHeap(6)), {
    snapshots: [facts, drawnFacts('b.heap', 22), drawnFacts('c.heap', 32)],
    sameProcess: true,
    seconds: 1200,
    top: 10,
    problems: [],
  });
  // Users 2 and 3 came before the second and are in the third; users 4 and 5 are too young to say.
  expect(diff.new_objects).toBe(6);
  expect(diff.holders[0]).toMatchObject({ entries_before: 2, entries_after: 6, new_objects: 6 });
});

test('different processes are compared by type names only', () => {
  const diff = diffHeaps([drawServiceHeap(1)], computeRetention(drawServiceHeap(3)), {
    snapshots: [facts, { ...drawnFacts('b.heap', 22), pid: 99 }],
    sameProcess: false,
    seconds: 0,
    top: 10,
    problems: [],
  });
  expect(diff.holders).toEqual([]);
  expect(diff.types.find((row) => row.type === 'shop.users.User')).toMatchObject({
    objects_before: 1,
    objects_after: 3,
  });
});

test('why a type: how its objects are held, and the largest of them', () => {
  const why = explainRetention(computeRetention(drawServiceHeap(6)), 'User', options);
  expect(why.matches).toEqual([{ type: 'shop.users.User', objects: 6, bytes: 288, unreachable_objects: 0 }]);
  expect(why.groups).toEqual([
    { path: "module shop.users › global user_cache › ['…']", objects: 6, bytes: 288, example: '0x8000' },
  ]);
  expect(why.object).toMatchObject({ type: 'shop.users.User', retained_objects: 3, retained_bytes: 48 + 104 + 2048 });
});

test('why an address: path, dominators, referrers', () => {
  const why = explainRetention(computeRetention(drawServiceHeap(2)), '0x8180', options);
  expect(why.object).toEqual({
    type: 'str',
    address: '0x8180',
    bytes: 2048,
    retained_bytes: 2048,
    retained_objects: 1,
    paths: ["module shop.users › global user_cache › ['…'] › .profile"],
    dominators: [
      { type: 'dict', address: '0x8140', retained_bytes: 2152 },
      { type: 'shop.users.User', address: '0x8100', retained_bytes: 2200 },
      { type: 'dict', address: '0x1300', retained_bytes: 240 + 2 * (104 + 2200) },
      { type: 'dict', address: '0x1200', retained_bytes: 240 + 640 + 240 + 2 * (104 + 2200) },
      { type: 'module', address: '0x1100', retained_bytes: 64 + 240 + 640 + 240 + 2 * (104 + 2200) },
      { type: 'dict', address: '0x1000', retained_bytes: 128 + 240 + 640 + 240 + 2 * (104 + 2200) },
    ],
    referrers: [{ name: '.profile', type: 'dict', address: '0x8140', retained_bytes: 2152 }],
    referrer_count: 1,
  });
});

test('why garbage: nothing holds it', () => {
  const why = explainRetention(computeRetention(drawServiceHeap(1)), 'shop.jobs.Job', options);
  expect(why.matches[0]).toMatchObject({ objects: 1, unreachable_objects: 1 });
  expect(why.groups).toEqual([]);
  expect(why.object).toMatchObject({ paths: [], dominators: [], retained_objects: 1, retained_bytes: 48 });
});

test('what is not there is said, with the nearest name', () => {
  const retention = computeRetention(drawServiceHeap(1));
  const failure = (subject: string): LeakscopeError => {
    try {
      explainRetention(retention, subject, options);
    } catch (error) {
      if (error instanceof LeakscopeError) return error;
    }
    throw new Error('expected a failure');
  };
  expect(failure('shop.user').code).toBe('E_NO_MATCH');
  expect(failure('shop.user').hint).toContain('shop.users.User');
  expect(failure('0xdead').code).toBe('E_NO_MATCH');
});
