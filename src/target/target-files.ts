// Reads the files behind a target's mappings through its own mount namespace, also after the target has ended: the
// open folder keeps the namespace's files reachable. Only for mappings that equal their file (constants, code).

import { closeSync, openSync, readSync } from 'node:fs';
import type { MappedRegion } from './memory-maps.ts';

export interface TargetFiles {
  /** Bytes of the file behind `region` at a run-time address; beyond the file's end they are 0. */
  readMapped(region: MappedRegion, address: number, length: number): Uint8Array | undefined;
  close(): void;
}

// open(2) on x86-64 and aarch64; O_PATH needs no right to list the folder. Node names neither of the first two.
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const O_NONBLOCK = 0o4000;

/** Opens the root folder of a living target. Without the right to, nothing can be read later. */
export function openTargetFiles(pid: number): TargetFiles {
  let root: number | undefined;
  try {
    root = openSync(`/proc/${pid}/root`, O_PATH | O_CLOEXEC);
  } catch {
    // Only a fallback is lost.
    root = undefined;
  }
  const files = new Map<string, number | undefined>();
  const open = (path: string): number | undefined => {
    try {
      return openSync(`/proc/self/fd/${root}${path}`, O_NONBLOCK);
    } catch {
      // Removed since, or of another file system that is gone.
      return undefined;
    }
  };
  return {
    readMapped(region, address, length) {
      if (root === undefined || region.deleted || region.writable || !region.path.startsWith('/')) return undefined;
      if (!files.has(region.path)) files.set(region.path, open(region.path));
      const fd = files.get(region.path);
      if (fd === undefined) return undefined;
      const bytes = new Uint8Array(length);
      const got = readSync(fd, bytes, 0, length, region.offset + (address - region.start));
      return got > 0 ? bytes : undefined;
    },
    close() {
      for (const fd of files.values()) if (fd !== undefined) closeSync(fd);
      files.clear();
      if (root !== undefined) closeSync(root);
      root = undefined;
    },
  };
}
