// Elements of a section to bytes and back. Encoders trust their input; decoders trust nothing and throw CodecError.

import { assert } from '../base/assert.ts';
import { CHUNK_ELEMENTS, CHUNK_STRING_BYTES, type SectionData, SectionEncoding } from './heap-file.ts';

/** Bytes that are not what their encoding says. The reader adds which section it was. */
export class CodecError extends Error {}

/** Longest varint of an integer below 2^53. */
const WIDE_VARINT_BYTES = 8;
const U32_LIMIT = 0x1_0000_0000;

/** Encodes elements from `start` on into `out`, as many as make a chunk; returns where it stopped and the bytes. */
export function encodeChunk(
  data: SectionData,
  encoding: SectionEncoding,
  start: number,
): { readonly end: number; readonly bytes: Uint8Array } {
  if (encoding === SectionEncoding.strings) return encodeStrings(data as readonly string[], start);
  const end = Math.min(start + CHUNK_ELEMENTS, data.length);
  switch (encoding) {
    case SectionEncoding.bytes:
      return { end, bytes: (data as Uint8Array).slice(start, end) };
    case SectionEncoding.varint:
      return { end, bytes: encodeVarints(data as Uint32Array, start, end) };
    case SectionEncoding.ascending:
      return { end, bytes: encodeAscending(data as Uint32Array, start, end) };
    case SectionEncoding.delta:
      return { end, bytes: encodeDeltas(data as Uint32Array, start, end) };
    case SectionEncoding.ascendingWide:
      return { end, bytes: encodeAscendingWide(data as Float64Array, start, end) };
  }
}

/** An empty column for `count` elements; its memory is only committed as elements are decoded into it. */
export function createColumn(encoding: SectionEncoding, count: number): SectionData {
  switch (encoding) {
    case SectionEncoding.bytes:
      return new Uint8Array(count);
    case SectionEncoding.ascendingWide:
      return new Float64Array(count);
    case SectionEncoding.strings:
      return [];
    default:
      return new Uint32Array(count);
  }
}

/** Decodes exactly `count` elements from all of `bytes` into `column` from `start` on. */
export function decodeChunk(
  bytes: Uint8Array,
  encoding: SectionEncoding,
  column: SectionData,
  start: number,
  count: number,
): void {
  let used: number;
  switch (encoding) {
    case SectionEncoding.bytes:
      used = count;
      if (bytes.length === count) (column as Uint8Array).set(bytes, start);
      break;
    case SectionEncoding.varint:
      used = decodeVarints(bytes, column as Uint32Array, start, start + count);
      break;
    case SectionEncoding.ascending:
      used = decodeAscending(bytes, column as Uint32Array, start, start + count);
      break;
    case SectionEncoding.delta:
      used = decodeDeltas(bytes, column as Uint32Array, start, start + count);
      break;
    case SectionEncoding.ascendingWide:
      used = decodeAscendingWide(bytes, column as Float64Array, start, start + count);
      break;
    case SectionEncoding.strings:
      used = decodeStrings(bytes, column as string[], count);
      break;
  }
  if (used !== bytes.length) throw new CodecError(`a chunk of ${bytes.length} bytes holds ${used} bytes of elements`);
}

function encodeVarints(values: Uint32Array, start: number, end: number): Uint8Array {
  const out = new Uint8Array((end - start) * 5);
  let at = 0;
  for (let i = start; i < end; i++) at = putU32(out, at, values[i]!);
  return out.subarray(0, at);
}

function encodeAscending(values: Uint32Array, start: number, end: number): Uint8Array {
  const out = new Uint8Array((end - start) * 5);
  let at = 0;
  let previous = start === 0 ? 0 : values[start - 1]!;
  for (let i = start; i < end; i++) {
    const value = values[i]!;
    assert(value >= previous, `section elements descend at ${i}`);
    at = putU32(out, at, value - previous);
    previous = value;
  }
  return out.subarray(0, at);
}

function encodeDeltas(values: Uint32Array, start: number, end: number): Uint8Array {
  const out = new Uint8Array((end - start) * 5);
  let at = 0;
  let previous = start === 0 ? 0 : values[start - 1]!;
  for (let i = start; i < end; i++) {
    const value = values[i]!;
    const delta = (value - previous) | 0;
    at = putU32(out, at, ((delta << 1) ^ (delta >> 31)) >>> 0);
    previous = value;
  }
  return out.subarray(0, at);
}

