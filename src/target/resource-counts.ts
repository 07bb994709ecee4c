// The few numbers about a process that are cheap enough to read several times a second.

import { readdirSync } from 'node:fs';
import { listProcFolder, readProcText } from './proc-file.ts';

export interface ResourceCounts {
  /** User and system time of all threads since the start. */
  readonly cpuSeconds: number;
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
  return {
    cpuSeconds: readCpuSeconds(pid),
    descriptors: countEntries(`/proc/${pid}/fd`),
    threads: threads.length,
    children: children.length,
    zombies,
  };
}

/** USER_HZ: the kernel reports times in hundredths of a second on every architecture CPython runs on. */
const TICKS_PER_SECOND = 100;

/** User and system time of the process, 0 when it is gone. */
export function readCpuSeconds(pid: number): number {
  const stat = readProcText(`/proc/${pid}/stat`) ?? '';
  // Fields 14 and 15, counted from behind the command, which may hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

/**
 * How long the first thread has been ready to run and had no processor, in milliseconds; 0 where the kernel does not count it
 * (Documentation/scheduler/sched-stats.rst, `/proc/<pid>/schedstat`).
 */
export function readRunDelayMs(pid: number): number {
  const [, delay = '0'] = (readProcText(`/proc/${pid}/schedstat`) ?? '').split(' ');
  return (Number(delay) || 0) / 1e6;
}

function countEntries(path: string): number {
  try {
    return readdirSync(path).length;
  } catch {
    return 0;
  }
}

/** Whether a thread waits for something rather than runs; with `tid` 0 (unknown before 3.11) the main thread is asked. */
export function isAsleep(pid: number, tid: number): boolean {
  const stat = readProcText(`/proc/${pid}/task/${tid === 0 ? pid : tid}/stat`) ?? '';
  const state = stat.charAt(stat.lastIndexOf(')') + 2);
  return state === 'S' || state === 'D';
}

/** Threads asked by `someThreadRuns`: asking hundreds takes longer than what they do. */
const ASKED_THREADS = 12;

/** Whether any of the first threads of the process is on a processor or waits for one. */
export function someThreadRuns(pid: number): boolean {
  const threads = listProcFolder(`/proc/${pid}/task`) ?? [];
  return threads.slice(0, ASKED_THREADS).some((tid) => !isAsleep(pid, Number(tid)));
}
