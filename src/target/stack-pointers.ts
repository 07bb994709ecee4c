// Where the C stacks of a stopped process's threads end, as the kernel tells: below lie words of calls long returned.

import { listProcFolder, readProcText } from './proc-file.ts';

/** Threads asked: a read takes some 10 µs of the pause. */
const THREADS_LIMIT = 512;
/** Code without calls of its own may use this much below the stack pointer (System V AMD64 ABI, "red zone"). */
const RED_ZONE_BYTES = 128;
/** `NUMBER ARGUMENTS… SP PC` of a thread in a system call, `-1 SP PC` of any other; `running` tells nothing. */
const SYSCALL = /0x([0-9a-f]+) 0x[0-9a-f]+\s*$/;

/** One address per thread that has a stack; undefined where the kernel does not tell this user. */
export function readStackPointers(pid: number): number[] | undefined {
  const threads = (listProcFolder(`/proc/${pid}/task`) ?? []).slice(0, THREADS_LIMIT);
  const pointers: number[] = [];
  for (const thread of threads) {
    const found = SYSCALL.exec(readProcText(`/proc/${pid}/task/${thread}/syscall`) ?? '');
    if (found !== null) pointers.push(Number.parseInt(found[1]!, 16) - RED_ZONE_BYTES);
  }
  // What not every thread told would miss the stacks of some.
  return pointers.length === threads.length && pointers.length > 0 ? pointers : undefined;
}
