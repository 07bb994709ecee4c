// The tracebacks of tracemalloc as columns: each a run of frames, a frame a file and a line. Equal tracebacks are one
// structure in the interpreter already; what is read once is known by its address.

import type { ProblemLog } from '../../base/problems.ts';
import type { Address } from '../../graph/heap-graph.ts';
import type { Layout } from '../layout.ts';
import { NO_FIELD } from '../layout.ts';
import type { MemoryImage } from '../memory-image.ts';
import { StringReader } from '../python-string.ts';
import { writableBytes } from '../writable-spans.ts';
import { AddressIndex } from './address-index.ts';

/** Frames of traceback `t`, the most recent call first: `firstFrame[t]` up to `firstFrame[t + 1]`. */
export interface Tracebacks {
  readonly count: number;
  /** Of the interpreter's structure, which stays while anything is traced. */
  readonly addresses: Float64Array;
  readonly firstFrame: Uint32Array;
  /** How deep the stack was, of which the frames are the innermost: the number of frames where it is not told (3.8). */
  readonly depths: Uint32Array;
  /** By frame: index into `fileNames`. */
  readonly files: Uint32Array;
  readonly lines: Uint32Array;
  /** Different from each other. */
  readonly fileNames: readonly string[];
}

export const NO_TRACEBACK = 0xffffffff;

/** UINT16_MAX since 3.9; 3.8 allows more, which no program can bear. */
const FRAMES_LIMIT = 65535;
const FILE_NAME_LIMIT = 4096;
/** Programs have some thousands: more is forged, and names are read one by one. */
const FILES_LIMIT = 200_000;
const UNREADABLE_FILE = '<unreadable>';
/** Since this version frames may hold C strings instead of str objects. */
const C_STRING_MINOR = 15;
const FIRST_CAPACITY = 1 << 10;

export class TracebackReader {
  readonly #image: MemoryImage;
  readonly #problems: ProblemLog;
  readonly #strings: StringReader;
  readonly #layout: Layout;
  readonly #depth: number;
  readonly #frameCount: number;
  readonly #frames: number;
  readonly #frameSize: number;
  readonly #fileName: number;
  readonly #line: number;
  /** No more frames than fit into the memory, however often forged tracebacks share them. */
  readonly #framesLimit: number;
  readonly #known = new AddressIndex();
  /** By number of `#known`: traceback, or NO_TRACEBACK where it could not be read. */
  #indexes = new Uint32Array(FIRST_CAPACITY);
  #count = 0;
  #addresses = new Float64Array(FIRST_CAPACITY);
  #firstFrame = new Uint32Array(FIRST_CAPACITY);
  #depths = new Uint32Array(FIRST_CAPACITY);
  #files = new Uint32Array(FIRST_CAPACITY);
  #lines = new Uint32Array(FIRST_CAPACITY);
  #frameTotal = 0;
  readonly #fileByAddress = new Map<Address, number>();
  readonly #fileByName = new Map<string, number>();

  constructor(image: MemoryImage, layout: Layout, problems: ProblemLog) {
    this.#image = image;
    this.#problems = problems;
    this.#layout = layout;
    this.#strings = new StringReader(image, layout, 0);
    this.#frameCount = layout.need('traceback_t.nframe');
    this.#depth = layout.at('traceback_t.total_nframe');
    this.#frames = layout.need('traceback_t.frames');
    this.#frameSize = layout.sizeof('frame_t');
    this.#fileName = layout.need('frame_t.filename');
    this.#line = layout.need('frame_t.lineno');
    this.#framesLimit = writableBytes(image.regions) / this.#frameSize;
  }

  /** The index of the traceback at `address`, read at its first use; NO_TRACEBACK where there is none. */
  indexOf(address: Address): number {
    if (address === 0) return NO_TRACEBACK;
    const before = this.#known.count;
    const number = this.#known.numberOf(address);
    if (number < before) return this.#indexes[number]!;
    const index = this.#read(address);
    this.#indexes = withRoom(this.#indexes, number);
    this.#indexes[number] = index;
    return index;
  }

