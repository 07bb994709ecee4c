// Where the C stacks of a stopped process's threads end, as the kernel tells: below lie words of calls long returned.

import type { Address } from '../graph/heap-graph.ts';
import { readThreadRegisters, type ThreadRegisters } from './thread-registers.ts';

/** Threads asked: a read takes some 10 µs of the pause. */
const THREADS_LIMIT = 512;
/** Code without calls of its own may use this much below the stack pointer (System V AMD64 ABI, "red zone"). */
const RED_ZONE_BYTES = 128;

/** One address per thread that has a stack; undefined where the kernel does not tell this user. */
export function readStackPointers(pid: number): number[] | undefined {
  return stackEnds(readThreadRegisters(pid, THREADS_LIMIT));
}

/** The same of threads that are known, as from a core file. */
export function stackEnds(threads: readonly ThreadRegisters[]): Address[] | undefined {
  const pointers = threads.filter((thread) => thread.stackPointer > 0).map((t) => t.stackPointer - RED_ZONE_BYTES);
  // What not every thread told would miss the stacks of some.
  return pointers.length === threads.length && pointers.length > 0 ? pointers : undefined;
}
