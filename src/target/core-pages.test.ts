// Pages of a core, as a stream brings them: in pieces of any size, the zeros among them dropped, the rest kept exactly.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryImage } from '../cpython/memory-image.ts';
import { CorePages } from './core-pages.ts';

const PAGE = 4096;
const START = 0x10000;

/** Adds the bytes of mappings in pieces of the given sizes, over and over. */
function collect(mappings: readonly { start: number; bytes: Buffer }[], pieces: readonly number[]) {
  const pages = new CorePages({ writable: true, chunkBytes: 2 << 20 });
  for (const { start, bytes } of mappings) {
    let piece = 0;
    for (let at = 0; at < bytes.length; ) {
      const length = Math.min(pieces[piece++ % pieces.length]!, bytes.length - at);
      pages.add(start + at, bytes.subarray(at, at + length));
      at += length;
    }
    pages.endMapping();
  }
  return pages.finish();
}

test('what is kept is what came, whatever the pieces; the rest was zero', () => {
  const page = fc.constantFrom(0, 0, 0, 1, 2);
  const mapping = fc.array(page, { minLength: 1, maxLength: 700 });
  const sizes = fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(fc.array(mapping, { minLength: 1, maxLength: 3 }), sizes, (drawn, pieces) => {
      let start = START;
      const mappings = drawn.map((fill) => {
        const bytes = Buffer.alloc(fill.length * PAGE);
        for (const [i, value] of fill.entries()) bytes[i * PAGE + (i % PAGE)] = value;
        const at = start;
        // Right behind each other: mappings need no gap between them.
        start += bytes.length;
        return { start: at, bytes };
      });
      const segments = collect(mappings, pieces);
      const image = new MemoryImage(segments);
      for (const { start: at, bytes } of mappings) {
        for (let page = 0; page < bytes.length; page += PAGE) {
          const wanted = bytes.subarray(page, page + PAGE);
          const isZero = wanted.every((byte) => byte === 0);
          if (image.isCopied(at + page)) expect(wanted.equals(image.bytes(at + page, PAGE)!)).toBe(true);
          else expect(isZero).toBe(true);
        }
      }
      for (const segment of segments) {
        const inOne = mappings.filter(
          ({ start: at, bytes }) => segment.start >= at && segment.start + segment.bytes.length <= at + bytes.length,
        );
        expect(inOne).toHaveLength(1);
        expect(segment.start % PAGE).toBe(0);
      }
    }),
    { numRuns: 60, seed: 3 },
  );
});

test('small gaps are bridged, large ones are not, zeros cost nothing', () => {
  const bytes = Buffer.alloc(64 << 20);
  for (const at of [0, 200 * PAGE, (200 + 300) * PAGE, 10_000 * PAGE]) bytes[at] = 1;
  const segments = collect([{ start: START, bytes }], [1 << 20]);
  expect(segments.map((segment) => [(segment.start - START) / PAGE, segment.bytes.length / PAGE])).toEqual([
    [0, 201],
    [500, 1],
    [10_000, 1],
  ]);
});

test('a piece that ends within a page is filled up with zeros', () => {
  const segments = collect([{ start: START, bytes: Buffer.alloc(PAGE + 100, 7) }], [5000]);
  expect(segments).toHaveLength(1);
  expect(segments[0]!.bytes.length).toBe(2 * PAGE);
  expect([...segments[0]!.bytes.subarray(PAGE + 98, PAGE + 102)]).toEqual([7, 7, 0, 0]);
});

test('beyond the limit nothing is kept, and how much is counted', () => {
  const pages = new CorePages({ writable: false, limitBytes: 3 * PAGE, chunkBytes: 1 << 20 });
  for (let i = 0; i < 5; i++) pages.add(START + i * PAGE, Buffer.alloc(PAGE, i + 1));
  expect(pages.finish().reduce((sum, segment) => sum + segment.bytes.length, 0)).toBe(3 * PAGE);
  expect(pages.droppedBytes).toBe(2 * PAGE);
});
