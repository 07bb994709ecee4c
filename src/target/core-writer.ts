// Writes the copy of a process as an ELF core file that gdb and readelf open too. Absent pages are holes in the file.
// A core holds every value of the process, by its nature; its notes hold none: of the command line only the program.

import type { FileHandle } from 'node:fs/promises';
import { throwIfCancelled } from '../base/errors.ts';
import { replaceFile } from '../base/replaced-file.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import { CAPTURE_NOTE_NAME, CAPTURE_NOTE_TYPE } from './capture-note.ts';
import type { CorePiece } from './core-layout.ts';
import {
  align4,
  NT_AUXV,
  NT_FILE,
  NT_PRPSINFO,
  NT_PRSTATUS,
  PRPSINFO,
  PRSTATUS_PID,
  PRSTATUS_REGISTERS,
  REGISTERS,
} from './core-notes.ts';
import { MACHINE_AARCH64 } from './elf.ts';
import type { MappedRegion } from './memory-maps.ts';
import { PAGE_BYTES, type ProcessMemory, READ_BYTES } from './process-memory.ts';
import type { ThreadRegisters } from './thread-registers.ts';

export interface CoreToWrite {
  /** `e_machine`. */
  readonly machine: number;
  readonly pieces: readonly CorePiece[];
  readonly regions: readonly MappedRegion[];
  /** The copy. */
  readonly image: MemoryImage;
  /** Where constants are read from. */
  readonly memory: Pick<ProcessMemory, 'read'>;
  readonly pid: number;
  readonly parentPid: number;
  readonly uid: number;
  readonly comm: string;
  readonly threads: readonly ThreadRegisters[];
  readonly auxv: Uint8Array;
  /** Encoded note of our own: capture-note.ts. */
  readonly note: Uint8Array;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((fraction: number) => void) | undefined;
}

export interface WrittenCore {
  /** Length of the file, holes included. */
  readonly fileBytes: number;
  /** Bytes written. */
  readonly writtenBytes: number;
}

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const SECTION_HEADER_BYTES = 64;
const PN_XNUM = 0xffff;
const ZEROS = Buffer.alloc(READ_BYTES);

/** Replaces `path` by the core in one step, readable by its owner only. Throws E_FILE_WRITE or E_CANCELLED. */
export async function writeCore(path: string, core: CoreToWrite): Promise<WrittenCore> {
  return replaceFile(path, (file) => new CoreWriter(file, core).run());
}

class CoreWriter {
  readonly #file: FileHandle;
  readonly #core: CoreToWrite;
  #written = 0;

  constructor(file: FileHandle, core: CoreToWrite) {
    this.#file = file;
    this.#core = core;
  }

