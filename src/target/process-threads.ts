// The threads of a process as the kernel has them: ids, names, states.

import { listProcFolder, readProcText } from './proc-file.ts';
import { parseProcessStat } from './process-info.ts';
import { idInNamespace } from './process-namespace.ts';

export interface ProcessThread {
  readonly tid: number;
  /** As the process itself knows it: another number in a container. */
  readonly ownTid: number;
  /** Name the thread gave itself (15 bytes). */
  readonly name: string;
  /** One letter as in ProcessStat. */
  readonly state: string;
}

export interface ThreadGroup {
  readonly name: string;
  readonly count: number;
}

/** Threads that live now; `depth` is that of the process's PID namespace. */
export function readThreads(pid: number, depth: number): ProcessThread[] {
  const threads: ProcessThread[] = [];
  for (const name of listProcFolder(`/proc/${pid}/task`) ?? []) {
    const folder = `/proc/${pid}/task/${name}`;
    const text = readProcText(`${folder}/stat`);
    const stat = text === undefined ? undefined : parseProcessStat(text);
    if (stat === undefined) continue;
    const ownTid = depth === 0 ? stat.pid : idInNamespace(readProcText(`${folder}/status`), depth);
    threads.push({ tid: stat.pid, ownTid: ownTid ?? stat.pid, name: stat.comm, state: stat.state });
  }
  return threads;
}

/** Names that differ only in their number (`pool-1`, `pool-2`) are one group, called `pool-#`. */
export function groupThreads(threads: readonly ProcessThread[]): ThreadGroup[] {
  const counts = new Map<string, number>();
  for (const { name } of threads) {
    const group = threadGroupName(name);
    counts.set(group, (counts.get(group) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => ({ name, count })).sort((a, b) => b.count - a.count);
}

export function threadGroupName(name: string): string {
  return name.replace(/\d+(?=$| \()/g, '#');
}
