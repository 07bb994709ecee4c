// Older formats to the current one, a version at a time. An upgrader is never changed after its version shipped.

import { unknownVersion } from './heap-errors.ts';
import { HEAP_FILE_VERSION, type RawHeapFile } from './heap-file.ts';

/** Takes a file of one version to the next: renames, splits, fills sections. */
export type Upgrader = (raw: RawHeapFile) => RawHeapFile;

/** By the version they start from. Version 1 is the first: there is nothing to upgrade yet. */
export const UPGRADERS: ReadonlyMap<number, Upgrader> = new Map();

/** Throws E_HEAP_VERSION for a version that is newer than `newest` or that no upgrader starts from. */
export function upgradeHeap(
  raw: RawHeapFile,
  upgraders: ReadonlyMap<number, Upgrader> = UPGRADERS,
  newest = HEAP_FILE_VERSION,
): RawHeapFile {
  let current = raw;
  while (current.version !== newest) {
    const upgrader = current.version < newest ? upgraders.get(current.version) : undefined;
    if (upgrader === undefined) throw unknownVersion(current.version, newest);
    current = { ...upgrader(current), version: current.version + 1 };
  }
  return current;
}
