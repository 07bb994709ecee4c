import { expect, test, vi } from 'vitest';
import { RecentlyUsed } from './recently-used.ts';

test('what was asked for least recently goes', () => {
  const kept = new RecentlyUsed<string, number>(2);
  kept.set('a', 1);
  kept.set('b', 2);
  expect(kept.get('a')).toBe(1);
  kept.set('c', 3);
  expect(['a', 'b', 'c'].filter((key) => kept.has(key))).toEqual(['a', 'c']);
  kept.set('a', 4);
  kept.set('d', 5);
  expect([kept.get('a'), kept.get('c'), kept.get('d')]).toEqual([4, undefined, 5]);
});

test('a value is made once, whatever it is', () => {
  const kept = new RecentlyUsed<string, undefined>(2);
  const make = vi.fn(() => undefined);
  kept.getOrMake('a', make);
  kept.getOrMake('a', make);
  expect(make).toHaveBeenCalledTimes(1);
});
