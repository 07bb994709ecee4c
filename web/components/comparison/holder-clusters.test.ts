import { expect, test } from 'vitest';
import { entriesOf, holderClusters } from './holder-clusters.ts';

function holderOf(address: string, path: string, gained: number) {
  return { rank: 1, path, type: 'dict', address, new_objects: gained / 100, new_bytes: gained };
}

test('holders that are reached in the same way are one, and the most gained stands first', () => {
  const clusters = holderClusters([
    holderOf('0x1', 'global cache', 500),
    holderOf('0x2', "global all › ['…']", 400),
    holderOf('0x3', "global all › ['…']", 300),
  ]);
  expect(clusters.map(({ holders, new_bytes, new_objects }) => [holders.length, new_bytes, new_objects])).toEqual([
    [2, 700, 7],
    [1, 500, 5],
  ]);
});

test('entries are those of every snapshot, else of the first and the last', () => {
  const [cluster] = holderClusters([{ ...holderOf('0x1', 'global cache', 500), entries_before: 3, entries_after: 9 }]);
  expect(entriesOf(cluster!, [{ address: '0x1', path: 'global cache', counts: [3, 5, 9] }])).toEqual([3, 5, 9]);
  expect(entriesOf(cluster!, [])).toEqual([3, 9]);
  const [many] = holderClusters([holderOf('0x1', 'p', 1), holderOf('0x2', 'p', 1)]);
  expect(entriesOf(many!, [])).toEqual([]);
});
