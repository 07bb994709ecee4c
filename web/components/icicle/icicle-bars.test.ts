import { expect, test } from 'vitest';
import type { RetainedTree } from '../../../src/protocol/web/heap-views.ts';
import { amountsOfBar, type Bar, barBeside, barsOf, barsUnder, keyOfBar, nameOfBar, rowCount } from './icicle-bars.ts';

const node = (name: string, retained_bytes: number, children: readonly RetainedTree[] = []): RetainedTree => ({
  name,
  type: 'dict',
  address: `0x${name}`,
  objects: 1,
  retained_bytes,
  children,
});

// The widths of a row, of 1,000: b 600, a 300, and 100 of the root's own.
const root = barsOf(node('root', 1000, [node('a', 300, [node('c', 200)]), node('b', 600), node('dust', 1)]));
const called = (name: string): Bar => root.descendants().find(({ data }) => data.name === name)!;

test('bars are as wide as what they retain, below what keeps them alive, the largest first', () => {
  const drawn = barsUnder(root).map(({ bar, left, width, row }) => [bar.data.name, left, width, row]);
  expect(drawn).toEqual([
    ['root', 0, 1, 0],
    ['b', 0, 0.6, 1],
    ['a', expect.closeTo(0.6), expect.closeTo(0.3), 1],
    ['c', expect.closeTo(0.6), expect.closeTo(0.2), 2],
  ]);
  expect(rowCount(barsUnder(root))).toBe(3);
});

test('what is zoomed to takes the whole width, with what is below it', () => {
  const drawn = barsUnder(called('a')).map(({ bar, left, width, row }) => [bar.data.name, left, width, row]);
  expect(drawn).toEqual([
    ['a', 0, 1, 0],
    ['c', 0, expect.closeTo(2 / 3), 1],
  ]);
});

test('arrow keys lead to what is beside, to the largest below and to what is above', () => {
  const bars = barsUnder(root);
  const from = (name: string, key: string) => barBeside(bars, called(name), key)?.data.name;
  expect(from('root', 'ArrowDown')).toBe('b');
  expect(from('b', 'ArrowRight')).toBe('a');
  expect(from('a', 'ArrowLeft')).toBe('b');
  expect(from('a', 'ArrowDown')).toBe('c');
  expect(from('c', 'ArrowUp')).toBe('a');
  // Nothing is beyond the edges, and what is not drawn cannot be gone to.
  for (const [name, key] of [
    ['root', 'ArrowUp'],
    ['root', 'ArrowLeft'],
    ['b', 'ArrowLeft'],
    ['a', 'ArrowRight'],
    ['b', 'ArrowDown'],
    ['b', 'x'],
  ] as const) {
    expect(from(name, key), `${name} ${key}`).toBeUndefined();
  }
  // Under a zoom nothing leads out of it.
  expect(barBeside(barsUnder(called('a')), called('a'), 'ArrowUp')).toBeUndefined();
});

test('bars are told by name, size and share', () => {
  expect(nameOfBar(called('a'))).toBe('a dict');
  expect(nameOfBar(barsOf({ ...node('', 1), type: 'list' }))).toBe('list');
  expect(nameOfBar(barsOf({ ...node('others', 1), type: '' }))).toBe('others');
  expect(amountsOfBar(called('b'))).toBe('600 B in 1 object, 60 %');
});

test('every bar has a key of its own', () => {
  const twins = barsOf(node('root', 9, [node('x', 3), node('x', 3), node('y', 3, [node('x', 3)])]));
  const keys = twins.descendants().map(keyOfBar);
  expect(new Set(keys).size).toBe(keys.length);
});
