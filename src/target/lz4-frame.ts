// Decompresses LZ4 frames (lz4_Frame_format.md and lz4_Block_format.md of the lz4 project), block by block.
// By hand because the libraries for it are native code or check no bounds; checksums are not verified: a damaged core
// shows in its contents.

/** Bytes of compressed input, in order: fewer than asked for only at the end. */
export type ReadBytes = (length: number) => Uint8Array;

const MAGIC = 0x184d2204;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Matches reach back this far, also into the block before where blocks are linked. */
const WINDOW_BYTES = 64 << 10;
/** An uncompressed block has this bit in its size. */
const STORED = 0x8000_0000;
const MIN_MATCH = 4;

/**
 * Decompresses the frames that `read` gives, handing each block to `write` (which must not keep it), until the input
 * ends or `write` returns false. Throws RangeError for input that is damaged or cut off.
 */
export function* lz4Frames(read: ReadBytes, write: (bytes: Uint8Array) => boolean): Generator<void> {
  for (;;) {
    const head = read(4);
    if (head.length === 0) return;
    const magic = u32(exactly(head, 4), 0);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      let left = u32(exactly(read(4), 4), 0);
      while (left > 0) left -= exactly(read(Math.min(left, 1 << 20)), 1).length;
      continue;
    }
    if (magic !== MAGIC) throw new RangeError('no LZ4 frame');
    for (const goesOn of frame(read, write)) {
      if (!goesOn) return;
      yield;
    }
  }
}

function* frame(read: ReadBytes, write: (bytes: Uint8Array) => boolean): Generator<boolean> {
  const [flags, blockDescriptor] = exactly(read(2), 2) as unknown as [number, number];
  if (flags >>> 6 !== 1) throw new RangeError('an unknown version of the LZ4 frame format');
  const hasBlockChecksum = (flags & 0x10) !== 0;
  const hasContentChecksum = (flags & 4) !== 0;
  // Content size, dictionary id, and the header's own checksum.
  exactly(read(1 + ((flags & 8) !== 0 ? 8 : 0) + ((flags & 1) !== 0 ? 4 : 0)), 1);
  const sizeCode = (blockDescriptor >>> 4) & 7;
  if (sizeCode < 4) throw new RangeError('a block size that LZ4 does not have');
  const blockBytes = 1 << (8 + 2 * sizeCode);
  // Linked blocks refer to the one before, which is kept at the front.
  const buffer = new Uint8Array(WINDOW_BYTES + blockBytes);
  let history = 0;
  for (;;) {
    const word = u32(exactly(read(4), 4), 0);
    if (word === 0) break;
    const length = word & ~STORED;
    if (length > blockBytes) throw new RangeError('an LZ4 block larger than its frame allows');
    const block = exactly(read(length), length);
    let end: number;
    if (word >= STORED) {
      buffer.set(block, history);
      end = history + length;
    } else end = decompressBlock(block, buffer, history, history + blockBytes);
    if (hasBlockChecksum) exactly(read(4), 4);
    const goesOn = write(buffer.subarray(history, end));
    history = Math.min(end, WINDOW_BYTES);
    buffer.copyWithin(0, end - history, end);
    yield goesOn;
  }
  if (hasContentChecksum) exactly(read(4), 4);
}

/** Decompresses one block into `out` from `start`, at most to `limit`; returns where it ended. */
function decompressBlock(block: Uint8Array, out: Uint8Array, start: number, limit: number): number {
  let at = 0;
  let to = start;
  while (at < block.length) {
    const token = block[at++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      let byte = 255;
      while (byte === 255) {
        byte = at < block.length ? block[at++]! : fail();
        literals += byte;
      }
    }
    if (at + literals > block.length || to + literals > limit) fail();
    out.set(block.subarray(at, at + literals), to);
    at += literals;
    to += literals;
    // The last sequence has literals only.
    if (at === block.length) return to;
    if (at + 2 > block.length) fail();
    const distance = block[at]! | (block[at + 1]! << 8);
    at += 2;
    let length = (token & 15) + MIN_MATCH;
    if (length === 15 + MIN_MATCH) {
      let byte = 255;
      while (byte === 255) {
        byte = at < block.length ? block[at++]! : fail();
        length += byte;
      }
    }
    const from = to - distance;
    if (distance === 0 || from < 0 || to + length > limit) fail();
    if (distance === 1) out.fill(out[from]!, to, to + length);
    else if (distance >= length) out.copyWithin(to, from, from + length);
    // The match overlaps what it makes: byte by byte.
    else for (let i = 0; i < length; i++) out[to + i] = out[from + i]!;
    to += length;
  }
  return to;
}

function fail(): never {
  throw new RangeError('damaged LZ4 data');
}

function exactly(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length < length) throw new RangeError('LZ4 data is cut off');
  return bytes;
}

function u32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
