// A minimal ELF64 little-endian reader: symbols by name, sections by name, build-id. Nothing about relocations.
// Offsets and sizes come from a file that anyone may have written: each is checked, and what is absurd is left out.
// Format: System V ABI, chapters "ELF Header", "Sections", "Symbol Table", "Program Header", "Dynamic Section".

import type { ProblemLog } from '../base/problems.ts';

/** Bytes of an ELF file, or of its image in memory. */
export interface ElfSource {
  /** Bytes at a file offset; undefined beyond the end. From memory only the first page can be had: the headers. */
  readFile(offset: number, length: number): Uint8Array | undefined;
  /** Bytes at a link-time address when the image is read from memory; undefined to go through the load segments. */
  readVirtual?(address: number, length: number): Uint8Array | undefined;
  /** Added to link-time addresses in the image's own dynamic section: the loader relocates it in place. */
  readonly dynamicBias?: number;
}

export interface ElfSegment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
}

export interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly address: number;
  readonly offset: number;
  readonly sizeBytes: number;
  /** Index of the associated section: for a symbol table, its strings. */
  readonly link: number;
}

export interface ElfSymbol {
  /** Link-time address. */
  readonly address: number;
  readonly sizeBytes: number;
  readonly global: boolean;
}

export interface ElfFile {
  readonly source: ElfSource;
  /** `e_machine`. */
  readonly machine: number;
  /** `e_type`: 2 executable at a fixed address, 3 shared object or position-independent executable. */
  readonly type: number;
  readonly segments: readonly ElfSegment[];
  readonly sections: readonly ElfSection[];
}

export const MACHINE_X86_64 = 62;
export const MACHINE_AARCH64 = 183;

/** `e_machine` of the programs that run here. */
export function hostMachine(): number {
  return process.arch === 'arm64' ? MACHINE_AARCH64 : MACHINE_X86_64;
}

const HEADER_BYTES = 64;
const SEGMENT_BYTES = 56;
const SECTION_BYTES = 64;
const SYMBOL_BYTES = 24;
/** e_phnum is 16 bits and 0xffff escapes to section 0; no real file comes near. */
const MAX_SEGMENTS = 1024;
/** Builds with -ffunction-sections have thousands; linked ones some dozens. */
const MAX_SECTIONS = 8192;
/** 2.8 million symbols: more than any CPython, or browser, exports. */
const MAX_TABLE_BYTES = 64 << 20;
const MAX_NOTES_BYTES = 1 << 16;

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_NOTE = 4;
const SHT_SYMTAB = 2;
const SHT_NOTE = 7;
const SHT_NOBITS = 8;
const SHT_DYNSYM = 11;

