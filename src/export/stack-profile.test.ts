// Stacks of allocating calls as profiles: of one moment, and of two, where what grew and what went stand apart.

import fc from 'fast-check';
import { Profile } from 'pprof-format';
import { expect, test } from 'vitest';
import { allocationProfile } from '../diagnose/allocation-profile.ts';
import type { AllocationGroup } from '../diagnose/allocation-statistics.ts';
import { collapsedLines } from './collapsed-stacks.ts';
import { pprofBytes } from './pprof.ts';
import { speedscopeText } from './speedscope.ts';
import { profileOfAllocations, type StackProfile } from './stack-profile.ts';

const NAMES: Readonly<Record<string, string>> = {
  '/srv/shop/users.py:26': 'get_user',
  '/srv/shop/users.py:27': 'get_user',
  '/srv/shop/users.py:50': 'load_user',
  '/srv/shop/__init__.py:3': '<module>',
  '/srv/main.py:9': '<module>',
};

/** `main.py:9 > users.py:26`, the oldest call first. */
function group(calls: string, bytes: number, blocks: number): AllocationGroup {
  const frames = calls.split(' > ').map((call) => {
    const [file = '', line = '0'] = call.split(':');
    return { file: file.startsWith('<') ? file : `/srv/${file}`, line: Number(line) };
  });
  return { frames, bytes, blocks };
}

function profile(...looks: readonly (readonly AllocationGroup[])[]): StackProfile {
  const profiled = looks.map((stacks, index) => ({ atSeconds: index * 30, stacks }));
  return profileOfAllocations(allocationProfile(profiled, (file, line) => NAMES[`${file}:${line}`]));
}

const BEFORE = [
  group('main.py:9 > shop/users.py:26 > shop/users.py:50', 1000, 10),
  group('main.py:9 > shop/users.py:27', 300, 3),
  group('shop/__init__.py:3', 70, 1),
];
const AFTER = [
  group('main.py:9 > shop/users.py:26 > shop/users.py:50', 5000, 50),
  group('main.py:9 > shop/users.py:27', 100, 1),
  group('<frozen abc>:106', 64, 1),
];

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

test('one moment: what is traced, by function, file and line', () => {
  expect([...collapsedLines(profile(AFTER))].join('')).toMatchInlineSnapshot(`
    "<module> main.py (/srv/main.py:9);get_user (/srv/shop/users.py:26);load_user (/srv/shop/users.py:50) 5000
    <module> main.py (/srv/main.py:9);get_user (/srv/shop/users.py:27) 100
    <frozen abc> (<frozen abc>:106) 64
    "
  `);
  expect(profile(AFTER).columns.map(({ type }) => type)).toEqual(['inuse_objects', 'inuse_space']);
});

test('two moments: what grew first, what went apart, and what is there', () => {
  const compared = profile(BEFORE, AFTER);
  expect([...collapsedLines(compared)].map((line) => line.replace(/.*;/, ''))).toEqual([
    'load_user (/srv/shop/users.py:50) 4000\n',
    '<frozen abc> (<frozen abc>:106) 64\n',
  ]);
  const file = JSON.parse([...speedscopeText(compared, { title: 'shop', exporter: 'leakscope' })].join('')) as {
    shared: { frames: { name: string; file: string; line?: number }[] };
    profiles: { name: string; unit: string; samples: number[][]; weights: number[] }[];
  };
  expect(file.profiles.map(({ name, unit, samples, weights }) => [name, unit, samples.length, sum(weights)])).toEqual([
    ['growth in bytes', 'bytes', 2, 4064],
    ['traced blocks', 'none', 3, 52],
    ['traced bytes', 'bytes', 3, 5164],
    ['growth in blocks', 'none', 2, 41],
    ['blocks gone', 'none', 2, 3],
    ['bytes gone', 'bytes', 2, 270],
  ]);
  expect(file.profiles[0]!.samples[0]!.map((frame) => file.shared.frames[frame])).toEqual([
    { name: '<module> main.py', file: '/srv/main.py', line: 9 },
    { name: 'get_user', file: '/srv/shop/users.py', line: 26 },
    { name: 'load_user', file: '/srv/shop/users.py', line: 50 },
  ]);
});

