// The children of a process, also those that ended and that nobody waited for.

import { statSync } from 'node:fs';
import { readProcText } from './proc-file.ts';
import { listPids, readProcessInfo, readProcessStat } from './process-info.ts';
import { idInNamespace } from './process-namespace.ts';
import { applicationOf } from './python-processes.ts';

export interface ChildProcess {
  readonly pid: number;
  /** As its parent knows it: another number in a container. */
  readonly ownPid: number;
  readonly startTimeTicks: number;
  /** One letter as in ProcessStat; Z is a zombie nobody waited for. */
  readonly state: string;
  /** How a zombie ended (`exit 1`, `signal 9`), where this user may know. */
  readonly ended: string | undefined;
  /** Application of a Python child, or the name of its executable. */
  readonly name: string;
}

/** Children of `pid`; `depth` is that of its PID namespace. */
export function readChildren(pid: number, depth: number): ChildProcess[] {
  const children: ChildProcess[] = [];
  for (const candidate of listPids()) {
    const stat = readProcessStat(candidate);
    if (stat?.parentPid !== pid) continue;
    const isZombie = stat.state === 'Z';
    const info = isZombie ? undefined : readProcessInfo(candidate);
    const own = depth === 0 ? candidate : idInNamespace(readProcText(`/proc/${candidate}/status`), depth);
    children.push({
      pid: candidate,
      ownPid: own ?? candidate,
      startTimeTicks: stat.startTimeTicks,
      state: stat.state,
      ended: isZombie ? readExit(candidate) : undefined,
      name: info === undefined || info.argv.length === 0 ? stat.comm : applicationOf(info),
    });
  }
  return children;
}

/** exit_code is field 52 of the stat line, the status that wait() would give. */
function readExit(pid: number): string | undefined {
  // The kernel shows others a 0 that says nothing.
  const user = process.getuid?.();
  const owner = statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid;
  if (user === undefined || owner === undefined || (user !== 0 && user !== owner)) return undefined;
  const text = readProcText(`/proc/${pid}/stat`) ?? '';
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const status = Number(fields[49]);
  if (!Number.isInteger(status)) return undefined;
  const signal = status & 0x7f;
  return signal === 0 ? `exit ${(status >> 8) & 0xff}` : `signal ${signal}`;
}
