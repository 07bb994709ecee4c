// System V shared memory that a process made and that nobody is attached to: it stays until the machine restarts.

import { readProcLink, readProcText } from './proc-file.ts';

export interface SysvSegment {
  readonly id: number;
  readonly bytes: number;
}

/** Columns of /proc/sysvipc/shm. */
const COLUMN = { id: 1, size: 3, creator: 4, attached: 6 } as const;

/** Segments made by `ownPid` (its PID in its own namespace) without any attachment; none for another IPC namespace. */
export function readUnattachedSegments(pid: number, ownPid: number): SysvSegment[] {
  // The kernel shows the table of the reader's namespace.
  const namespace = readProcLink(`/proc/${pid}/ns/ipc`);
  if (namespace === undefined || namespace !== readProcLink('/proc/self/ns/ipc')) return [];
  const segments: SysvSegment[] = [];
  for (const line of (readProcText('/proc/sysvipc/shm') ?? '').split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/).map(Number);
    if (fields[COLUMN.creator] !== ownPid || fields[COLUMN.attached] !== 0) continue;
    segments.push({ id: fields[COLUMN.id]!, bytes: fields[COLUMN.size]! });
  }
  return segments;
}
