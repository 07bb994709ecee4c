import { expect, test } from 'vitest';
import { objectIds } from './object-ids.ts';

test('ids are odd, unique, in 32 bits and follow the address', () => {
  // The second folds into the number of the first, and its next is the third's; the last two are below the reserved.
  const addresses = [0x5000_0000, 0x5000_0000 + 2 ** 35, 0x5000_0010, 0x7fff_ffff_fff0, 16, 32];
  const ids = [...objectIds(addresses, 10)];
  expect(ids).toEqual([0x0a00_0001, 0x0a00_0003, 0x0a00_0005, 0xffff_ffff, 21, 23]);
});

test('many addresses in one place get ids in one pass', () => {
  const addresses = Array.from({ length: 100_000 }, (_, i) => 0x7f00_0000_0000 + 16 * i);
  expect(new Set(objectIds(addresses, 10)).size).toBe(addresses.length);
});
