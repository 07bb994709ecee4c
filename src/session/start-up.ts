// Waits until a program that was just started has imported what it needs: what comes while modules are imported is no
// growth, and what is made by the last of them is not there before. Looks from outside and stops nothing.

import { setTimeout as sleep } from 'node:timers/promises';
import { LeakscopeError, throwIfCancelled } from '../base/errors.ts';
import { ProblemLog } from '../base/problems.ts';
import { entryCountAddress } from '../cpython/container-length.ts';
import { readInterpreterState } from '../cpython/interpreter-state.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import { StringReader } from '../cpython/python-string.ts';
import { readThreads } from '../cpython/thread-state.ts';
import { readMemoryMaps } from '../target/memory-maps.ts';
import { targetExited } from '../target/pause.ts';
import { readRss } from '../target/process-info.ts';
import { liveImage } from '../target/process-memory.ts';
import { readRunDelayMs } from '../target/resource-counts.ts';
import type { AttachedTarget } from './attached-target.ts';
import type { Progress } from './session-options.ts';

/** A program that has not imported anything for this long, and does not just now, has started. */
const QUIET_MS = 1_000;
/** Some programs do all their work inside an import: without a new module for this long that is what goes on. */
const QUIET_INSIDE_IMPORT_MS = 5_000;
/** Modules that come for this long without one import on a stack are made by the program's work, not by its start. */
const UNSEEN_IMPORTS_MS = 5_000;
/** A program that imports for longer is looked at all the same. */
const LIMIT_MS = 15_000;
/** On a busy host time counts only while the program has a processor or waits for none; this long in any case. */
const BUSY_HOST_LIMIT_MS = 60_000;
const POLL_MS = 100;
/** On a busy host the looks may be far apart: quiet is what several of them in a row have seen. */
const LEAST_QUIET_LOOKS = 5;
/** `co_filename` of the frames below an import; the same in all versions. */
const IMPORT_SYSTEM = '<frozen importlib._bootstrap>';
const PATH_LIMIT = 256;

/**
 * Returns when nothing was imported for about a second, or after 15 seconds, without the time in which the program stood
 * in line for a processor. Throws E_TARGET_EXITED when the process ends meanwhile, E_CANCELLED, and E_UNKNOWN_LAYOUT when
 * it becomes another program (exec).
 */
export async function waitForStartUp(target: AttachedTarget, signal: AbortSignal, progress: Progress): Promise<void> {
  progress.stage('waiting for the program to finish starting');
  const { pid } = target.info;
  const ownTime = (): number => performance.now() - readRunDelayMs(pid);
  const limitMs = performance.now() + BUSY_HOST_LIMIT_MS;
  const begunAtMs = ownTime();
  let quietSinceMs = begunAtMs;
  let quietLooks = 0;
  let importsSeen = 0;
  let modules = -1;
  while (true) {
    throwIfCancelled(signal);
    if (!target.isAlive) throw targetExited(pid);
    refuseAnotherProgram(target);
    const image = nowOf(target);
    const now = countModules(target, image);
    const isImporting = isInsideImport(target, image);
    if (isImporting) importsSeen++;
    const nowMs = ownTime();
    if (now > modules) {
      quietSinceMs = nowMs;
      quietLooks = 0;
    } else quietLooks++;
    modules = now;
    const quietMs = nowMs - quietSinceMs;
    const isQuiet = quietMs >= (isImporting ? QUIET_INSIDE_IMPORT_MS : QUIET_MS) && quietLooks >= LEAST_QUIET_LOOKS;
    const isWork = importsSeen === 0 && nowMs - begunAtMs >= UNSEEN_IMPORTS_MS;
    if (isQuiet || isWork || nowMs - begunAtMs >= LIMIT_MS || performance.now() >= limitMs) return;
    await sleep(POLL_MS, undefined, { signal }).catch(() => {});
  }
}

/** Entries of `sys.modules` now; 0 before there is one, and where it cannot be read. */
export function countModules(target: AttachedTarget, image: MemoryImage = nowOf(target)): number {
  const { layout, interpreters } = target.interpreter;
  const { runtimeAddress, address } = interpreters[0]!;
  // Asked for anew: an interpreter that is just being set up has none yet.
  const { modules } = readInterpreterState(image, layout, runtimeAddress, address);
  const count = modules === 0 ? undefined : entryCountAddress(image, layout, modules);
  return count === undefined ? 0 : image.u64(count);
}

/** Throws E_UNKNOWN_LAYOUT when the process is another program by now (exec), E_TARGET_EXITED when it has ended. */
export function refuseAnotherProgram(target: AttachedTarget): void {
  const { memory, info, interpreter } = target;
  if (memory.read(interpreter.interpreters[0]!.address, new Uint8Array(8)) > 0) return;
  // A process that ends gives up its memory some moments before it is gone.
  if (!target.isAlive || (readRss(info.pid) ?? 0) === 0) throw targetExited(info.pid);
  throw new LeakscopeError('E_UNKNOWN_LAYOUT', `process ${info.pid} became another program meanwhile`);
}

function nowOf({ memory, info }: AttachedTarget): MemoryImage {
  return liveImage(memory, readMemoryMaps(info.pid));
}

/** Whether some thread is importing: the code of a big module may run for seconds without importing another. */
function isInsideImport({ interpreter }: AttachedTarget, image: MemoryImage): boolean {
  const strings = new StringReader(image, interpreter.layout, 0);
  // Torn reads are expected of a process that runs.
  const torn = new ProblemLog();
  return readThreads(image, interpreter.interpreters[0]!, torn).some((thread) =>
    thread.frames.some(({ fileNameAddress }) => strings.read(fileNameAddress, PATH_LIMIT) === IMPORT_SYSTEM),
  );
}
