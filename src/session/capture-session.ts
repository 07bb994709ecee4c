// One core file of a live process: attach, pause, copy, resume, write.

import { readFileSync } from 'node:fs';
import { LeakscopeError } from '../base/errors.ts';
import { type Problem, ProblemLog } from '../base/problems.ts';
import { VERSION } from '../base/version.ts';
import type { CaptureFacts } from '../diagnose/capture-facts.ts';
import { encodeCaptureNote } from '../target/capture-note.ts';
import { planCore } from '../target/core-layout.ts';
import { writeCore } from '../target/core-writer.ts';
import { hostMachine } from '../target/elf.ts';
import { regionAt } from '../target/memory-maps.ts';
import { parseSmaps } from '../target/memory-use.ts';
import { openPauseFacts, type PauseFacts } from '../target/pause-facts.ts';
import type { ProcessMemory } from '../target/process-memory.ts';
import { applicationOf } from '../target/python-processes.ts';
import { openTargetFiles, type TargetFiles } from '../target/target-files.ts';
import { AttachedTarget, factsOfCapture } from './attached-target.ts';
import { type Progress, pythonName, type SnapshotOptions } from './session-options.ts';

export interface CaptureCoreOptions extends SnapshotOptions {
  /** The file to write. */
  readonly file: string;
}

export interface CapturedCore {
  readonly pid: number;
  readonly app: string;
  readonly python: string;
  /** When the process was paused, ISO 8601, UTC. */
  readonly takenAt: string;
  readonly pauseMs: number;
  /** Length of the file, holes included. */
  readonly fileBytes: number;
  /** What of it is no hole. */
  readonly writtenBytes: number;
  readonly threads: number;
  readonly facts: CaptureFacts;
  readonly problems: readonly Problem[];
}

/** Throws what attaching and pausing throw, and E_FILE_WRITE; the process runs on in every case. */
export async function captureCore(options: CaptureCoreOptions, progress: Progress): Promise<CapturedCore> {
  const log = new ProblemLog();
  progress.stage(`reading process ${options.pid}`);
  const target = await AttachedTarget.attach(options.pid, log);
  const reader = openPauseFacts(options.pid);
  let constants: ReturnType<typeof readConstants> | undefined;
  try {
    const { info, interpreter, memory } = target;
    const auxv = readAuxiliaryVector(info.pid);
    let facts: PauseFacts | undefined;
    const { captured } = await target.copy({
      maxPauseMs: options.maxPauseMs,
      precopy: options.precopy,
      signal: options.signal,
      progress: (step) => progress.update(undefined, step),
      whileStopped: () => {
        facts = reader.read();
      },
    });
    const { smaps, threads, resident, takenAt } = facts!;
    const noted = {
      tool: VERSION,
      pid: info.pid,
      app: applicationOf(info),
      python: pythonName(interpreter),
      takenAt: takenAt.toISOString(),
      pauseMs: captured.pauseMs,
    };
    progress.stage(`writing ${options.file}`);
    const { image, regions } = captured;
    constants = readConstants(info.pid, memory, smaps);
    const written = await writeCore(options.file, {
      machine: hostMachine(),
      pieces: planCore(regions, image.segments, constants, interpreter.location.modulePath),
      regions,
      image,
      memory: constants,
      pid: info.pid,
      parentPid: info.parentPid,
      uid: info.uid,
      comm: info.comm,
      threads,
      auxv,
      note: encodeCaptureNote({ ...noted, smaps, threads, resident }),
      signal: options.signal,
      progress: (fraction) => progress.update(fraction),
    });
    if (!target.isAlive) {
      log.add(
        'constants-left-out',
        'the process ended while the core was written: constants that only it had are missing',
      );
    }
    return { ...noted, ...written, threads: threads.length, facts: factsOfCapture(captured), problems: log.list() };
  } finally {
    constants?.close();
    reader.close();
    target.close();
  }
}

/**
 * Reads constants from their files where they are the same there: a page that is read through the process becomes
 * resident in it.
 */
function readConstants(pid: number, memory: ProcessMemory, smaps: string): Pick<ProcessMemory, 'read'> & TargetFiles {
  const files = openTargetFiles(pid);
  const unchanged = parseSmaps(smaps)
    .filter((use) => use.anonymousBytes === 0)
    .map((use) => use.region);
  return {
    ...files,
    read(address, into) {
      const region = regionAt(unchanged, address);
      const inFile = region && files.readMapped(region, address, into.length);
      if (inFile === undefined) return memory.read(address, into);
      into.set(inFile);
      return into.length;
    },
  };
}

function readAuxiliaryVector(pid: number): Uint8Array {
  try {
    return readFileSync(`/proc/${pid}/auxv`);
  } catch (cause) {
    throw new LeakscopeError('E_TARGET_EXITED', `process ${pid} ended while it was being read`, { cause });
  }
}
