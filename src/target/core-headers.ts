// The headers of an ELF core file: which memory it holds, and where its notes are. Reads no contents.
// Offsets and sizes come from a file that anyone may have written: what is absurd is left out and counted.
// Format: System V ABI, "ELF Header" and "Program Header"; PN_XNUM as Linux writes it (fs/binfmt_elf.c).

import { LeakscopeError } from '../base/errors.ts';
import type { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import { MACHINE_AARCH64, MACHINE_X86_64 } from './elf.ts';

/** One PT_LOAD: a mapping of the process, and what of it the file holds. */
export interface CoreSegment {
  readonly address: Address;
  readonly memoryBytes: number;
  /** In the (uncompressed) file. */
  readonly offset: number;
  /** Below `memoryBytes` where the rest was left out. */
  readonly fileBytes: number;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
}

export interface CoreHeaders {
  readonly machine: number;
  /** Ascending by address, without overlap. */
  readonly segments: readonly CoreSegment[];
  readonly notes: readonly { readonly offset: number; readonly fileBytes: number }[];
}

/** The ELF header and one program header: enough to know how many bytes of headers there are. */
export const CORE_HEAD_BYTES = 64 + 56;

const PROGRAM_HEADER_BYTES = 56;
const ET_CORE = 4;
const PT_LOAD = 1;
const PT_NOTE = 4;
/** The number of program headers does not fit its 16 bits. */
const PN_XNUM = 0xffff;
/** vm.max_map_count is 65,530 by default, and a million where people raise it: 56 MB of headers. */
const MAX_SEGMENTS = 1 << 20;
/** Both the kernel and gdb write them right behind the ELF header. */
const MAX_HEADERS_AT = 1 << 20;
/** Beyond user space ([vsyscall]), and beyond what a number holds exactly. */
const USER_SPACE_END = 2 ** 48;

/** What the first bytes of a core say: throws E_CORE_FILE for anything that is not a core this reads. */
export interface CoreHead {
  readonly machine: number;
  readonly headersAt: number;
  readonly headerCount: number;
  /** Bytes from the start of the file to the end of the program headers. */
  readonly headersEnd: number;
}

/**
 * Reads `head`, the first CORE_HEAD_BYTES of a core. `readAt` reads elsewhere in a file that is not compressed, where
 * the true number of very many program headers may stand at the end.
 */
export function readCoreHead(
  head: Uint8Array,
  readAt?: (offset: number, length: number) => Uint8Array | undefined,
): CoreHead {
  if (head.length < CORE_HEAD_BYTES) throw coreError('it is too short to be a core file');
  const view = viewOf(head);
  if (view.getUint32(0, false) !== 0x7f454c46) throw coreError('it is no ELF file, hence no core file');
  if (head[4] !== 2) throw coreError('it is of a 32-bit program', 'leakscope reads cores of 64-bit programs');
  if (head[5] !== 1) throw coreError('it is of a big-endian machine', 'leakscope reads cores of x86-64 and aarch64');
  if (view.getUint16(16, true) !== ET_CORE) {
    throw coreError('it is a program or a library, not a core file', 'leakscope capture PID -o app.core writes a core');
  }
  const machine = view.getUint16(18, true);
  if (machine !== MACHINE_X86_64 && machine !== MACHINE_AARCH64) {
    throw coreError(`it is of another processor (ELF machine ${machine})`, 'leakscope reads x86-64 and aarch64');
  }
  const headersAt = number64(view, 32);
  if (view.getUint16(54, true) !== PROGRAM_HEADER_BYTES || headersAt < 64 || headersAt > MAX_HEADERS_AT) {
    throw coreError('its headers are damaged');
  }
  let headerCount = view.getUint16(56, true);
  if (headerCount === PN_XNUM) headerCount = extendedCount(view, headersAt, readAt);
  if (headerCount > MAX_SEGMENTS) throw coreError(`its headers are damaged: ${headerCount} segments`);
  return { machine, headersAt, headerCount, headersEnd: headersAt + headerCount * PROGRAM_HEADER_BYTES };
}

/**
 * With more than 65,534 segments their number stands in sh_info of the first section header. In a stream that is not
 * there yet, but the first segment (the notes) follows the headers.
 */
function extendedCount(
  head: DataView,
  headersAt: number,
  readAt: ((offset: number, length: number) => Uint8Array | undefined) | undefined,
): number {
  const section = readAt?.(number64(head, 40), 64);
  if (section?.length === 64) return viewOf(section).getUint32(44, true);
  const count = (number64(head, 64 + 8) - headersAt) / PROGRAM_HEADER_BYTES;
  if (headersAt === 64 && Number.isInteger(count) && count >= PN_XNUM) return count;
  throw coreError('its headers are damaged, or cut off');
}

/** The program headers in `bytes`; a file cut off within them gives those that are there. */
export function readCoreHeaders(head: CoreHead, bytes: Uint8Array, problems: ProblemLog): CoreHeaders {
  const view = viewOf(bytes);
  const segments: CoreSegment[] = [];
  const notes: { offset: number; fileBytes: number }[] = [];
  const end = Math.min(bytes.length, head.headersEnd);
  for (let at = head.headersAt; at + PROGRAM_HEADER_BYTES <= end; at += PROGRAM_HEADER_BYTES) {
    const type = view.getUint32(at, true);
    const offset = number64(view, at + 8);
    const fileBytes = number64(view, at + 32);
    if (type === PT_NOTE) notes.push({ offset, fileBytes });
    if (type !== PT_LOAD) continue;
    const flags = view.getUint32(at + 4, true);
    const address = number64(view, at + 16);
    const memoryBytes = number64(view, at + 40);
    if (address + memoryBytes >= USER_SPACE_END || memoryBytes === 0) continue;
    if (fileBytes > memoryBytes || !Number.isSafeInteger(offset + fileBytes) || address % 4096 !== 0) {
      problems.addAt('core-header', 'a segment of the core file makes no sense and was left out', address);
      continue;
    }
    segments.push({
      address,
      memoryBytes,
      offset,
      fileBytes,
      readable: (flags & 4) !== 0,
      writable: (flags & 2) !== 0,
      executable: (flags & 1) !== 0,
    });
  }
  return { machine: head.machine, segments: withoutOverlap(segments, problems), notes };
}

function withoutOverlap(segments: CoreSegment[], problems: ProblemLog): CoreSegment[] {
  segments.sort((a, b) => a.address - b.address);
  let end = 0;
  return segments.filter((segment) => {
    if (segment.address < end) {
      problems.addAt('core-header', 'a segment of the core file makes no sense and was left out', segment.address);
      return false;
    }
    end = segment.address + segment.memoryBytes;
    return true;
  });
}

/** E_CORE_FILE without the file's name, which whoever opened it puts before. */
export function coreError(message: string, hint?: string): LeakscopeError {
  return new LeakscopeError('E_CORE_FILE', message, hint === undefined ? {} : { hint });
}

export function number64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
