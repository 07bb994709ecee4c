// Windows of zstd frames, wherever in the stream they are and in whatever pieces it comes.

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ZstdFrames } from './zstd-frames.ts';

const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** A frame of one empty block, with a window of 2^log bytes. */
const frame = (log: number): number[] => [...MAGIC, 0, (log - 10) << 3, 1, 0, 0];
const SKIPPABLE = [0x51, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9];

function check(bytes: Uint8Array | readonly number[], pieceBytes = 7): void {
  const frames = new ZstdFrames();
  const all = Uint8Array.from(bytes);
  for (let at = 0; at < all.length; at += pieceBytes) frames.check(all.subarray(at, at + pieceBytes));
}

test('a window is refused when it is too large, in a later frame too', () => {
  const refused = expect.objectContaining({ code: 'E_CORE_FILE', hint: expect.stringContaining('zstd -d') });
  check(frame(27));
  expect(() => check(frame(28))).toThrow(refused);
  for (const pieceBytes of [1, 2, 5, 100]) {
    check([...frame(20), ...SKIPPABLE, ...frame(23)], pieceBytes);
    expect(() => check([...frame(20), ...SKIPPABLE, ...frame(31)], pieceBytes)).toThrow(refused);
  }
});

test('the content of a single segment is its window', () => {
  const single = (size: number): number[] => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(size));
    return [...MAGIC, 0xe0, ...bytes, 1, 0, 0];
  };
  check(single(1000));
  expect(() => check(single(2 ** 40))).toThrow('window too large');
});

test('what the zstd program writes is followed to its end', () => {
  const input = Buffer.concat([randomBytes(300_000), Buffer.alloc(2 << 20), Buffer.from('text '.repeat(100_000))]);
  const packed = spawnSync('zstd', ['-c', '-3', '--check'], { input, maxBuffer: 64 << 20 }).stdout;
  if (!(packed?.length > 0)) return console.log('skipped: the zstd program is not here');
  check([...packed, ...frame(27)], 1000);
  // Only if every block and the checksum were skipped exactly is this seen as a frame.
  expect(() => check([...packed, ...frame(28)], 1000)).toThrow('window too large');
});

test('what is no frame is left to the decompressor', () => {
  check([1, 2, 3, 4, 5, 6, 7, 8, ...frame(31)]);
});
