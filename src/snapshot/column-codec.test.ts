import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodecError, createColumn, decodeChunk, encodeChunk } from './column-codec.ts';
import { CHUNK_ELEMENTS, type SectionData, SectionEncoding } from './heap-file.ts';

function roundTrip(data: SectionData, encoding: SectionEncoding): SectionData {
  const column = createColumn(encoding, data.length);
  for (let start = 0; start < data.length; ) {
    const { end, bytes } = encodeChunk(data, encoding, start);
    decodeChunk(bytes, encoding, column, start, end - start);
    start = end;
  }
  return column;
}

/** Element by element, a matcher takes seconds for as much. */
function expectSameBytes(actual: SectionData, expected: Uint32Array | Float64Array): void {
  expect(Buffer.compare(Buffer.from((actual as typeof expected).buffer), Buffer.from(expected.buffer))).toBe(0);
}

const u32 = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.constant(0xffffffff),
);

describe('column codec', () => {
  test('every encoding gives back what it was given', () => {
    fc.assert(
      fc.property(fc.array(u32), fc.array(fc.maxSafeNat()), fc.array(fc.string({ unit: 'binary' })), (a, b, c) => {
        const column = Uint32Array.from(a);
        const sorted = Uint32Array.from(a).sort();
        const wide = Float64Array.from(b).sort();
        const bytes = Uint8Array.from(a);
        expect(roundTrip(column, SectionEncoding.varint)).toEqual(column);
        expect(roundTrip(column, SectionEncoding.delta)).toEqual(column);
        expect(roundTrip(sorted, SectionEncoding.ascending)).toEqual(sorted);
        expect(roundTrip(wide, SectionEncoding.ascendingWide)).toEqual(wide);
        expect(roundTrip(bytes, SectionEncoding.bytes)).toEqual(bytes);
        expect(roundTrip(c, SectionEncoding.strings)).toEqual(c);
      }),
    );
  });

  test('differences go on across chunks', () => {
    const column = Uint32Array.from({ length: 2 * CHUNK_ELEMENTS + 7 }, (_, i) => 1000 + 3 * i);
    const wide = Float64Array.from(column, (n) => n * 2 ** 20);
    expectSameBytes(roundTrip(column, SectionEncoding.ascending), column);
    expectSameBytes(roundTrip(column, SectionEncoding.delta), column);
    expectSameBytes(roundTrip(wide, SectionEncoding.ascendingWide), wide);
    const strings = Array.from({ length: 300 }, (_, i) => 'x'.repeat(10_000) + i);
    expect(roundTrip(strings, SectionEncoding.strings)).toEqual(strings);
  });

  test('arbitrary bytes decode or throw CodecError, and never too few bytes', () => {
    const encodings = Object.values(SectionEncoding);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 64 }),
        fc.constantFrom(...encodings),
        fc.nat(40),
        (bytes, encoding, count) => {
          const column = createColumn(encoding, count);
          try {
            decodeChunk(bytes, encoding, column, 0, count);
          } catch (error) {
            expect(error).toBeInstanceOf(CodecError);
            return;
          }
          expect(column.length).toBe(count);
          expect(bytes.length).toBeGreaterThanOrEqual(count);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test.each<[string, SectionEncoding, number[], number]>([
    ['a varint past 32 bits', SectionEncoding.varint, [0xff, 0xff, 0xff, 0xff, 0x1f], 1],
    ['a sum past 32 bits', SectionEncoding.ascending, [0xff, 0xff, 0xff, 0xff, 0x0f, 1], 2],
    ['a sum past 53 bits', SectionEncoding.ascendingWide, [...new Array(7).fill(0xff), 0x7f], 1],
    ['a varint without an end', SectionEncoding.ascendingWide, new Array(9).fill(0xff), 1],
    ['a string past its chunk', SectionEncoding.strings, [5, 65], 1],
    ['bytes left over', SectionEncoding.varint, [1, 2], 1],
    ['too few bytes', SectionEncoding.bytes, [1], 2],
  ])('%s is an error', (_, encoding, bytes, count) => {
    expect(() => decodeChunk(Uint8Array.from(bytes), encoding, createColumn(encoding, count), 0, count)).toThrow(
      CodecError,
    );
  });
});