  finish(): Tracebacks {
    this.#firstFrame = withRoom(this.#firstFrame, this.#count);
    this.#firstFrame[this.#count] = this.#frameTotal;
    return {
      count: this.#count,
      addresses: this.#addresses.slice(0, this.#count),
      firstFrame: this.#firstFrame.slice(0, this.#count + 1),
      depths: this.#depths.slice(0, this.#count),
      files: this.#files.slice(0, this.#frameTotal),
      lines: this.#lines.slice(0, this.#frameTotal),
      fileNames: [...this.#fileByName.keys()],
    };
  }

  #read(address: Address): number {
    const image = this.#image;
    const frameCount =
      this.#depth === NO_FIELD ? image.u32(address + this.#frameCount) : image.u16(address + this.#frameCount);
    const from = address + this.#frames;
    if (
      frameCount === 0 ||
      frameCount > FRAMES_LIMIT ||
      image.bytes(from, frameCount * this.#frameSize) === undefined
    ) {
      return NO_TRACEBACK;
    }
    if (this.#frameTotal + frameCount > this.#framesLimit) {
      this.#problems.addAt('trace-frames', 'tracebacks have more frames than there is memory', address);
      return NO_TRACEBACK;
    }
    const index = this.#count++;
    this.#addresses = withRoom(this.#addresses, index);
    this.#addresses[index] = address;
    this.#firstFrame = withRoom(this.#firstFrame, index);
    this.#depths = withRoom(this.#depths, index);
    this.#firstFrame[index] = this.#frameTotal;
    this.#depths[index] =
      this.#depth === NO_FIELD ? frameCount : Math.max(frameCount, image.u16(address + this.#depth));
    this.#files = withRoom(this.#files, this.#frameTotal + frameCount);
    this.#lines = withRoom(this.#lines, this.#frameTotal + frameCount);
    for (let i = 0; i < frameCount; i++) {
      const frame = from + i * this.#frameSize;
      this.#files[this.#frameTotal] = this.#fileAt(image.pointer(frame + this.#fileName));
      this.#lines[this.#frameTotal++] = image.u32(frame + this.#line);
    }
    return index;
  }

  #fileAt(address: Address): number {
    const known = this.#fileByAddress.get(address);
    if (known !== undefined) return known;
    const isFull = this.#fileByAddress.size >= FILES_LIMIT;
    const name = isFull ? undefined : this.#readFileName(address);
    if (name === undefined) {
      this.#problems.addAt('trace-file-name', 'the file name of a frame could not be read', address);
    }
    const file = numberOf(this.#fileByName, name ?? UNREADABLE_FILE);
    if (!isFull) this.#fileByAddress.set(address, file);
    return file;
  }

  #readFileName(address: Address): string | undefined {
    if (this.#layout.minor >= C_STRING_MINOR && !this.#isString(address)) {
      return this.#image.cString(address, FILE_NAME_LIMIT);
    }
    return this.#strings.read(address, FILE_NAME_LIMIT);
  }

  #isString(address: Address): boolean {
    const type = this.#image.pointer(address + this.#layout.need('PyObject.ob_type'));
    if (type === 0) return false;
    return this.#image.cString(this.#image.pointer(type + this.#layout.need('PyTypeObject.tp_name')), 4) === 'str';
  }
}

function numberOf(numbers: Map<string, number>, name: string): number {
  const known = numbers.get(name);
  if (known !== undefined) return known;
  numbers.set(name, numbers.size);
  return numbers.size - 1;
}

/** The array, or a larger copy that has a place `index`. */
function withRoom<T extends Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>>(array: T, index: number): T {
  if (index < array.length) return array;
  const larger = new (array.constructor as new (length: number) => T)(Math.max(index + 1, array.length * 2));
  larger.set(array);
  return larger;
}
