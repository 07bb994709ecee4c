// LZ4 frames as the lz4 program writes them, whole, in any pieces of input, and damaged.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lz4Frames } from './lz4-frame.ts';

/** What the frames in `packed` hold. */
function unpack(packed: Uint8Array, limitBytes = Number.POSITIVE_INFINITY): Buffer {
  let at = 0;
  let unpacked = 0;
  const blocks: Buffer[] = [];
  const read = (length: number): Uint8Array => {
    const bytes = packed.subarray(at, at + length);
    at += bytes.length;
    return bytes;
  };
  const write = (bytes: Uint8Array): boolean => {
    blocks.push(Buffer.from(bytes));
    unpacked += bytes.length;
    return unpacked < limitBytes;
  };
  for (const _ of lz4Frames(read, write));
  return Buffer.concat(blocks);
}

/** Text that repeats near and far, zeros, and noise. */
const SAMPLE = Buffer.concat([
  Buffer.from(Array.from({ length: 20_000 }, (_, i) => `line ${i % 700} of ${i}\n`).join('')),
  Buffer.alloc(3 << 20),
  randomBytes(200_000),
  Buffer.from('ab'.repeat(50_000)),
  Buffer.from(Array.from({ length: 20_000 }, (_, i) => `line ${i % 700} of ${i}\n`).join('')),
]);

const hasLz4 = spawnSync('lz4', ['--version']).status === 0;
if (!hasLz4) console.log('the lz4 program is not here: its frames are not tested');

test.skipIf(!hasLz4).each([
  ['independent blocks of 4 MiB', []],
  ['linked blocks of 64 KiB', ['-BD', '-B4']],
  ['linked blocks with checksums', ['-BD', '-B5', '-BX']],
  ['the size in the header, no checksum', ['--content-size', '--no-frame-crc', '-B6']],
  ['high compression', ['-9']],
])('%s', (_name, options) => {
  const packed = spawnSync('lz4', ['-c', ...options], { input: SAMPLE, maxBuffer: 64 << 20 }).stdout;
  expect(packed.length).toBeLessThan(SAMPLE.length);
  expect(unpack(packed).equals(SAMPLE)).toBe(true);
  // Two frames, and one to skip between them.
  const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  expect(unpack(Buffer.concat([packed, skippable, packed])).length).toBe(SAMPLE.length * 2);
  expect(unpack(packed, 1000).length).toBeLessThanOrEqual(4 << 20);
});

test('a block of literals and a match, by hand', () => {
  // Token: 3 literals, a match of 4 + 5; then the last 5 literals.
  const block = [0x35, ...Buffer.from('abc'), 3, 0, 0x50, ...Buffer.from('final')];
  const frame = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0, block.length, 0, 0, 0, ...block, 0, 0, 0, 0];
  expect(unpack(Uint8Array.from(frame)).toString()).toBe('abcabcabcabcfinal');
});

test('damaged frames end in a RangeError or in other bytes, never beyond their blocks', () => {
  const block = [
    0x35,
    ...Buffer.from('abc'),
    3,
    0,
    0xff,
    3,
    ...Buffer.alloc(18, 7),
    9,
    0,
    0x50,
    ...Buffer.from('final'),
  ];
  const frame = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0, block.length, 0, 0, 0, ...block, 0, 0, 0, 0]);
  const change = fc.record({ at: fc.nat({ max: frame.length - 1 }), byte: fc.nat({ max: 255 }) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 4 }), fc.nat({ max: frame.length }), (changes, length) => {
      const damaged = Buffer.from(frame.subarray(0, length));
      for (const { at, byte } of changes) if (at < damaged.length) damaged[at] = byte;
      try {
        expect(unpack(damaged).length).toBeLessThanOrEqual(64 << 20);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
    { numRuns: 3000 },
  );
});
