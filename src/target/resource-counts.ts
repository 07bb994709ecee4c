// The few numbers about a process that are cheap enough to read several times a second.

import { readdirSync } from 'node:fs';
import { listProcFolder, readProcText } from './proc-file.ts';

export interface ResourceCounts {
  readonly descriptors: number;
  readonly threads: number;
  readonly children: number;
  /** Children that ended and were not waited for. */
  readonly zombies: number;
}

/** Zeros for what this user may not see or what is gone. */
export function countResources(pid: number): ResourceCounts {
  const threads = listProcFolder(`/proc/${pid}/task`) ?? [];
  const children = threads.flatMap(
    (tid) => readProcText(`/proc/${pid}/task/${tid}/children`)?.trim().split(/\s+/).filter(Boolean) ?? [],
  );
  const zombies = children.filter((child) => /^State:\s+Z/m.test(readProcText(`/proc/${child}/status`) ?? '')).length;
  return { descriptors: countEntries(`/proc/${pid}/fd`), threads: threads.length, children: children.length, zombies };
}

function countEntries(path: string): number {
  try {
    return readdirSync(path).length;
  } catch {
    return 0;
  }
}