test('a pprof profile is what pprof and Pyroscope take: lines of one function share it, all references hold', () => {
  const takenAtMs = 1_700_000_030_000;
  const decoded = Profile.decode(
    pprofBytes(profile(BEFORE, AFTER), { takenAtMs, durationMs: 30_000, comment: 'shop' }),
  );
  const text = (index: number | bigint): string => decoded.stringTable.strings[Number(index)]!;
  expect(text(0)).toBe('');
  expect(decoded.sampleType.map(({ type, unit }) => `${text(type)}/${text(unit)}`)).toEqual([
    'inuse_objects/count',
    'inuse_space/bytes',
    'growth_objects/count',
    'growth_space/bytes',
    'shrink_objects/count',
    'shrink_space/bytes',
  ]);
  expect(text(decoded.defaultSampleType)).toBe('growth_space');
  expect([text(decoded.periodType!.type), text(decoded.periodType!.unit)]).toEqual(['space', 'bytes']);
  expect([BigInt(decoded.timeNanos), BigInt(decoded.durationNanos)]).toEqual([
    1_700_000_000_000_000_000n,
    30_000_000_000n,
  ]);
  const functions = new Map(decoded.function.map((called) => [Number(called.id), called]));
  expect([...functions.values()].map(({ name, filename }) => `${text(name)} ${text(filename)}`)).toEqual([
    '<module> main.py /srv/main.py',
    'get_user /srv/shop/users.py',
    'load_user /srv/shop/users.py',
    '<module> shop/__init__.py /srv/shop/__init__.py',
    '<frozen abc> <frozen abc>',
  ]);
  const locations = new Map(decoded.location.map((location) => [Number(location.id), location]));
  const drawn = decoded.sample.map(({ locationId, value }) => {
    const lines = locationId.map((id) => locations.get(Number(id))!.line[0]!);
    const names = lines.map(({ functionId, line }) => `${text(functions.get(Number(functionId))!.name)}:${line}`);
    return `${names.join(' < ')} = ${value.join(' ')}`;
  });
  expect(drawn).toEqual([
    'load_user:50 < get_user:26 < <module> main.py:9 = 50 5000 40 4000 0 0',
    'get_user:27 < <module> main.py:9 = 1 100 0 0 2 200',
    '<module> shop/__init__.py:3 = 0 0 0 0 1 70',
    '<frozen abc>:106 = 1 64 1 64 0 0',
  ]);
  const mappings = new Set(decoded.mapping.map(({ id }) => Number(id)));
  expect([...locations.values()].every(({ mappingId }) => mappings.has(Number(mappingId)))).toBe(true);
});

test('what grew less what went is the difference, whatever the stacks are', () => {
  const calls = fc.array(fc.constantFrom('a.py:1', 'a.py:2', 'b.py:1', '<x>:0'), { minLength: 1, maxLength: 4 });
  const look = fc
    .array(fc.tuple(calls, fc.nat(1e6), fc.nat(1000)), { maxLength: 12 })
    .map((rows) => new Map(rows.map(([frames, bytes, blocks]) => [frames.join(' > '), [bytes, blocks]] as const)))
    .map((rows) => Array.from(rows, ([frames, [bytes, blocks]]) => group(frames, bytes, blocks)));
  fc.assert(
    fc.property(look, look, (before, after) => {
      const { columns, stackCount } = profile(before, after);
      const total = (type: string): number => sum(columns.find((column) => column.type === type)!.values);
      const sumOf = (groups: readonly AllocationGroup[], what: 'bytes' | 'blocks'): number =>
        sum(groups.map((each) => each[what]));
      expect(columns.every(({ values }) => values.length === stackCount && values.every((n) => n >= 0))).toBe(true);
      expect(total('inuse_space')).toBe(sumOf(after, 'bytes'));
      expect(total('growth_space') - total('shrink_space')).toBe(sumOf(after, 'bytes') - sumOf(before, 'bytes'));
      expect(total('growth_objects') - total('shrink_objects')).toBe(sumOf(after, 'blocks') - sumOf(before, 'blocks'));
    }),
  );
});
