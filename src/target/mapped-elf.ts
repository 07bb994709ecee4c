// Opens the file behind a mapping as the target sees it: through its mount namespace, or after it was deleted, or,
// where no file can be had, from the copy in memory. Finds where the file's addresses lie at run time.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type ElfFile, type ElfSource, elfBaseAddress } from './elf.ts';
import type { MappedFile, MappedRegion } from './memory-maps.ts';
import { readProcLink } from './proc-file.ts';
import type { ProcessMemory } from './process-memory.ts';

/** An opened mapped file, or its image in memory. */
export interface MappedElfSource {
  readonly source: ElfSource;
  /** `dev:inode:mtime:size` of the opened file, to remember what was found in it; undefined for an image in memory. */
  readonly identity: string | undefined;
  close(): void;
}

/** Paths the kernel may open for `file`, best first. A deleted file is still reachable by its mapping. */
function candidatePaths(pid: number, file: MappedFile): string[] {
  const paths: string[] = [];
  if (!file.deleted) paths.push(`/proc/${pid}/root${file.path}`);
  // Needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE, so it often fails for a plain user.
  paths.push(`/proc/${pid}/map_files/${file.regions[0]!.range}`);
  const exe = readProcLink(`/proc/${pid}/exe`);
  if (exe === file.path || exe === `${file.path} (deleted)`) paths.push(`/proc/${pid}/exe`);
  return paths;
}

/**
 * Opens the bytes of a mapped file. Devices and pipes are never opened. Undefined when nothing can be read.
 * `memory` allows the last resort: the headers and symbols that the loader mapped.
 */
export function openMappedFile(pid: number, file: MappedFile, memory?: ProcessMemory): MappedElfSource | undefined {
  if (!file.path.startsWith('/') || file.path.startsWith('/dev/')) return undefined;
  for (const path of candidatePaths(pid, file)) {
    const opened = openElfFile(path);
    if (opened !== undefined) return opened;
  }
  return memory === undefined ? undefined : imageInMemory(file, memory);
}

/** The bytes of an ordinary file; undefined where there is none to read. */
export function openElfFile(path: string): MappedElfSource | undefined {
  let fd: number;
  try {
    // 0o4000 is O_NONBLOCK: a path replaced by a FIFO must not hang us.
    fd = openSync(path, 0o4000);
  } catch {
    // Not allowed, or gone: the next candidate may do.
    return undefined;
  }
  const stat = fstatSync(fd);
  if (!stat.isFile()) {
    closeSync(fd);
    return undefined;
  }
  const sizeBytes = stat.size;
  return {
    identity: `${stat.dev}:${stat.ino}:${stat.mtimeMs}:${stat.size}`,
    source: {
      readFile(offset, length) {
        if (!(offset >= 0) || !(length >= 0) || offset + length > sizeBytes) return undefined;
        const bytes = new Uint8Array(length);
        let done = 0;
        while (done < length) {
          const got = readSync(fd, bytes, done, length - done, offset + done);
          if (got === 0) return undefined;
          done += got;
        }
        return bytes;
      },
    },
    close: () => closeSync(fd),
  };
}

/** The loaded image: link-time address + bias is the run-time address, so only addresses can be read, not offsets. */
export function imageInMemory(file: MappedFile, memory: Pick<ProcessMemory, 'read'>): MappedElfSource | undefined {
  const head = file.regions.find((region) => region.offset === 0 && region.readable);
  if (head === undefined) return undefined;
  const end = file.regions[file.regions.length - 1]!.end;
  // Fixed-address executables link their first segment at where it lies; others at 0.
  let base = 0;
  const readVirtual = (address: number, length: number): Uint8Array | undefined => {
    const at = head.start - base + address;
    if (!(at >= head.start) || !(length >= 0) || at + length > end) return undefined;
    const bytes = new Uint8Array(length);
    return memory.read(at, bytes) === 0 && length > 0 ? undefined : bytes;
  };
  const header = readVirtual(0, 64);
  // e_type 2, ET_EXEC.
  if (header?.[16] === 2) base = head.start;
  return {
    identity: undefined,
    source: {
      readFile: (offset, length) => (offset + length <= 4096 ? readVirtual(base + offset, length) : undefined),
      readVirtual,
      dynamicBias: head.start - base,
    },
    close: () => {},
  };
}

/**
 * What to add to a link-time address of `elf` to get the run-time address, or undefined when no mapping fits.
 * A file may also be mapped whole by someone who merely reads it: of several candidates the one that matches the most
 * load segments is the loaded one.
 */
export function loadBias(elf: ElfFile, regions: readonly MappedRegion[]): number | undefined {
  const base = elfBaseAddress(elf);
  if (base === undefined) return undefined;
  const loads = elf.segments.filter((segment) => segment.type === 1);
  const firstOffset = Math.min(...loads.filter((s) => s.address - (s.address % 4096) === base).map((s) => s.offset));
  let best: number | undefined;
  let bestMatches = 0;
  for (const candidate of regions) {
    if (candidate.offset !== firstOffset - (firstOffset % 4096)) continue;
    const bias = candidate.start - base;
    let matches = 0;
    for (const load of loads) {
      const start = bias + load.address - (load.address % 4096);
      const offset = load.offset - (load.offset % 4096);
      if (regions.some((r) => start >= r.start && start < r.end && r.offset + (start - r.start) === offset)) matches++;
    }
    if (matches > bestMatches) {
      best = bias;
      bestMatches = matches;
    }
  }
  return best;
}
