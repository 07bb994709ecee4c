// The notes of an ELF core file: threads, the process's name, its mapped files, its auxiliary vector, and our own note.
// Layouts: elf_prstatus, elf_prpsinfo and the NT_FILE format of Linux (include/linux/elfcore.h, fs/binfmt_elf.c).

import type { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import { CAPTURE_NOTE_NAME, CAPTURE_NOTE_TYPE } from './capture-note.ts';
import { number64, viewOf } from './core-headers.ts';
import { MACHINE_AARCH64 } from './elf.ts';
import type { ThreadRegisters } from './thread-registers.ts';

/** A row of NT_FILE. */
export interface CoreFileMapping {
  readonly start: Address;
  /** Exclusive. */
  readonly end: Address;
  /** In bytes. */
  readonly offset: number;
  readonly path: string;
  readonly deleted: boolean;
}

export interface CoreNotes {
  readonly pid: number | undefined;
  /** The first 80 bytes of the command line. May hold secrets: only for application-name.ts. */
  readonly commandLine: string;
  /** In the order of the file: the kernel puts the thread that crashed first. */
  readonly threads: readonly ThreadRegisters[];
  /** Ascending, without overlap. */
  readonly files: readonly CoreFileMapping[];
  /** AT_… types to values. */
  readonly auxv: ReadonlyMap<number, number>;
  /** Deflated contents of the note that `leakscope capture` writes. */
  readonly capture: Uint8Array | undefined;
}

export const NT_PRSTATUS = 1;
export const NT_PRPSINFO = 3;
export const NT_AUXV = 6;
export const NT_FILE = 0x46494c45;

/** Offsets in elf_prstatus of the thread id and of the registers, the same on both processors. */
export const PRSTATUS_PID = 32;
export const PRSTATUS_REGISTERS = 112;
/** Words of user_regs_struct: x86-64 counts from r15, aarch64 from x0. */
export const REGISTERS = {
  x86: { stack: 19, instruction: 16, count: 27 },
  aarch64: { stack: 31, instruction: 32, count: 34 },
} as const;
/** Offsets in elf_prpsinfo of 64-bit systems. */
export const PRPSINFO = { pid: 24, comm: 40, arguments: 56, sizeBytes: 136 } as const;

/** Threads and files kept; Linux allows four million threads in all, and 65,530 mappings by default. */
const MAX_THREADS = 1 << 20;
const MAX_FILES = 1 << 20;
const MAX_AUXV_BYTES = 4096;
const DELETED = ' (deleted)';

/** Reads the contents of one or more PT_NOTE segments. What does not hold together ends the reading, and is counted. */
export function readCoreNotes(parts: readonly Uint8Array[], machine: number, problems: ProblemLog): CoreNotes {
  const registers = machine === MACHINE_AARCH64 ? REGISTERS.aarch64 : REGISTERS.x86;
  const threads: ThreadRegisters[] = [];
  const files: CoreFileMapping[] = [];
  const auxv = new Map<number, number>();
  let pid: number | undefined;
  let commandLine = '';
  let capture: Uint8Array | undefined;
  for (const { name, type, bytes } of parts.flatMap((part) => [...notesIn(part, problems)])) {
    const view = viewOf(bytes);
    if (name === CAPTURE_NOTE_NAME && type === CAPTURE_NOTE_TYPE) capture ??= bytes;
    if (name !== 'CORE') continue;
    if (type === NT_PRSTATUS && bytes.length >= PRSTATUS_REGISTERS + registers.count * 8) {
      if (threads.length >= MAX_THREADS) continue;
      threads.push({
        tid: view.getUint32(PRSTATUS_PID, true),
        stackPointer: number64(view, PRSTATUS_REGISTERS + registers.stack * 8),
        instructionPointer: number64(view, PRSTATUS_REGISTERS + registers.instruction * 8),
      });
    } else if (type === NT_PRPSINFO && bytes.length >= PRPSINFO.sizeBytes) {
      pid = view.getUint32(PRPSINFO.pid, true);
      commandLine = textAt(bytes, PRPSINFO.arguments, PRPSINFO.sizeBytes);
    } else if (type === NT_AUXV && bytes.length <= MAX_AUXV_BYTES) {
      for (let at = 0; at + 16 <= bytes.length; at += 16) auxv.set(number64(view, at), number64(view, at + 8));
    } else if (type === NT_FILE) readFiles(bytes, files, problems);
  }
  files.sort((a, b) => a.start - b.start);
  let end = 0;
  const disjoint = files.filter((file) => {
    if (file.start < end) return false;
    end = file.end;
    return true;
  });
  // The kernel names the crashed thread first, and the process's first thread has the process's id.
  return { pid: pid ?? threads[0]?.tid, commandLine, threads, files: disjoint, auxv, capture };
}

function* notesIn(
  part: Uint8Array,
  problems: ProblemLog,
): Generator<{ readonly name: string; readonly type: number; readonly bytes: Uint8Array }> {
  const view = viewOf(part);
  for (let at = 0; at + 12 <= part.length; ) {
    const nameBytes = view.getUint32(at, true);
    const contentBytes = view.getUint32(at + 4, true);
    const contentAt = at + 12 + align4(nameBytes);
    if (contentAt + contentBytes > part.length) {
      problems.add('core-notes', 'the notes of the core file are cut off or damaged');
      return;
    }
    yield {
      name: textAt(part, at + 12, at + 12 + nameBytes),
      type: view.getUint32(at + 8, true),
      bytes: part.subarray(contentAt, contentAt + contentBytes),
    };
    at = contentAt + align4(contentBytes);
  }
}

/** NT_FILE: count and page size, then start, end and offset in pages of each mapping, then all paths. */
function readFiles(bytes: Uint8Array, files: CoreFileMapping[], problems: ProblemLog): void {
  if (bytes.length < 16) return;
  const view = viewOf(bytes);
  const count = number64(view, 0);
  const pageBytes = number64(view, 8);
  if (count > MAX_FILES || 16 + count * 24 > bytes.length || pageBytes > 1 << 24) {
    problems.add('core-notes', 'the notes of the core file are cut off or damaged');
    return;
  }
  let pathAt = 16 + count * 24;
  for (let i = 0; i < count && pathAt < bytes.length; i++) {
    const pathEnd = bytes.indexOf(0, pathAt);
    const path = Buffer.from(bytes.subarray(pathAt, pathEnd < 0 ? bytes.length : pathEnd)).toString();
    pathAt = pathEnd < 0 ? bytes.length : pathEnd + 1;
    const start = number64(view, 16 + i * 24);
    const end = number64(view, 24 + i * 24);
    if (end <= start || !Number.isSafeInteger(end)) continue;
    const deleted = path.endsWith(DELETED);
    files.push({
      start,
      end,
      offset: number64(view, 32 + i * 24) * pageBytes,
      path: deleted ? path.slice(0, -DELETED.length) : path,
      deleted,
    });
  }
}

function textAt(bytes: Uint8Array, start: number, end: number): string {
  const nul = bytes.indexOf(0, start);
  return Buffer.from(bytes.subarray(start, nul >= start && nul < end ? nul : end)).toString();
}

export function align4(length: number): number {
  return Math.ceil(length / 4) * 4;
}