/** Parses headers only. Undefined when this is not ELF64 little-endian or its headers make no sense. */
export function parseElf(source: ElfSource, problems?: ProblemLog): ElfFile | undefined {
  const header = source.readFile(0, HEADER_BYTES);
  if (header === undefined || header.length < HEADER_BYTES) return undefined;
  const view = viewOf(header);
  // 0x7f 'E' 'L' 'F', ELFCLASS64, ELFDATA2LSB.
  if (view.getUint32(0, false) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return undefined;
  const segments = readSegments(source, number64(view, 32), view.getUint16(54, true), view.getUint16(56, true));
  if (segments === undefined) {
    problems?.add('elf-malformed', 'a mapped ELF file has program headers outside the file');
    return undefined;
  }
  return {
    source,
    machine: view.getUint16(18, true),
    type: view.getUint16(16, true),
    segments,
    sections: readSections(source, view, problems),
  };
}

/** The first section with this name, or undefined (also when section headers were stripped). */
export function elfSection(elf: ElfFile, name: string): ElfSection | undefined {
  return elf.sections.find((section) => section.name === name);
}

/** Lowest load address rounded down to a page: what the file's first mapped byte was linked at. */
export function elfBaseAddress(elf: ElfFile): number | undefined {
  let base: number | undefined;
  for (const segment of elf.segments) {
    if (segment.type === PT_LOAD && (base === undefined || segment.address < base)) base = segment.address;
  }
  return base === undefined ? undefined : base - (base % 4096);
}

/** `length` bytes at a link-time address, or undefined where the file has none (as in .bss). */
export function readElfVirtual(elf: ElfFile, address: number, length: number): Uint8Array | undefined {
  if (elf.source.readVirtual !== undefined) return exactly(elf.source.readVirtual(address, length), length);
  for (const segment of elf.segments) {
    if (segment.type !== PT_LOAD || address < segment.address) continue;
    if (address + length > segment.address + segment.fileBytes) continue;
    return exactly(elf.source.readFile(segment.offset + (address - segment.address), length), length);
  }
  return undefined;
}

/** The GNU build-id in hexadecimal, or undefined. Found by sections, or without them (from memory) by PT_NOTE. */
export function elfBuildId(elf: ElfFile): string | undefined {
  for (const section of elf.sections) {
    if (section.type !== SHT_NOTE) continue;
    const id = buildIdInNotes(elf.source, section.offset, section.sizeBytes);
    if (id !== undefined) return id;
  }
  for (const segment of elf.segments) {
    if (segment.type !== PT_NOTE) continue;
    const id = buildIdInNotes(elf.source, segment.offset, segment.fileBytes);
    if (id !== undefined) return id;
  }
  return undefined;
}

function buildIdInNotes(source: ElfSource, offset: number, length: number): string | undefined {
  const notes = length > MAX_NOTES_BYTES ? undefined : source.readFile(offset, length);
  if (notes === undefined) return undefined;
  const view = viewOf(notes);
  for (let at = 0; at + 16 <= notes.length; ) {
    const nameBytes = view.getUint32(at, true);
    const idBytes = view.getUint32(at + 4, true);
    const idAt = at + 12 + align4(nameBytes);
    if (idAt + idBytes > notes.length) return undefined;
    // Type 3 of the name "GNU\0" is NT_GNU_BUILD_ID.
    const isBuildId =
      nameBytes === 4 && view.getUint32(at + 8, true) === 3 && view.getUint32(at + 12, false) === 0x474e5500;
    if (isBuildId && idBytes > 0) return Buffer.from(notes.subarray(idAt, idAt + idBytes)).toString('hex');
    at = idAt + align4(idBytes);
  }
  return undefined;
}

function align4(length: number): number {
  return Math.ceil(length / 4) * 4;
}

/** Which tables to search: `dynamic` is what the loader sees, `all` adds the static table that `strip` removes. */
export type SymbolScope = 'dynamic' | 'all';

/**
 * The definitions of `names`. Dynamic symbols win over static ones, global over local; of several local symbols with
 * one name (a C `static` in several files) none can be trusted, and the name is left out.
 */
export function findElfSymbols(
  elf: ElfFile,
  names: readonly string[],
  scope: SymbolScope,
  problems?: ProblemLog,
): Map<string, ElfSymbol> {
  const found = new Map<string, ElfSymbol>();
  const dynamic = elf.sections.find((section) => section.type === SHT_DYNSYM);
  if (dynamic !== undefined) searchSection(elf, dynamic, names, found, problems);
  else searchDynamicSegment(elf, names, found, problems);
  if (scope === 'all') {
    const missing = names.filter((name) => !found.has(name));
    const symtab = elf.sections.find((section) => section.type === SHT_SYMTAB);
    if (symtab !== undefined && missing.length > 0) searchSection(elf, symtab, missing, found, problems);
  }
  return found;
}

function readSegments(source: ElfSource, at: number, entryBytes: number, count: number): ElfSegment[] | undefined {
  if (entryBytes !== SEGMENT_BYTES || count > MAX_SEGMENTS) return undefined;
  const bytes = source.readFile(at, count * SEGMENT_BYTES);
  if (bytes === undefined || bytes.length < count * SEGMENT_BYTES) return undefined;
  const view = viewOf(bytes);
  const segments: ElfSegment[] = [];
  for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) {
    segments.push({
      type: view.getUint32(at, true),
      offset: number64(view, at + 8),
      address: number64(view, at + 16),
      fileBytes: number64(view, at + 32),
      memoryBytes: number64(view, at + 40),
    });
  }
  return segments;
}

