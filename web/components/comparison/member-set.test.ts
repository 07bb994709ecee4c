import { expect, test } from 'vitest';
import { bySize, objectsOfSet, setInWords } from './member-set.ts';

test('a set is told by when its objects came and went', () => {
  const words = (...places: number[]) => setInWords(places, ['A', 'B', 'C']);
  expect([words(0, 1, 2), words(2), words(1, 2), words(0), words(0, 1), words(1), words(0, 2)]).toEqual([
    'in all of them',
    'new in C',
    'new in B, and stayed',
    'only in A: gone since',
    'only in A and B: gone since',
    'only in B: came and went',
    'in A and C, not in between',
  ]);
  expect([[0, 1], [1], [0]].map((places) => setInWords(places, ['A', 'B']))).toEqual([
    'in all of them',
    'new in B',
    'only in A: gone since',
  ]);
});

test('its objects are those of the newest snapshot it is in', () => {
  const ids = ['s1', 's2', 's3'];
  expect(objectsOfSet([1, 2], ids)).toEqual({ s: 's3', since: 's1', also_in: 's2' });
  expect(objectsOfSet([0], ids)).toEqual({ s: 's1', since: 's2,s3', also_in: '' });
  expect(objectsOfSet([0, 1, 2], ids)).toEqual({ s: 's3', since: '', also_in: 's1,s2' });
});

test('most memory stands first', () => {
  const sets = [
    { in: [0], objects: 9, bytes: 10 },
    { in: [1], objects: 1, bytes: 30 },
    { in: [0, 1], objects: 10, bytes: 10 },
  ];
  expect(bySize(sets).map((set) => set.in)).toEqual([[1], [0, 1], [0]]);
});
