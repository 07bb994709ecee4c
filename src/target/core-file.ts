// A core file as a target: its memory as an image and as an address space, its regions, threads and process, and what
// it does not hold. The session walks it like a copy of a live process.

import { basename } from 'node:path';
import { LeakscopeError } from '../base/errors.ts';
import type { ProblemLog } from '../base/problems.ts';
import { formatBytes } from '../base/units.ts';
import { type ColdReader, MemoryImage } from '../cpython/memory-image.ts';
import type { MemorySegment } from '../cpython/memory-reader.ts';
import type { Address } from '../graph/heap-graph.ts';
import type { AddressSpace } from './address-space.ts';
import { applicationName } from './application-name.ts';
import { type CaptureNote, decodeCaptureNote } from './capture-note.ts';
import { isAnonymous, isPlainMemory } from './capture-plan.ts';
import { coreCommandLine, coreExecutable } from './core-command-line.ts';
import { type CoreContents, readCoreContents } from './core-contents.ts';
import { type CoreFiles, openCoreFiles } from './core-files.ts';
import { coreRegions, nameCoreRegions } from './core-regions.ts';
import { openCoreFile } from './core-stream.ts';
import { imageInMemory } from './mapped-elf.ts';
import { type MappedRegion, parseMemoryMaps, regionAt } from './memory-maps.ts';
import { PAGE_BYTES } from './process-memory.ts';
import type { ThreadRegisters } from './thread-registers.ts';

export interface CoreOptions {
  /** Folder with the executable and libraries of the process, when they are not in their places here. */
  readonly sysroot?: string | undefined;
  readonly problems: ProblemLog;
  readonly signal?: AbortSignal | undefined;
  /** Share of the file that has been read, now and then. */
  readonly progress?: ((fraction: number) => void) | undefined;
  /** Largest single buffer in bytes; smaller in tests. */
  readonly chunkBytes?: number;
}

/** An opened core. `close` gives up the files; the image then reads only what was in the core. */
export interface CoreFile {
  readonly path: string;
  readonly space: AddressSpace;
  readonly image: MemoryImage;
  readonly regions: readonly MappedRegion[];
  readonly process: {
    readonly pid: number;
    /** `gunicorn [shop]`, `app.py`; never an argument that could be a secret. */
    readonly application: string;
  };
  readonly threads: readonly ThreadRegisters[];
  /** What `leakscope capture` noted; undefined in a core that something else wrote. */
  readonly note: CaptureNote | undefined;
  /** When the memory was as it is here: as noted, else when the file was last written. */
  readonly takenAt: string;
  /** Start, end pairs of the memory that was read from the file, ascending; shared memory is not. */
  readonly dumped: Float64Array;
  /** What the headers announce and the file, being cut off, does not hold. */
  readonly missing: CoreContents['missing'];
  /** Files of the process that are not here, with their build-ids. */
  missingFiles(): readonly string[];
  close(): void;
}

/**
 * Reads a core file. Throws E_FILE_READ, E_CORE_FILE (no core, of another kind of machine, without any heap),
 * E_NOT_ENOUGH_MEMORY or E_CANCELLED; a core that is cut off gives what it has and a problem.
 */
