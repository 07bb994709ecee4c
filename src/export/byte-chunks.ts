// Gathers numbers and text into chunks of bytes: a file of hundreds of megabytes is written without one giant string.

const CHUNK_BYTES = 1 << 18;
/** More than the digits of any integer below 2^53, and a comma. */
const NUMBER_BYTES = 20;
const ZERO = 0x30;
const COMMA = 0x2c;

export class ByteChunks {
  #bytes = new Uint8Array(CHUNK_BYTES);
  #used = 0;
  readonly #encoder = new TextEncoder();

  /** Whether `take` is due: the next numbers may not fit. */
  get isFull(): boolean {
    return this.#used >= CHUNK_BYTES / 2;
  }

  /** The bytes since the last call, which the caller may keep. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#used);
    this.#bytes = new Uint8Array(CHUNK_BYTES);
    this.#used = 0;
    return taken;
  }

  /** A whole number from 0, with a comma before it unless it is the first of its array. */
  number(value: number, isFirst: boolean): void {
    this.#reserve(NUMBER_BYTES);
    const bytes = this.#bytes;
    if (!isFirst) bytes[this.#used++] = COMMA;
    let digits = 1;
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
    let rest = value;
    for (let at = this.#used + digits - 1; at >= this.#used; at--) {
      const next = Math.floor(rest / 10);
      bytes[at] = ZERO + (rest - 10 * next);
      rest = next;
    }
    this.#used += digits;
  }

  text(text: string): void {
    const encoded = this.#encoder.encode(text);
    this.#reserve(encoded.length);
    this.#bytes.set(encoded, this.#used);
    this.#used += encoded.length;
  }

  #reserve(length: number): void {
    const needed = this.#used + length;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
  }
}
