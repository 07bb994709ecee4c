// Where the threads of a stopped process stand, as the kernel tells in /proc/PID/task/TID/syscall.

import type { Address } from '../graph/heap-graph.ts';
import { listProcFolder, readProcText } from './proc-file.ts';

/** A thread's stack pointer and program counter; 0 where the kernel does not tell. */
export interface ThreadRegisters {
  readonly tid: number;
  readonly stackPointer: Address;
  readonly instructionPointer: Address;
}

/** `NUMBER ARGUMENTS… SP PC` of a thread in a system call, `-1 SP PC` of any other; `running` tells nothing. */
const SYSCALL = /0x([0-9a-f]+) 0x([0-9a-f]+)\s*$/;

/** The process's own thread first, as debuggers expect; of very many only `limit`: a read takes some 10 µs. */
export function readThreadRegisters(pid: number, limit: number = Number.POSITIVE_INFINITY): ThreadRegisters[] {
  const tids = (listProcFolder(`/proc/${pid}/task`) ?? []).map(Number).sort((a, b) => a - b);
  const ordered = [...tids.filter((tid) => tid === pid), ...tids.filter((tid) => tid !== pid)];
  return ordered.slice(0, limit).map((tid) => {
    const found = SYSCALL.exec(readProcText(`/proc/${pid}/task/${tid}/syscall`) ?? '');
    return {
      tid,
      stackPointer: found === null ? 0 : Number.parseInt(found[1]!, 16),
      instructionPointer: found === null ? 0 : Number.parseInt(found[2]!, 16),
    };
  });
}