export async function openCore(path: string, options: CoreOptions): Promise<CoreFile> {
  const file = openCoreFile(path);
  try {
    const contents = await readCoreContents(file, options.problems, options);
    return describeCore(path, contents, new Date(file.modifiedAtMs).toISOString(), options);
  } catch (error) {
    if (!(error instanceof LeakscopeError) || error.code !== 'E_CORE_FILE') throw error;
    throw new LeakscopeError('E_CORE_FILE', `${path} cannot be used: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  } finally {
    file.close();
  }
}

function describeCore(path: string, contents: CoreContents, modifiedAt: string, options: CoreOptions): CoreFile {
  const { problems } = options;
  const { notes } = contents;
  const note = notes.capture === undefined ? undefined : decodeCaptureNote(notes.capture, problems);
  const dumped = new DumpedMemory(contents);
  const noted = note === undefined ? [] : disjoint(parseMemoryMaps(note.smaps));
  const unnamed = coreRegions(contents.headers.segments, notes.files);
  // What processes share is no heap of this one; a live process's is not copied either.
  const known = noted.length > 0 ? noted : unnamed;
  const segments = contents.writable.filter(({ start }) => regionAt(known, start)?.shared !== true);
  const regions = noted.length > 0 ? noted : nameCoreRegions(unnamed, new MemoryImage(segments, unnamed), notes);
  const leftOutBytes = note === undefined ? leftOut(contents, regions) : 0;
  refuseWithoutHeap(contents, segments, leftOutBytes);

  const files = openCoreFiles({
    regions,
    read: (start, length) => (dumped.holds(start) ? dumped.bytes(start, length) : undefined),
    sysroot: options.sysroot,
    problems,
  });
  let open = true;
  const cold = coldReader(regions, dumped, files, {
    isComplete: note !== undefined && contents.missing.bytes === 0,
    isOpen: () => open,
  });
  const image = new MemoryImage(segments, regions, cold);
  const space = coreSpace(path, contents.machine, regions, new MemoryImage(segments, regions, cold), files);
  for (const { stackPointer } of notes.threads) {
    if (stackPointer > 0 && !image.isCopied(stackPointer)) {
      problems.addAt(
        'core-stack-missing',
        'the stack of a thread is not in the core file: frames may be missing',
        stackPointer,
      );
    }
  }
  const argv = coreCommandLine(regions, image, notes);
  return {
    path,
    space,
    image,
    regions,
    process: {
      pid: note?.pid ?? notes.pid ?? 0,
      application: note?.app ?? applicationName({ argv, exe: coreExecutable(image, notes) }),
    },
    threads: note?.threads ?? notes.threads,
    note,
    takenAt: note?.takenAt ?? modifiedAt,
    dumped: contents.dumped,
    missing: contents.missing,
    missingFiles: () => files.missing(),
    close: () => {
      open = false;
      files.close();
    },
  };
}

/** The kernel lists mappings in order; a note may have been forged. */
function disjoint(regions: readonly MappedRegion[]): MappedRegion[] {
  let end = 0;
  return [...regions]
    .sort((a, b) => a.start - b.start)
    .filter((region) => {
      if (region.start < end) return false;
      end = region.end;
      return true;
    });
}

/**
 * Private writable memory that was left out. The kernel does so with all of it or with none: single mappings that are
 * not in the file were never touched, or the program itself asked for it (MADV_DONTDUMP).
 */
function leftOut(contents: CoreContents, regions: readonly MappedRegion[]): number {
  let bytes = 0;
  for (const segment of contents.headers.segments) {
    if (!segment.writable || (regionAt(regions, segment.address)?.fileId ?? '') !== '') continue;
    if (segment.fileBytes > 0) return 0;
    bytes += segment.memoryBytes;
  }
  return bytes;
}

/** The kernel leaves out anonymous private memory, and with it every Python object, when it is asked to. */
function refuseWithoutHeap(contents: CoreContents, segments: readonly MemorySegment[], leftOutBytes: number): void {
  if (segments.length > 0 && leftOutBytes === 0) return;
  if (contents.missing.bytes > 0) {
    throw new LeakscopeError(
      'E_CORE_FILE',
      `it is cut off before any memory of the program: ${formatBytes(contents.missing.bytes)} are missing`,
      { hint: TRUNCATION_REMEDY },
    );
  }
  throw new LeakscopeError(
    'E_CORE_FILE',
    `it holds no heap${leftOutBytes > 0 ? `: ${formatBytes(leftOutBytes)} of private memory were left out` : ''}`,
    { hint: FILTER_REMEDY },
  );
}

const FILTER_REMEDY =
  'before the next core, let the kernel dump private memory: echo 0x33 > /proc/PID/coredump_filter; or use leakscope capture PID -o app.core';
export const TRUNCATION_REMEDY =
  'look at the limit of core files (ulimit -c, ProcessSizeMax and ExternalSizeMax of systemd-coredump) and at the free disk space';

interface ColdState {
  /** A core of ours holds every page that existed: what it does not hold was zero, or as in its file. */
  readonly isComplete: boolean;
  readonly isOpen: () => boolean;
}

/** Reads what was not kept: constants in the core, pages that were zero, and the files the process had mapped. */
function coldReader(
  regions: readonly MappedRegion[],
  dumped: DumpedMemory,
  files: CoreFiles,
  state: ColdState,
): ColdReader {
  return (start, length) => {
    if (dumped.holds(start)) return dumped.bytes(start, length);
    const region = regionAt(regions, start);
    if (region === undefined || !isPlainMemory(region)) return undefined;
    if (state.isComplete && region.writable && isAnonymous(region)) return new Uint8Array(length);
    // What a process may write to differs from its file as soon as it does.
    if (!state.isOpen() || (region.writable && !state.isComplete)) return undefined;
    return files.readMapped(region, start, length);
  };
}

function coreSpace(
  path: string,
  machine: number,
  regions: readonly MappedRegion[],
  image: MemoryImage,
  files: CoreFiles,
): AddressSpace {
  const space: AddressSpace = {
    name: basename(path),
    regions,
    machine,
    read(address, into) {
      const whole = image.bytes(address, into.length);
      if (whole !== undefined) {
        into.set(whole);
        return into.length;
      }
      let had = 0;
      for (let at = 0; at < into.length; ) {
        const length = Math.min(into.length - at, PAGE_BYTES - ((address + at) % PAGE_BYTES));
        const bytes = image.bytes(address + at, length);
        if (bytes === undefined) into.fill(0, at, at + length);
        else {
          into.set(bytes, at);
          had += length;
        }
        at += length;
      }
      return had;
    },
    openFile: (file) => files.open(file) ?? imageInMemory(file, space),
  };
  return space;
}

/** Which memory the file held, and what of it was kept besides the writable segments. */
class DumpedMemory {
  readonly #ranges: Float64Array;
  readonly #writable: MemoryImage;
  readonly #constants: MemoryImage;
  readonly #unknown: readonly { readonly start: Address; readonly end: Address }[];

  constructor(contents: CoreContents) {
    this.#ranges = contents.dumped;
    this.#writable = new MemoryImage(contents.writable);
    this.#constants = new MemoryImage(contents.constants);
    // Of code only the beginning was kept, and of very many constants not all: what is not there is no zeros.
    this.#unknown = contents.headers.segments
      .filter((segment) => segment.executable || (!segment.writable && !contents.hasAllConstants))
      .map((segment) => ({ start: segment.address, end: segment.address + segment.memoryBytes }));
  }

  /** Whether the page at `address` was in the file and its contents are known. */
  holds(address: Address): boolean {
    let low = 0;
    let high = this.#ranges.length / 2 - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      if (address < this.#ranges[middle * 2]!) high = middle - 1;
      else if (address >= this.#ranges[middle * 2 + 1]!) low = middle + 1;
      else
        return this.#constants.isCopied(address) || !this.#unknown.some((r) => address >= r.start && address < r.end);
    }
    return false;
  }

  /** Bytes from a page that `holds`; what was not kept is zero. */
  bytes(start: Address, length: number): Uint8Array {
    const result = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const step = Math.min(length - at, PAGE_BYTES - ((start + at) % PAGE_BYTES));
      const image = this.#constants.isCopied(start + at) ? this.#constants : this.#writable;
      if (image.isCopied(start + at)) result.set(image.bytes(start + at, step) ?? [], at);
      at += step;
    }
    return result;
  }
}
