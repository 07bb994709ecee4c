// What the colours of the memory picture stand for, and which cells stand out, of a map as the daemon sends it.

import { expect, test } from 'vitest';
import type { MemoryCell, MemoryMapView } from '../../../src/protocol/web/heap-views.ts';
import { memoryLegend, PINS } from './memory-legend.ts';
import { paintOf } from './memory-paint.ts';

const KB = 1024;
const VIEW: MemoryMapView = {
  region_count: 1,
  offset: 0,
  regions: [],
  totals: [
    { use: 'objects', bytes: 900 * KB },
    { use: 'buffers', bytes: 100 * KB },
    { use: 'garbage', bytes: 30 * KB },
    { use: 'native', bytes: 20 * KB },
    { use: 'free in arenas', bytes: 40 * KB },
    { use: 'free in malloc', bytes: 2 * KB },
    { use: 'not resident', bytes: 5 * KB },
  ],
  by_owner: {
    bytes: 1000 * KB,
    largest: [
      { name: 'module shop › global users', bytes: 600 * KB },
      { name: 'module shop › global cache', bytes: 300 * KB },
    ],
  },
  by_type: { bytes: 1030 * KB, largest: [{ name: 'shop.User', bytes: 1030 * KB }] },
  sparse: { arenas: 2, live_bytes: KB, free_bytes: 39 * KB },
};

const cell = (rest: Partial<MemoryCell>): MemoryCell => ({ use: 'objects', filled: 0.5, ...rest });
const summary = (by: 'use' | 'owner' | 'type', view = VIEW): string[] =>
  memoryLegend(view, by).entries.map(({ name, bytes, look }) => `${name} ${bytes / KB} ${look}`);

test('by use: what is not in use is faint', () => {
  expect(summary('use')).toEqual([
    'objects 900 solid',
    'buffers 100 solid',
    'garbage 30 solid',
    'native 20 solid',
    'free in arenas 40 faint',
    'free in malloc 2 faint',
    'not resident 5 faint',
    `${PINS} 1 outlined`,
  ]);
});

test('by owner: the largest, the others together, and what nobody holds; it adds up to all', () => {
  expect(summary('owner')).toEqual([
    'module shop › global users 600 solid',
    'module shop › global cache 300 solid',
    'others 100 solid',
    'nobody (garbage) 30 solid',
    'native code 20 solid',
    'free 42 hatched',
    'not resident 5 faint',
    `${PINS} 1 outlined`,
  ]);
});

test('by type: garbage is of its type; without sparse arenas there are no pins, without others no others', () => {
  const full = { ...VIEW, sparse: { arenas: 0, live_bytes: 0, free_bytes: 0 } };
  expect(summary('type', full)).toEqual([
    'shop.User 1030 solid',
    'native code 20 solid',
    'free 42 hatched',
    'not resident 5 faint',
  ]);
});

test('what tracemalloc keeps is told apart by use, and is no owner’s', () => {
  const traced = { ...VIEW, totals: [...VIEW.totals, { use: 'tracemalloc', bytes: 7 * KB }] } satisfies MemoryMapView;
  expect(summary('use', traced)).toContain('tracemalloc 7 solid');
  expect(summary('owner', traced)).toContain('native code, tracemalloc 27 solid');
});

test('no two solid entries share a colour', () => {
  const largest = Array.from({ length: 7 }, (_, i) => ({ name: `owner ${i}`, bytes: 10 * KB }));
  const { entries } = memoryLegend({ ...VIEW, by_owner: { bytes: 1000 * KB, largest } }, 'owner');
  const colours = entries.filter(({ look }) => look === 'solid').map(({ colour }) => colour);
  expect(colours).toHaveLength(10);
  expect(new Set(colours).size).toBe(colours.length);
});

test('a cell has the colour of most of it', () => {
  const nameOf = (by: 'owner' | 'type', rest: Partial<MemoryCell>): string =>
    memoryLegend(VIEW, by).entryOf(cell(rest)).name;
  const users = { owner: 'module shop › global users', type: 'shop.User' };
  expect(nameOf('owner', users)).toBe('module shop › global users');
  expect(nameOf('owner', { owner: 'module shop › global small' })).toBe('others');
  // Mostly garbage or native memory, it is no owner's, though somebody has a part of it.
  expect(nameOf('owner', { ...users, use: 'garbage' })).toBe('nobody (garbage)');
  expect(nameOf('owner', { ...users, use: 'native' })).toBe('native code');
  expect(nameOf('owner', { use: 'free in malloc' })).toBe('free');
  expect(nameOf('type', { ...users, use: 'garbage' })).toBe('shop.User');
});

test('the cells of a chosen entry stand out, those of others are dimmed', () => {
  const legend = memoryLegend(VIEW, 'owner');
  const users = cell({ owner: 'module shop › global users' });
  const pin = cell({ owner: 'module shop › global cache', filled: 0.01, pins: true });
  const standingOut = (chosen: string | undefined): boolean[] =>
    [users, pin].map((one) => paintOf(one, legend, chosen).standsOut);
  expect(standingOut(undefined)).toEqual([true, true]);
  expect(standingOut('module shop › global users')).toEqual([true, false]);
  expect(standingOut(PINS)).toEqual([false, true]);
  expect(paintOf(users, legend, undefined)).toMatchObject({ height: 4, opacity: 1, isOutlined: false });
  expect(paintOf(pin, legend, undefined)).toMatchObject({ height: 4, opacity: 1, isOutlined: true });
  expect(paintOf(users, legend, PINS).opacity).toBeLessThan(0.2);
});
