// Reads a .heap file from a byte source. Trusts no length: what is claimed is checked against what is left of the
// input before memory is set aside for it, and every chunk against its checksum before it is decoded.

import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { CodecError, createColumn, decodeChunk } from './column-codec.ts';
import { damaged, notAHeapFile, truncated, unknownVersion } from './heap-errors.ts';
import {
  type ByteSource,
  CHUNK_BYTES_LIMIT,
  DEFLATE_RATIO_LIMIT,
  END_SECTION,
  HEAP_FILE_MAGIC,
  HEAP_FILE_VERSION,
  type HeapFile,
  type RawHeapFile,
  type SectionData,
  SectionEncoding,
} from './heap-file.ts';
import { assembleHeap } from './heap-validation.ts';
import { UPGRADERS, type Upgrader, upgradeHeap } from './upgrade.ts';

const inflate = promisify(inflateRaw);

/** Chunks the thread pool unpacks while the next are read. */
const CHUNKS_IN_FLIGHT = 4;
const CHUNK_HEADER_BYTES = 16;
/** More sections than this in one file are forged: the current version has 19. */
const SECTIONS_LIMIT = 256;

export interface ReadHeapOptions {
  /** Replaces the upgraders and the version they lead to; for their tests. */
  readonly upgraders?: ReadonlyMap<number, Upgrader>;
  readonly newestVersion?: number;
}

/** Reads, upgrades and validates. Throws E_HEAP_FILE naming the section that is damaged, or E_HEAP_VERSION. */
export async function readHeap(source: ByteSource, options: ReadHeapOptions = {}): Promise<HeapFile> {
  const newest = options.newestVersion ?? HEAP_FILE_VERSION;
  const raw = await readRawHeap(source, newest);
  return assembleHeap(upgradeHeap(raw, options.upgraders ?? UPGRADERS, newest));
}

/** Decodes all sections of a file of any version up to `newest`, in whatever order they stand. */
export async function readRawHeap(source: ByteSource, newest = HEAP_FILE_VERSION): Promise<RawHeapFile> {
  const input = new CheckedSource(source);
  const header = await input.tryRead(HEAP_FILE_MAGIC.length + 4);
  if (header === undefined || HEAP_FILE_MAGIC.some((byte, i) => header[i] !== byte)) throw notAHeapFile();
  const version = viewOf(header).getUint32(HEAP_FILE_MAGIC.length, true);
  if (version > newest || version < 1) throw unknownVersion(version, newest);

  const sections = new Map<string, SectionData>();
  let previous = 'header';
  while (true) {
    const { name, encoding, count } = await readSectionHeader(input, previous);
    if (name === END_SECTION) break;
    if (sections.has(name)) throw damaged(name, 'it comes twice');
    if (sections.size >= SECTIONS_LIMIT) throw damaged(name, 'the file has too many sections');
    sections.set(name, await readSection(input, name, encoding, count));
    previous = name;
  }
  if (input.left > 0) throw damaged(END_SECTION, `${input.left} bytes follow it`);
  return { version, sections };
}

interface SectionHeader {
  readonly name: string;
  readonly encoding: SectionEncoding;
  readonly count: number;
}

const KNOWN_ENCODINGS: ReadonlySet<number> = new Set(Object.values(SectionEncoding));

async function readSectionHeader(input: CheckedSource, previous: string): Promise<SectionHeader> {
  const after = `after ${previous}`;
  const length = (await input.read(1, after))[0]!;
  const rest = await input.read(length + 9, after);
  const header = new Uint8Array(length + 10);
  header[0] = length;
  header.set(rest, 1);
  const view = viewOf(header);
  if (view.getUint32(length + 6, true) !== crc32(header.subarray(0, length + 6))) {
    throw damaged(after, 'its header does not match its checksum');
  }
  const name = new TextDecoder().decode(header.subarray(1, length + 1));
  const encoding = header[length + 1]!;
  if (!KNOWN_ENCODINGS.has(encoding)) throw damaged(name, `encoding ${encoding} is unknown`);
  return { name, encoding: encoding as SectionEncoding, count: view.getUint32(length + 2, true) };
}

