// Reads names out of str objects: attribute, variable, module and type names, which are structure and not values.

import type { Address } from '../graph/heap-graph.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';

/** Names are short; a longer string is no name, and is cut so that a forged length costs nothing. */
const NAME_LENGTH_LIMIT = 512;

const utf16 = new TextDecoder('utf-16le');

/** Where the parts of a str object lie in one layout. */
export class StringReader {
  readonly #image: MemoryImage;
  readonly #length: number;
  readonly #state: number;
  readonly #asciiSize: number;
  readonly #compactSize: number;
  readonly #data: number;
  readonly #utf8: number;
  readonly #wideInterned: boolean;
  readonly #unicodeType: Address;
  readonly #obType: number;

  /** `unicodeType` is the address of `str`, or 0 to accept any type. */
  constructor(image: MemoryImage, layout: Layout, unicodeType: Address) {
    this.#image = image;
    this.#length = layout.at('PyASCIIObject.length');
    this.#state = layout.at('PyASCIIObject.state');
    this.#asciiSize = layout.sizeof('PyASCIIObject');
    this.#compactSize = layout.sizeof('PyCompactUnicodeObject');
    this.#data = layout.at('PyUnicodeObject.data');
    this.#utf8 = layout.at('PyCompactUnicodeObject.utf8');
    // Free-threaded 3.14 widened the interned field to a byte of its own, moving kind, compact and ascii to the next.
    this.#wideInterned = layout.freeThreaded && layout.minor >= 14;
    this.#unicodeType = unicodeType;
    this.#obType = layout.at('PyObject.ob_type');
  }

  /** 1, 2 or 4 bytes per character, with the bits that say where the characters are. */
  #stateBits(address: Address): { kind: number; compact: boolean; ascii: boolean; interned: number } {
    if (this.#wideInterned) {
      const bits = this.#image.u8(address + this.#state + 1);
      return {
        kind: bits & 7,
        compact: (bits & 8) !== 0,
        ascii: (bits & 16) !== 0,
        interned: this.#image.u8(address + this.#state),
      };
    }
    const bits = this.#image.u8(address + this.#state);
    return { kind: (bits >> 2) & 7, compact: (bits & 32) !== 0, ascii: (bits & 64) !== 0, interned: bits & 3 };
  }

  /** Whether the str is in the interned table. */
  isInterned(address: Address): boolean {
    return this.#stateBits(address).interned !== 0;
  }

  /** Start of a separately allocated character buffer (non-compact strings), or 0. */
  externalData(address: Address): Address {
    const { compact } = this.#stateBits(address);
    return compact ? 0 : this.#image.pointer(address + this.#data);
  }

  /** Start of a cached UTF-8 form in a block of its own, or 0. ASCII strings are their own UTF-8. */
  utf8Data(address: Address): Address {
    const { compact, ascii } = this.#stateBits(address);
    return compact && ascii ? 0 : this.#image.pointer(address + this.#utf8);
  }

  /** The characters of the str at `address` up to NAME_LENGTH_LIMIT, or undefined when it is no readable str. */
  read(address: Address, limit = NAME_LENGTH_LIMIT): string | undefined {
    const image = this.#image;
    if (address === 0) return undefined;
    if (this.#unicodeType !== 0 && image.pointer(address + this.#obType) !== this.#unicodeType) return undefined;
    const { kind, compact, ascii } = this.#stateBits(address);
    if (kind !== 1 && kind !== 2 && kind !== 4) return undefined;
    const length = Math.min(image.u64(address + this.#length), limit);
    const start = compact
      ? address + (ascii ? this.#asciiSize : this.#compactSize)
      : image.pointer(address + this.#data);
    const bytes = image.bytes(start, length * kind);
    if (bytes === undefined) return undefined;
    if (kind === 1) return latin1(bytes);
    if (kind === 2) return utf16.decode(bytes.slice());
    const view = new DataView(bytes.slice().buffer);
    let text = '';
    for (let i = 0; i < length; i++) {
      const point = view.getUint32(i * 4, true);
      text += point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
    }
    return text;
  }
}

/** Latin-1 decoding without Buffer: the first 256 code points are the bytes themselves. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
