// Follows the frames of a zstd stream without unpacking them (RFC 8878, section 3.1), to refuse one whose window is too
// large before the decompressor allocates it.

import { LeakscopeError } from '../base/errors.ts';

/** The RFC asks decoders for 8 MiB; systemd and zstd -19 stay below, `zstd --long` needs 128. */
const MAX_WINDOW_BYTES = 128 << 20;
const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const;

/** Give `check` the stream, piece by piece. */
export class ZstdFrames {
  /** Bytes of a header that has not come whole. */
  #held: number[] = [];
  #isInFrame = false;
  #hasChecksum = false;
  #skip = 0;

  /** Throws E_CORE_FILE for a window too large. Damage is left to the decompressor to find. */
  check(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, bytes.length - at);
        this.#skip -= step;
        at += step;
        continue;
      }
      this.#held.push(bytes[at++]!);
      const isWhole = this.#isInFrame ? this.#takeBlockHeader() : this.#takeFrameHeader();
      if (isWhole) this.#held = [];
    }
  }

  #takeBlockHeader(): boolean {
    if (this.#held.length < 3) return false;
    const header = this.#number(0, 3);
    // Of a block of one repeated byte, only that is there.
    this.#skip = ((header >>> 1) & 3) === 1 ? 1 : header >>> 3;
    if ((header & 1) === 0) return true;
    this.#isInFrame = false;
    if (this.#hasChecksum) this.#skip += 4;
    return true;
  }

  #takeFrameHeader(): boolean {
    if (this.#held.length < 5) return false;
    const magic = this.#number(0, 4);
    if (magic - (magic % 16) === SKIPPABLE_MAGIC) {
      if (this.#held.length < 8) return false;
      this.#skip = this.#number(4, 4);
      return true;
    }
    if (magic !== MAGIC) {
      this.#skip = Number.POSITIVE_INFINITY;
      return true;
    }
    const descriptor = this.#held[4]!;
    const isSingleSegment = (descriptor & 0x20) !== 0;
    const sizeAt = 5 + (isSingleSegment ? 0 : 1) + DICTIONARY_BYTES[(descriptor & 3) as 0 | 1 | 2 | 3];
    const sizeCode = (descriptor >>> 6) as 0 | 1 | 2 | 3;
    const sizeBytes = sizeCode === 0 && isSingleSegment ? 1 : CONTENT_SIZE_BYTES[sizeCode];
    if (this.#held.length < sizeAt + sizeBytes) return false;
    const exponent = this.#held[5]! >>> 3;
    const mantissa = this.#held[5]! & 7;
    // A single segment needs all of its content.
    const window = isSingleSegment ? this.#number(sizeAt, sizeBytes) : 2 ** (10 + exponent) * (1 + mantissa / 8);
    if (window > MAX_WINDOW_BYTES) {
      throw new LeakscopeError('E_CORE_FILE', 'it is compressed with a window too large to unpack in memory', {
        hint: 'unpack it first: zstd -d --long=31',
      });
    }
    this.#hasChecksum = (descriptor & 4) !== 0;
    this.#isInFrame = true;
    return true;
  }

  /** Little-endian. */
  #number(at: number, length: number): number {
    let value = 0;
    for (let i = length - 1; i >= 0; i--) value = value * 256 + this.#held[at + i]!;
    return value;
  }
}