function encodeAscendingWide(values: Float64Array, start: number, end: number): Uint8Array {
  const out = new Uint8Array((end - start) * WIDE_VARINT_BYTES);
  let at = 0;
  let previous = start === 0 ? 0 : values[start - 1]!;
  for (let i = start; i < end; i++) {
    const value = values[i]!;
    assert(value >= previous && Number.isSafeInteger(value), `section elements descend or are too large at ${i}`);
    let delta = value - previous;
    previous = value;
    while (delta >= U32_LIMIT) {
      out[at++] = (delta % 128) | 0x80;
      delta = Math.floor(delta / 128);
    }
    at = putU32(out, at, delta);
  }
  return out.subarray(0, at);
}

function encodeStrings(values: readonly string[], start: number): { readonly end: number; readonly bytes: Uint8Array } {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  let size = 0;
  let end = start;
  const last = Math.min(start + CHUNK_ELEMENTS, values.length);
  while (end < last && size < CHUNK_STRING_BYTES) {
    const text = encoder.encode(values[end++]!);
    const length = new Uint8Array(5);
    const prefix = length.subarray(0, putU32(length, 0, text.length));
    parts.push(prefix, text);
    size += prefix.length + text.length;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return { end, bytes };
}

function putU32(out: Uint8Array, at: number, value: number): number {
  while (value > 0x7f) {
    out[at++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  out[at++] = value;
  return at;
}

// The decoders below read `bytes[at]` past the end as undefined, which the bit operators take for 0: a varint then
// ends, `at` exceeds the length, and the caller's check of the bytes used fails. That keeps the loops free of tests.

function decodeVarints(bytes: Uint8Array, values: Uint32Array, start: number, end: number): number {
  let at = 0;
  for (let i = start; i < end; i++) {
    let byte = bytes[at++]!;
    if (byte < 0x80) {
      values[i] = byte;
      continue;
    }
    let value = byte & 0x7f;
    for (let shift = 7; ; shift += 7) {
      byte = bytes[at++]!;
      if (shift === 28 && byte > 0x0f) throw new CodecError('a number does not fit 32 bits');
      value |= (byte & 0x7f) << shift;
      if (!(byte >= 0x80)) break;
    }
    values[i] = value;
  }
  return at;
}

function decodeAscending(bytes: Uint8Array, values: Uint32Array, start: number, end: number): number {
  let previous = start === 0 ? 0 : values[start - 1]!;
  const used = decodeVarints(bytes, values, start, end);
  for (let i = start; i < end; i++) {
    previous += values[i]!;
    if (previous >= U32_LIMIT) throw new CodecError('numbers ascend past 32 bits');
    values[i] = previous;
  }
  return used;
}

function decodeDeltas(bytes: Uint8Array, values: Uint32Array, start: number, end: number): number {
  let previous = start === 0 ? 0 : values[start - 1]!;
  const used = decodeVarints(bytes, values, start, end);
  for (let i = start; i < end; i++) {
    const zigzag = values[i]!;
    previous = (previous + ((zigzag >>> 1) ^ -(zigzag & 1))) >>> 0;
    values[i] = previous;
  }
  return used;
}

function decodeAscendingWide(bytes: Uint8Array, values: Float64Array, start: number, end: number): number {
  let at = 0;
  let previous = start === 0 ? 0 : values[start - 1]!;
  for (let i = start; i < end; i++) {
    let byte = bytes[at++]!;
    let delta = byte & 0x7f;
    let scale = 128;
    for (let length = 1; byte >= 0x80; length++) {
      if (length === WIDE_VARINT_BYTES) throw new CodecError('a number does not fit 53 bits');
      byte = bytes[at++]!;
      delta += (byte & 0x7f) * scale;
      scale *= 128;
    }
    previous += delta;
    if (previous > Number.MAX_SAFE_INTEGER) throw new CodecError('numbers ascend past 53 bits');
    values[i] = previous;
  }
  return at;
}

function decodeStrings(bytes: Uint8Array, values: string[], count: number): number {
  // A name may begin with what looks like a byte order mark.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const length = new Uint32Array(1);
  let at = 0;
  for (let i = 0; i < count; i++) {
    at += decodeVarints(bytes.subarray(at, at + 5), length, 0, 1);
    const end = at + length[0]!;
    if (end > bytes.length) throw new CodecError('a string reaches past its chunk');
    values.push(decoder.decode(bytes.subarray(at, end)));
    at = end;
  }
  return at;
}
