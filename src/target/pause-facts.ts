// What the kernel says about a stopped process that its memory does not: which pages are resident, and where its
// threads stand. Read in the pause, so that it fits the copy; opened before it.

import { readFileSync } from 'node:fs';
import { LeakscopeError } from '../base/errors.ts';
import type { CapturedThread, CaptureNote } from './capture-note.ts';
import { canHoldObjects, isAnonymous } from './capture-plan.ts';
import { parseMemoryMaps } from './memory-maps.ts';
import { openPagemap } from './pagemap.ts';
import { listProcFolder, readProcText } from './proc-file.ts';

export interface PauseFacts extends Pick<CaptureNote, 'smaps' | 'threads' | 'present'> {
  /** Text of /proc/PID/smaps holds the mappings too. */
  readonly takenAt: Date;
}

export interface PauseFactsReader {
  /** Reads; to be called while the process stands still. */
  read(): PauseFacts;
  close(): void;
}

export function openPauseFacts(pid: number): PauseFactsReader {
  const pagemap = openPagemap(pid);
  return {
    read() {
      const takenAt = new Date();
      const threads = readThreads(pid);
      const smaps = readSmaps(pid);
      const present = parseMemoryMaps(smaps)
        .filter(canHoldObjects)
        .map((region) => {
          const runs: number[] = [];
          pagemap.presentRuns(region, !isAnonymous(region), runs);
          return { region: region.start, runs };
        });
      return { takenAt, threads, smaps, present };
    },
    close: () => pagemap.close(),
  };
}

function readSmaps(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/smaps`, 'utf8');
  } catch (cause) {
    throw new LeakscopeError('E_TARGET_EXITED', `process ${pid} ended while it was being read`, { cause });
  }
}

/** The process's own thread first, as debuggers expect. */
function readThreads(pid: number): CapturedThread[] {
  const tids = (listProcFolder(`/proc/${pid}/task`) ?? []).map(Number).sort((a, b) => a - b);
  return [pid, ...tids.filter((tid) => tid !== pid)].map((tid) => ({ tid, ...registers(pid, tid) }));
}

/** `NUMBER ARGUMENTS… SP PC` inside a system call, `-1 SP PC` outside; `running` when it does not stand still. */
function registers(pid: number, tid: number): Omit<CapturedThread, 'tid'> {
  const fields = readProcText(`/proc/${pid}/task/${tid}/syscall`)?.trim().split(' ') ?? [];
  const [stackPointer, instructionPointer] = fields.slice(-2).map(Number);
  if (fields.length < 3 || !Number.isSafeInteger(stackPointer) || !Number.isSafeInteger(instructionPointer)) {
    return { stackPointer: 0, instructionPointer: 0 };
  }
  return { stackPointer: stackPointer!, instructionPointer: instructionPointer! };
}