  async run(): Promise<WrittenCore> {
    const { pieces } = this.#core;
    const notes = encodeNotes(this.#core);
    const count = pieces.length + 1;
    const notesAt = HEADER_BYTES + count * PROGRAM_HEADER_BYTES;
    let end = roundUp(notesAt + notes.length);
    const offsets = pieces.map((piece) => {
      const offset = end;
      end += roundUp(piece.fileBytes);
      return offset;
    });
    // More program headers than 16 bits count: their number goes into a section header at the end.
    const sectionAt = count >= PN_XNUM ? end : 0;
    const fileBytes = sectionAt === 0 ? end : end + SECTION_HEADER_BYTES;
    const headers = encodeHeaders(this.#core, offsets, { notesAt, notesBytes: notes.length, sectionAt });
    await this.#write(headers, 0);
    await this.#write(notes, notesAt);
    if (sectionAt !== 0) await this.#write(extendedCount(count), sectionAt);
    const total = pieces.reduce((sum, piece) => sum + piece.fileBytes, 0);
    let done = 0;
    for (const [i, piece] of pieces.entries()) {
      if (piece.fileBytes > 0) await this.#writePiece(piece, offsets[i]!);
      done += piece.fileBytes;
      this.#core.progress?.(done / total);
    }
    // The last pages may be a hole.
    await this.#file.truncate(fileBytes);
    return { fileBytes, writtenBytes: this.#written };
  }

  async #writePiece(piece: CorePiece, offset: number): Promise<void> {
    if (piece.source === 'memory') return this.#writeMemory(piece, offset);
    const { image } = this.#core;
    const end = piece.start + piece.fileBytes;
    let index = firstSegment(image, piece.start);
    for (let segment = image.segments[index]; segment !== undefined && segment.start < end; ) {
      for (let at = 0; at < segment.bytes.length; at += READ_BYTES) {
        const bytes = segment.bytes.subarray(at, Math.min(segment.bytes.length, at + READ_BYTES));
        await this.#writePages(bytes, offset + segment.start + at - piece.start);
      }
      segment = image.segments[++index];
    }
  }

  async #writeMemory(piece: CorePiece, offset: number): Promise<void> {
    const buffer = Buffer.alloc(Math.min(READ_BYTES, piece.fileBytes));
    for (let at = 0; at < piece.fileBytes; at += buffer.length) {
      const bytes = buffer.subarray(0, Math.min(buffer.length, piece.fileBytes - at));
      // Unreadable, or the process has ended: the reader then looks for the file.
      if (this.#core.memory.read(piece.start + at, bytes) > 0) await this.#writePages(bytes, offset + at);
    }
  }

  /** Writes the runs of pages that are not zero; the rest stays a hole. */
  async #writePages(bytes: Uint8Array, offset: number): Promise<void> {
    throwIfCancelled(this.#core.signal);
    const pages = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isZero = (at: number): boolean => {
      const end = Math.min(pages.length, at + PAGE_BYTES);
      return pages.compare(ZEROS, 0, end - at, at, end) === 0;
    };
    for (let at = 0; at < pages.length; ) {
      if (isZero(at)) {
        at += PAGE_BYTES;
        continue;
      }
      let end = at + PAGE_BYTES;
      while (end < pages.length && !isZero(end)) end += PAGE_BYTES;
      await this.#write(pages.subarray(at, Math.min(pages.length, end)), offset + at);
      at = end;
    }
  }

  async #write(bytes: Uint8Array, offset: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, offset + at);
      at += bytesWritten;
    }
    this.#written += bytes.length;
  }
}

/** Index of the first segment at or after `address`. */
function firstSegment(image: MemoryImage, address: number): number {
  let low = 0;
  let high = image.segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (image.segments[middle]!.start < address) low = middle + 1;
    else high = middle;
  }
  return low;
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}

function encodeHeaders(
  core: CoreToWrite,
  offsets: readonly number[],
  at: { readonly notesAt: number; readonly notesBytes: number; readonly sectionAt: number },
): Buffer {
  const count = core.pieces.length + 1;
  const bytes = Buffer.alloc(at.notesAt);
  // ELFCLASS64, ELFDATA2LSB, EV_CURRENT; then ET_CORE, the machine, EV_CURRENT.
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0);
  bytes.writeUInt16LE(4, 16);
  bytes.writeUInt16LE(core.machine, 18);
  bytes.writeUInt32LE(1, 20);
  writeU64(bytes, 32, HEADER_BYTES);
  writeU64(bytes, 40, at.sectionAt);
  bytes.writeUInt16LE(HEADER_BYTES, 52);
  bytes.writeUInt16LE(PROGRAM_HEADER_BYTES, 54);
  bytes.writeUInt16LE(Math.min(count, PN_XNUM), 56);
  if (at.sectionAt !== 0) {
    bytes.writeUInt16LE(SECTION_HEADER_BYTES, 58);
    bytes.writeUInt16LE(1, 60);
  }
  // PT_NOTE.
  bytes.writeUInt32LE(4, HEADER_BYTES);
  writeU64(bytes, HEADER_BYTES + 8, at.notesAt);
  writeU64(bytes, HEADER_BYTES + 32, at.notesBytes);
  writeU64(bytes, HEADER_BYTES + 48, 4);
  for (const [i, piece] of core.pieces.entries()) {
    const header = HEADER_BYTES + (i + 1) * PROGRAM_HEADER_BYTES;
    const { readable, writable, executable } = piece.region;
    // PT_LOAD, and the rights as the kernel writes them.
    bytes.writeUInt32LE(1, header);
    bytes.writeUInt32LE((readable ? 4 : 0) | (writable ? 2 : 0) | (executable ? 1 : 0), header + 4);
    writeU64(bytes, header + 8, offsets[i]!);
    writeU64(bytes, header + 16, piece.start);
    writeU64(bytes, header + 32, piece.fileBytes);
    writeU64(bytes, header + 40, piece.memoryBytes);
    writeU64(bytes, header + 48, PAGE_BYTES);
  }
  return bytes;
}