/** Section headers are optional at run time: when they are absent or absurd the file is read without them. */
function readSections(source: ElfSource, header: DataView, problems: ProblemLog | undefined): ElfSection[] {
  const at = number64(header, 40);
  const count = header.getUint16(60, true);
  const namesIndex = header.getUint16(62, true);
  if (at === 0 || count === 0) return [];
  if (header.getUint16(58, true) !== SECTION_BYTES || count > MAX_SECTIONS || namesIndex >= count) {
    problems?.add('elf-malformed', 'a mapped ELF file has a section table that makes no sense');
    return [];
  }
  const bytes = source.readFile(at, count * SECTION_BYTES);
  if (bytes === undefined || bytes.length < count * SECTION_BYTES) return [];
  const view = viewOf(bytes);
  const namesAt = namesIndex * SECTION_BYTES;
  const names = readTable(source, number64(view, namesAt + 24), number64(view, namesAt + 32), problems);
  const sections: ElfSection[] = [];
  for (let at = 0; at < bytes.length; at += SECTION_BYTES) {
    sections.push({
      name: names === undefined ? '' : stringAt(names, view.getUint32(at, true)),
      type: view.getUint32(at + 4, true),
      address: number64(view, at + 16),
      offset: number64(view, at + 24),
      sizeBytes: number64(view, at + 32),
      link: view.getUint32(at + 40, true),
    });
  }
  return sections;
}

function searchSection(
  elf: ElfFile,
  table: ElfSection,
  names: readonly string[],
  found: Map<string, ElfSymbol>,
  problems: ProblemLog | undefined,
): void {
  const strings = elf.sections[table.link];
  // A separate debug file keeps the headers of what it left out as NOBITS.
  if (strings === undefined || table.type === SHT_NOBITS || strings.type === SHT_NOBITS) return;
  const stringBytes = readTable(elf.source, strings.offset, strings.sizeBytes, problems);
  if (stringBytes === undefined) return;
  const wanted = nameOffsets(stringBytes, names);
  // Most files define none of the names: then the symbols need not even be read.
  if (wanted.size === 0) return;
  const symbolBytes = readTable(elf.source, table.offset, table.sizeBytes, problems);
  if (symbolBytes !== undefined) matchSymbols(symbolBytes, wanted, found, problems);
}

/** Without section headers: DT_SYMTAB, DT_STRTAB and the hash table, which alone tells how many symbols there are. */
function searchDynamicSegment(
  elf: ElfFile,
  names: readonly string[],
  found: Map<string, ElfSymbol>,
  problems: ProblemLog | undefined,
): void {
  const segment = elf.segments.find((s) => s.type === PT_DYNAMIC);
  if (segment === undefined || segment.memoryBytes > 1 << 16) return;
  const entries = readElfVirtual(elf, segment.address, segment.memoryBytes - (segment.memoryBytes % 16));
  if (entries === undefined) return;
  const view = viewOf(entries);
  const tags = new Map<number, number>();
  for (let at = 0; at + 16 <= entries.length; at += 16) {
    const tag = number64(view, at);
    if (tag === 0) break;
    tags.set(tag, number64(view, at + 8));
  }
  const bias = elf.source.dynamicBias ?? 0;
  const addressOf = (tag: number): number | undefined => {
    const value = tags.get(tag);
    return value === undefined ? undefined : bias !== 0 && value >= bias ? value - bias : value;
  };
  const strings = addressOf(5);
  const symbols = addressOf(6);
  const stringsBytes = tags.get(10);
  if (strings === undefined || symbols === undefined || stringsBytes === undefined) return;
  if (stringsBytes > MAX_TABLE_BYTES) {
    problems?.add('elf-too-large', 'a mapped ELF file has a string table too large to read');
    return;
  }
  const count = countByGnuHash(elf, addressOf(0x6ffffef5)) ?? countByHash(elf, addressOf(4));
  if (count === undefined || count * SYMBOL_BYTES > MAX_TABLE_BYTES) return;
  const stringBytes = readElfVirtual(elf, strings, stringsBytes);
  const symbolBytes = readElfVirtual(elf, symbols, count * SYMBOL_BYTES);
  if (stringBytes === undefined || symbolBytes === undefined) return;
  matchSymbols(symbolBytes, nameOffsets(stringBytes, names), found, problems);
}

/** DT_HASH: the second word is the number of symbols. */
function countByHash(elf: ElfFile, address: number | undefined): number | undefined {
  const head = address === undefined ? undefined : readElfVirtual(elf, address, 8);
  return head === undefined ? undefined : viewOf(head).getUint32(4, true);
}

