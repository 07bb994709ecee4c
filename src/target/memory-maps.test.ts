import { expect, test } from 'vitest';
import { parseMemoryMaps } from './memory-maps.ts';

function only(line: string) {
  const regions = parseMemoryMaps(`${line}\n`);
  expect(regions).toHaveLength(1);
  return regions[0]!;
}

test('anonymous memory has no backing file', () => {
  const heap = only('55d0e0a00000-55d0e0b00000 rw-p 00000000 00:00 0                          [heap]');
  expect(heap).toMatchObject({ path: '[heap]', fileId: '', deleted: false, writable: true, shared: false });
  expect(only('7f0000000000-7f0000001000 rw-p 00000000 00:00 0')).toMatchObject({ path: '', fileId: '' });
});

test('a file that is gone keeps its identity', () => {
  const mapped = only('7f0000000000-7f0000001000 r-xp 00002000 fe:00 1234   /srv/app/old.so (deleted)');
  expect(mapped).toMatchObject({ path: '/srv/app/old.so', fileId: 'fe:00:1234', deleted: true, offset: 0x2000 });
});

test('the first System V segment of a machine is one, though its inode is 0', () => {
  const first = only(
    '7fc4e9bb1000-7fc4e9bb2000 rw-s 00000000 00:01 0                          /SYSV00000000 (deleted)',
  );
  expect(first).toMatchObject({ path: '/SYSV00000000', fileId: '00:01:0', deleted: true, shared: true });
});