/** A null section header whose sh_info is the number of program headers. */
function extendedCount(count: number): Buffer {
  const section = Buffer.alloc(SECTION_HEADER_BYTES);
  section.writeUInt32LE(count, 44);
  return section;
}

function encodeNotes(core: CoreToWrite): Buffer {
  const statuses = core.threads.map((thread) => encodeNote('CORE', NT_PRSTATUS, threadStatus(core, thread)));
  return Buffer.concat([
    ...statuses.slice(0, 1),
    encodeNote('CORE', NT_PRPSINFO, processInfo(core)),
    encodeNote('CORE', NT_AUXV, core.auxv),
    encodeNote('CORE', NT_FILE, fileTable(core.regions)),
    ...statuses.slice(1),
    encodeNote(CAPTURE_NOTE_NAME, CAPTURE_NOTE_TYPE, core.note),
  ]);
}

function encodeNote(name: string, type: number, contents: Uint8Array): Buffer {
  const nameBytes = name.length + 1;
  const contentsAt = 12 + align4(nameBytes);
  const note = Buffer.alloc(contentsAt + align4(contents.length));
  note.writeUInt32LE(nameBytes, 0);
  note.writeUInt32LE(contents.length, 4);
  note.writeUInt32LE(type, 8);
  note.write(name, 12, 'latin1');
  note.set(contents, contentsAt);
  return note;
}

/** elf_prstatus: of the registers only those that are known. */
function threadStatus(core: CoreToWrite, thread: ThreadRegisters): Buffer {
  const registers = core.machine === MACHINE_AARCH64 ? REGISTERS.aarch64 : REGISTERS.x86;
  const status = Buffer.alloc(PRSTATUS_REGISTERS + registers.count * 8 + 8);
  status.writeUInt32LE(thread.tid, PRSTATUS_PID);
  status.writeUInt32LE(core.parentPid, PRSTATUS_PID + 4);
  status.writeUInt32LE(core.pid, PRSTATUS_PID + 8);
  status.writeUInt32LE(core.pid, PRSTATUS_PID + 12);
  writeU64(status, PRSTATUS_REGISTERS + registers.stack * 8, thread.stackPointer);
  writeU64(status, PRSTATUS_REGISTERS + registers.instruction * 8, thread.instructionPointer);
  return status;
}

/** elf_prpsinfo: the arguments are left out, they may hold secrets. */
function processInfo(core: CoreToWrite): Buffer {
  const info = Buffer.alloc(PRPSINFO.sizeBytes);
  info.write('S', 1, 'latin1');
  info.writeUInt32LE(core.uid >>> 0, 16);
  info.writeUInt32LE(core.pid, PRPSINFO.pid);
  info.writeUInt32LE(core.parentPid, PRPSINFO.pid + 4);
  info.write(core.comm, PRPSINFO.comm, 15);
  info.write(core.comm, PRPSINFO.arguments, 15);
  return info;
}

/** NT_FILE in units of PAGE_BYTES. */
function fileTable(regions: readonly MappedRegion[]): Buffer {
  const mapped = regions.filter((region) => region.fileId !== '' && region.path.startsWith('/'));
  const table = Buffer.alloc(16 + mapped.length * 24);
  writeU64(table, 0, mapped.length);
  writeU64(table, 8, PAGE_BYTES);
  for (const [i, region] of mapped.entries()) {
    writeU64(table, 16 + i * 24, region.start);
    writeU64(table, 24 + i * 24, region.end);
    writeU64(table, 32 + i * 24, region.offset / PAGE_BYTES);
  }
  const paths = mapped.map((region) => `${region.path}${region.deleted ? ' (deleted)' : ''}\0`).join('');
  return Buffer.concat([table, Buffer.from(paths)]);
}

function writeU64(bytes: Buffer, at: number, value: number): void {
  bytes.writeBigUInt64LE(BigInt(value), at);
}
