// The command line of a process in a core file, from the stack where the kernel put it. NT_PRPSINFO has only its first
// 80 bytes. Words may hold secrets: they are for application-name.ts, which shows none.

import type { MemoryImage } from '../cpython/memory-image.ts';
import type { Address } from '../graph/heap-graph.ts';
import type { CoreNotes } from './core-notes.ts';
import type { MappedRegion } from './memory-maps.ts';

const MAX_WORDS = 4096;
const MAX_WORD_BYTES = 4096;
const MAX_ENVIRONMENT = 65_536;
/** NT_PRPSINFO's room for the command line, and its closing NUL. */
const NOTED_BYTES = 79;
/** Entries of an auxiliary vector: some twenty, of types below this. */
const MAX_VECTOR = 256;
const MAX_ENTRY_TYPE = 1024;
/** 16 random bytes that the kernel put on the stack. */
const AT_RANDOM = 25;
/** AT_EXECFN: the path the program was started by. */
const AT_EXECFN = 31;

/** The words of the command line as far as they are known. */
export function coreCommandLine(regions: readonly MappedRegion[], image: MemoryImage, notes: CoreNotes): string[] {
  return wordsOnStack(regions, image, notes) ?? notedWords(notes);
}

/** The executable's path as it was started; undefined where the core does not tell. */
export function coreExecutable(image: MemoryImage, notes: CoreNotes): string | undefined {
  const at = notes.auxv.get(AT_EXECFN);
  return at === undefined ? undefined : image.cString(at, MAX_WORD_BYTES);
}

/** A program starts with argc, argv, a null, the environment, a null and the auxiliary vector on its stack. */
function wordsOnStack(regions: readonly MappedRegion[], image: MemoryImage, notes: CoreNotes): string[] | undefined {
  const vectorAt = findVector(regions, image, notes);
  if (vectorAt === undefined) return undefined;
  let at = vectorAt - 8;
  if (image.u64(at) !== 0) return undefined;
  for (let i = 0; i < MAX_ENVIRONMENT && image.pointer(at - 8) !== 0; i++) at -= 8;
  at -= 8;
  const words: string[] = [];
  for (at -= 8; words.length < MAX_WORDS; at -= 8) {
    const word = image.u64(at);
    // Reached from behind: a pointer to a word is never as small as the count of them.
    if (word === words.length) return words.length === 0 ? undefined : words;
    const text = image.cString(word, MAX_WORD_BYTES);
    if (text === undefined) return undefined;
    words.unshift(text);
  }
  return undefined;
}

/**
 * The auxiliary vector on the stack, by its entry AT_RANDOM. A dynamic loader that was started itself moves the vector
 * and changes other entries of it.
 */
function findVector(regions: readonly MappedRegion[], image: MemoryImage, notes: CoreNotes): Address | undefined {
  const stack = regions.find((region) => region.path === '[stack]');
  const random = notes.auxv.get(AT_RANDOM);
  if (stack === undefined || random === undefined) return undefined;
  const entry = Buffer.alloc(16);
  entry.writeUInt32LE(AT_RANDOM, 0);
  entry.writeBigUInt64LE(BigInt(random), 8);
  for (const segment of image.segments) {
    if (segment.start < stack.start || segment.start >= stack.end) continue;
    const memory = Buffer.from(segment.bytes.buffer, segment.bytes.byteOffset, segment.bytes.byteLength);
    const found = memory.lastIndexOf(entry);
    if (found < 0) continue;
    let at = segment.start + found;
    // Before the first entry lies a pointer into the environment, which is no type of an entry.
    for (let i = 0; i < MAX_VECTOR && image.u64(at - 16) > 0 && image.u64(at - 16) <= MAX_ENTRY_TYPE; i++) at -= 16;
    return at;
  }
  return undefined;
}

/** Split at spaces, as the kernel joined them; the last word may be cut off and then says nothing. */
function notedWords(notes: CoreNotes): string[] {
  const words = notes.commandLine.trim().split(' ');
  if (notes.commandLine.length >= NOTED_BYTES && words.length > 1) words.pop();
  return words.filter((word) => word !== '');
}
