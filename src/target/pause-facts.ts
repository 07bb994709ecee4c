// What the kernel says about a stopped process that its memory does not: which pages are resident, and where its
// threads stand. Read in the pause, so that it fits the copy; opened before it.

import { LeakscopeError } from '../base/errors.ts';
import type { CaptureNote } from './capture-note.ts';
import { parseSmaps, readResidentRuns, readSmapsText } from './memory-use.ts';
import { openPagemap, type Pagemap } from './pagemap.ts';
import { readThreadRegisters } from './thread-registers.ts';

export interface PauseFacts extends Pick<CaptureNote, 'smaps' | 'threads' | 'resident'> {
  readonly takenAt: Date;
}

export interface PauseFactsReader {
  /** Reads; to be called while the process stands still. Throws E_PERMISSION or E_NO_SUCH_PROCESS. */
  read(): PauseFacts;
  close(): void;
}

export function openPauseFacts(pid: number): PauseFactsReader {
  const pagemap = openPagemap(pid);
  return {
    read() {
      const takenAt = new Date();
      const threads = readThreadRegisters(pid);
      const smaps = readSmapsText(pid);
      return { takenAt, threads, smaps, resident: residentPages(smaps, pagemap) };
    },
    close: () => pagemap.close(),
  };
}

/** Undefined where the kernel does not tell: the core then answers everything but which pages are in memory. */
function residentPages(smaps: string, pagemap: Pagemap): CaptureNote['resident'] {
  try {
    const { residentRuns, sharedRuns } = readResidentRuns(parseSmaps(smaps), pagemap);
    return { runs: residentRuns, shared: sharedRuns };
  } catch (error) {
    if (error instanceof LeakscopeError && error.code === 'E_UNSUPPORTED_HOST') return undefined;
    throw error;
  }
}