async function readSection(
  input: CheckedSource,
  name: string,
  encoding: SectionEncoding,
  count: number,
): Promise<SectionData> {
  if (count > 0 && input.left < CHUNK_HEADER_BYTES) throw truncated(name);
  // Every element takes at least one encoded byte.
  if (count > input.left * DEFLATE_RATIO_LIMIT)
    throw damaged(name, `${count} entries cannot be in ${input.left} bytes`);
  let column: SectionData;
  try {
    column = createColumn(encoding, count);
  } catch (error) {
    throw error instanceof RangeError ? damaged(name, `${count} entries are more than this machine can hold`) : error;
  }
  const pending: { readonly start: number; readonly count: number; readonly bytes: Promise<Uint8Array> }[] = [];
  const decodeFirst = async (): Promise<void> => {
    const chunk = pending.shift()!;
    const bytes = await chunk.bytes;
    try {
      decodeChunk(bytes, encoding, column, chunk.start, chunk.count);
    } catch (error) {
      throw error instanceof CodecError ? damaged(name, error.message) : error;
    }
  };
  try {
    for (let start = 0; start < count; ) {
      const chunk = await readChunk(input, name, count - start);
      pending.push({ start, count: chunk.count, bytes: chunk.bytes });
      start += chunk.count;
      if (pending.length === CHUNKS_IN_FLIGHT) await decodeFirst();
    }
    while (pending.length > 0) await decodeFirst();
  } finally {
    await Promise.allSettled(pending.map((chunk) => chunk.bytes));
  }
  return column;
}

async function readChunk(
  input: CheckedSource,
  name: string,
  elementsLeft: number,
): Promise<{ readonly count: number; readonly bytes: Promise<Uint8Array> }> {
  const header = (await input.read(CHUNK_HEADER_BYTES, name)).slice();
  const view = viewOf(header);
  const count = view.getUint32(0, true);
  const encodedLength = view.getUint32(4, true);
  const storedLength = view.getUint32(8, true);
  if (count === 0 || count > elementsLeft) throw damaged(name, `a chunk claims ${count} of ${elementsLeft} entries`);
  if (encodedLength > CHUNK_BYTES_LIMIT || encodedLength > storedLength * DEFLATE_RATIO_LIMIT) {
    throw damaged(name, `a chunk claims ${encodedLength} bytes`);
  }
  if (count > encodedLength) throw damaged(name, `a chunk claims ${count} entries in ${encodedLength} bytes`);
  // Deflate never lengthens its input by more than five bytes per 16 KiB block, plus the last.
  if (storedLength > CHUNK_BYTES_LIMIT + (CHUNK_BYTES_LIMIT >>> 10)) {
    throw damaged(name, `a chunk claims ${storedLength} stored bytes`);
  }
  const stored = (await input.read(storedLength, name)).slice();
  if (view.getUint32(12, true) !== crc32(stored, crc32(header.subarray(0, 12)))) {
    throw damaged(name, 'a chunk does not match its checksum');
  }
  const bytes = unpack(stored, encodedLength, name);
  // Awaited later: until then a failure must not count as unhandled.
  bytes.catch(() => {});
  return { count, bytes };
}

async function unpack(stored: Uint8Array, encodedLength: number, name: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await inflate(stored, { maxOutputLength: encodedLength });
  } catch (error) {
    throw damaged(name, `a chunk cannot be unpacked (${error instanceof Error ? error.message : 'unknown'})`);
  }
  if (bytes.length !== encodedLength) {
    throw damaged(name, `a chunk unpacks to ${bytes.length} instead of ${encodedLength} bytes`);
  }
  return bytes;
}

/** A source that knows how much is left, and reads all or fails. */
class CheckedSource {
  left: number;
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    this.#source = source;
    this.left = source.size;
  }

  async tryRead(length: number): Promise<Uint8Array | undefined> {
    if (length > this.left) return undefined;
    const bytes = await this.#source.read(length);
    this.left -= length;
    return bytes.length === length ? bytes : undefined;
  }

  async read(length: number, section: string): Promise<Uint8Array> {
    const bytes = await this.tryRead(length);
    if (bytes === undefined) throw truncated(section);
    return bytes;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
