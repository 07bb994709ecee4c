// Segments of shared memory, each once, however many descriptors and mappings a process has of it.

import type { ItemHandle } from './resource-items.ts';

export interface SharedSegment {
  /** `POSIX shared memory`, `POSIX semaphores`, `System V shared memory`, `memfd`. */
  readonly name: string;
  bytes: number | undefined;
  readonly identity: string;
  readonly handles: ItemHandle[];
}

export type SharedSegments = Map<string, SharedSegment>;

const POSIX = '/dev/shm/';
const SEMAPHORE = '/dev/shm/sem.';
const SYSV = /^\/SYSV[0-9a-f]{8}$/;
const MEMORY_FILE = /^(?:memfd$|\/memfd:)/;

/** What kind of shared memory a path of /proc/PID/maps or fd means; undefined for other files. */
export function segmentName(path: string): string | undefined {
  if (path.startsWith(SEMAPHORE)) return 'POSIX semaphores';
  if (path.startsWith(POSIX)) return 'POSIX shared memory';
  if (SYSV.test(path)) return 'System V shared memory';
  return MEMORY_FILE.test(path) ? 'memfd' : undefined;
}

/** Equal for descriptors and mappings of the same segment. */
export function segmentKey(path: string, inode: number): string {
  return `${segmentName(path)} ${inode}`;
}

/** Adds what refers to the segment; its size is the largest anyone says. */
export function addToSegment(
  segments: SharedSegments,
  key: string,
  path: string,
  bytes: number | undefined,
  handle: ItemHandle,
): void {
  const known = segments.get(key);
  if (known === undefined) {
    segments.set(key, { name: segmentName(path) ?? path, bytes, identity: key, handles: [handle] });
    return;
  }
  if (bytes !== undefined) known.bytes = Math.max(known.bytes ?? 0, bytes);
  known.handles.push(handle);
}