/** DT_GNU_HASH tells the count indirectly: the last chain, followed to the entry whose low bit ends it. */
function countByGnuHash(elf: ElfFile, address: number | undefined): number | undefined {
  const head = address === undefined ? undefined : readElfVirtual(elf, address, 16);
  if (head === undefined || address === undefined) return undefined;
  const view = viewOf(head);
  const bucketCount = view.getUint32(0, true);
  const firstHashed = view.getUint32(4, true);
  const bloomWords = view.getUint32(8, true);
  if (bucketCount > MAX_TABLE_BYTES / 4 || bloomWords > MAX_TABLE_BYTES / 8) return undefined;
  const bucketsAt = address + 16 + bloomWords * 8;
  const buckets = readElfVirtual(elf, bucketsAt, bucketCount * 4);
  if (buckets === undefined) return undefined;
  const bucketView = viewOf(buckets);
  let last = 0;
  for (let i = 0; i < bucketCount; i++) last = Math.max(last, bucketView.getUint32(i * 4, true));
  if (last < firstHashed) return firstHashed;
  const chainsAt = bucketsAt + bucketCount * 4;
  for (let index = last; index < MAX_TABLE_BYTES / SYMBOL_BYTES; index++) {
    const link = readElfVirtual(elf, chainsAt + (index - firstHashed) * 4, 4);
    if (link === undefined) return undefined;
    if ((link[0]! & 1) !== 0) return index + 1;
  }
  return undefined;
}

/**
 * Every offset in a string table where one of `names` can start. Linkers share tails (`arenas` inside `maxarenas`),
 * so a name need not follow a NUL.
 */
function nameOffsets(strings: Uint8Array, names: readonly string[]): Map<number, string> {
  const haystack = Buffer.from(strings.buffer, strings.byteOffset, strings.byteLength);
  const offsets = new Map<number, string>();
  for (const name of names) {
    const needle = Buffer.from(`${name}\0`, 'latin1');
    for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, at + 1)) offsets.set(at, name);
  }
  return offsets;
}

function matchSymbols(
  bytes: Uint8Array,
  wanted: ReadonlyMap<number, string>,
  found: Map<string, ElfSymbol>,
  problems: ProblemLog | undefined,
): void {
  if (wanted.size === 0) return;
  const view = viewOf(bytes);
  const ambiguous = new Set<string>();
  for (let at = 0; at + SYMBOL_BYTES <= bytes.length; at += SYMBOL_BYTES) {
    const name = wanted.get(view.getUint32(at, true));
    if (name === undefined) continue;
    const info = bytes[at + 4]!;
    const sectionIndex = view.getUint16(at + 6, true);
    // STT_NOTYPE, STT_OBJECT and STT_FUNC are addresses; SHN_UNDEF is an import, SHN_ABS no address.
    if ((info & 15) > 2 || sectionIndex === 0 || sectionIndex === 0xfff1) continue;
    const symbol = { address: number64(view, at + 8), sizeBytes: number64(view, at + 16), global: info >>> 4 !== 0 };
    const known = found.get(name);
    if (known === undefined || (symbol.global && !known.global)) {
      found.set(name, symbol);
      ambiguous.delete(name);
    } else if (!symbol.global && !known.global && symbol.address !== known.address) ambiguous.add(name);
  }
  for (const name of ambiguous) {
    found.delete(name);
    problems?.add('elf-ambiguous-symbol', 'several local symbols share a name', name);
  }
}

function readTable(source: ElfSource, offset: number, length: number, problems: ProblemLog | undefined) {
  if (length > MAX_TABLE_BYTES) {
    problems?.add('elf-too-large', 'a mapped ELF file has a table too large to read');
    return undefined;
  }
  return exactly(source.readFile(offset, length), length);
}

function exactly(bytes: Uint8Array | undefined, length: number): Uint8Array | undefined {
  return bytes !== undefined && bytes.length >= length ? bytes : undefined;
}

function stringAt(strings: Uint8Array, at: number): string {
  if (at >= strings.length) return '';
  const end = strings.indexOf(0, at);
  return Buffer.from(strings.buffer, strings.byteOffset + at, (end < 0 ? strings.length : end) - at).toString('latin1');
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An unsigned 64-bit field; values of 2^53 and more are inexact, and absurd wherever they are used. */
function number64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;
}
