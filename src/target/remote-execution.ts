// Asks a CPython process to run a script of ours, by the protocol that CPython 3.14 and later has for it (PEP 768): the
// script's path goes into the main thread's state, a flag asks the thread to look there, and the thread runs the script at
// its next safe point. This is the only file that writes to another process's memory; docs/adr/0011 says when it may.

import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled, LeakscopeError } from '../base/errors.ts';
import type { RemoteCallPlaces } from '../cpython/remote-call-places.ts';
import { openPauseGuard, type PauseGuard, targetExited } from './pause.ts';
import { permissionError } from './permission.ts';
import { readProcessStat, sameProcess } from './process-info.ts';
import { makeScriptFolder, type ScriptFolder } from './script-folder.ts';

/** Something for the target to run. */
export interface RemoteScript {
  /** Python statements; `reply(a, b, …)` hands whole numbers back. Never made of what a user or a target says. */
  readonly statements: readonly string[];
}

export interface RemoteCallOptions {
  /** How long the main thread may take to come to a safe point. */
  readonly startTimeoutMs?: number;
  /** How long the script may then run. */
  readonly runTimeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

const START_TIMEOUT_MS = 10_000;
const RUN_TIMEOUT_MS = 120_000;
const POLL_MS = 10;
const SCRIPT = 'script.py';
const REPLY = 'reply';
/** Written by the script before anything else. */
const BEGUN = 'begun';
/** Between the thread's taking the call and the script's first line. */
const OPEN_TIMEOUT_MS = 10_000;
/** After the last moment at which the call is waited for. */
const LATE_SECONDS = 5;

/**
 * Runs the script in the target and returns the numbers it hands back. `placesNow` reads from the memory that was attached to
 * where the call goes; it is asked again when the target stands still, as the process may run another program by then. Throws E_CALL_NOT_RUN when the thread does not come
 * to a safe point in time (the call is then taken back, and is certain not to run later), E_CALL_FAILED when the script
 * raises, E_TARGET_EXITED, E_PERMISSION, E_FILE_WRITE, E_CANCELLED.
 */
export async function runInTarget(
  pid: number,
  placesNow: () => RemoteCallPlaces | undefined,
  script: RemoteScript,
  options: RemoteCallOptions = {},
): Promise<readonly number[]> {
  const startTimeTicks = readProcessStat(pid)?.startTimeTicks;
  if (startTimeTicks === undefined) throw targetExited(pid);
  const guard = await openPauseGuard(pid);
  try {
    const startTimeoutMs = options.startTimeoutMs ?? START_TIMEOUT_MS;
    // Should leakscope be killed while the call waits, it must not run hours later.
    const lateSeconds = Math.ceil((Date.now() + startTimeoutMs) / 1000) + LATE_SECONDS;
    const folder = makeScriptFolder(pid, { name: SCRIPT, text: (path) => scriptText(script, path, lateSeconds) });
    try {
      const fd = openForWriting(pid);
      try {
        const call: PendingCall = {
          pid,
          startTimeTicks,
          places: place(pid, placesNow, fd, guard, folder),
          fd,
          guard,
          folder,
        };
        return await awaitReply(call, startTimeoutMs, options);
      } finally {
        closeSync(fd);
      }
    } finally {
      folder.remove([SCRIPT, BEGUN, REPLY, `${REPLY}.part`]);
    }
  } finally {
    guard.close();
  }
}

interface PendingCall {
  readonly pid: number;
  readonly startTimeTicks: number;
  readonly places: RemoteCallPlaces;
  readonly fd: number;
  readonly guard: PauseGuard;
  readonly folder: ScriptFolder;
}

/**
 * The reply is renamed into place, so that it is whole when it is seen. What goes wrong is told by the name of the
 * exception only: its text may hold values. Nothing is imported that is not part of the interpreter itself.
 */
function scriptText({ statements }: RemoteScript, folder: string, lateSeconds: number): string {
  return [
    'def leakscope():',
    '    import posix, time',
    `    if time.time() > ${lateSeconds}:`,
    '        return',
    '    try:',
    `        posix.close(posix.open(${JSON.stringify(`${folder}/${BEGUN}`)}, posix.O_CREAT | posix.O_WRONLY, 0o600))`,
    '    except OSError:',
    '        return',
    '    numbers = []',
    '    reply = lambda *them: numbers.extend(them)',
    '    try:',
    ...statements.map((statement) => `        ${statement}`),
    '        answer = "done " + " ".join(map(str, map(int, numbers)))',
    '    except BaseException as error:',
    '        answer = "failed " + type(error).__name__',
    // Nobody waits for the answer any more when the folder is gone.
    '    try:',
    `        with open(${JSON.stringify(`${folder}/${REPLY}.part`)}, "w") as file:`,
    '            file.write(answer)',
    `        posix.rename(${JSON.stringify(`${folder}/${REPLY}.part`)}, ${JSON.stringify(`${folder}/${REPLY}`)})`,
    '    except OSError:',
    '        pass',
    'leakscope()',
    '',
  ].join('\n');
}

function openForWriting(pid: number): number {
  try {
    return openSync(`/proc/${pid}/mem`, 'r+');
  } catch (error) {
    throw permissionError(pid, error, 'its memory');
  }
}

/** Stopped, because the flags are read, changed and written back, which the target's own threads must not do meanwhile. */
function place(
  pid: number,
  placesNow: () => RemoteCallPlaces | undefined,
  fd: number,
  guard: PauseGuard,
  folder: ScriptFolder,
): RemoteCallPlaces {
  const path = new TextEncoder().encode(`${folder.path}/${SCRIPT}\0`);
  guard.pause();
  try {
    if (guard.wasStopped) {
      throw new LeakscopeError('E_CALL_NOT_RUN', `process ${pid} is stopped: it would not come to run it`, {
        hint: `another tool or a person stopped it; kill -CONT ${pid} lets it go on`,
      });
    }
    const places = placesNow();
    if (places === undefined) throw targetExited(pid);
    if (path.length > places.scriptPathSize) {
      throw new LeakscopeError('E_INTERNAL', 'the script’s path does not fit into the thread’s state');
    }
    if (readInt32(fd, places.pendingCall) !== 0) {
      throw new LeakscopeError('E_CALL_NOT_RUN', `another tool has just asked process ${pid} to run something`, {
        hint: 'try again when it has',
      });
    }
    writeAll(fd, path, places.scriptPath);
    writeInt32(fd, 1, places.pendingCall);
    const flags = new BigUint64Array(1);
    readSync(fd, new Uint8Array(flags.buffer), 0, 8, places.evalBreaker);
    flags[0]! |= places.pleaseStopBit;
    writeAll(fd, new Uint8Array(flags.buffer), places.evalBreaker);
    return places;
  } finally {
    guard.resume();
  }
}

async function awaitReply(
  call: PendingCall,
  startTimeoutMs: number,
  options: RemoteCallOptions,
): Promise<readonly number[]> {
  const { pid, places, fd, folder } = call;
  let dueMs = performance.now() + startTimeoutMs;
  let hasBegun = false;
  let isRunning = false;
  while (true) {
    const reply = folder.read(REPLY);
    if (reply !== undefined) return parseReply(reply, pid);
    if (!sameProcess(pid, call.startTimeTicks)) throw targetExited(pid);
    if (!hasBegun && readInt32(fd, places.pendingCall) === 0) {
      hasBegun = true;
      dueMs = performance.now() + OPEN_TIMEOUT_MS;
    }
    if (hasBegun && !isRunning && folder.read(BEGUN) !== undefined) {
      isRunning = true;
      dueMs = performance.now() + (options.runTimeoutMs ?? RUN_TIMEOUT_MS);
    }
    const isCancelled = options.signal?.aborted === true;
    if (isCancelled || performance.now() > dueMs) {
      if (!hasBegun && takeBack(call)) throw isCancelled ? cancelled() : notRun(pid);
      // It began in the last moment; its folder must be there until it has answered.
      if (!hasBegun) continue;
      throw isCancelled ? cancelled() : isRunning ? unanswered(pid) : refused(pid);
    }
    await sleep(POLL_MS);
  }
}

/** Whether the call had not begun: then it never will. */
function takeBack({ places, fd, guard }: PendingCall): boolean {
  guard.pause();
  try {
    if (readInt32(fd, places.pendingCall) === 0) return false;
    writeInt32(fd, 0, places.pendingCall);
    return true;
  } finally {
    guard.resume();
  }
}

function parseReply(reply: string, pid: number): readonly number[] {
  const [word, ...rest] = reply.split(' ');
  if (word === 'done') return rest.filter((text) => text !== '').map(Number);
  const name = /^\w+$/.test(rest[0] ?? '') ? rest[0] : 'an exception';
  throw new LeakscopeError('E_CALL_FAILED', `process ${pid} ran it and raised ${name}`, {
    hint: 'the program may have replaced a built-in module or function that it uses; nothing else was run',
  });
}

function notRun(pid: number): LeakscopeError {
  return new LeakscopeError(
    'E_CALL_NOT_RUN',
    `the main thread of process ${pid} did not come to run it; it was taken back`,
    {
      hint: 'the thread waits in a call outside Python (a lock, a read, a long computation): try again when it is at work',
    },
  );
}

function unanswered(pid: number): LeakscopeError {
  return new LeakscopeError('E_CALL_FAILED', `process ${pid} began to run it and has not answered`, {
    hint: 'it may still be at it, or it may not write to its own folder of temporary files',
  });
}

function refused(pid: number): LeakscopeError {
  return new LeakscopeError('E_CALL_FAILED', `process ${pid} took the call and did not run it`, {
    hint: 'an audit hook of the program may forbid it, or it may not read its own folder of temporary files',
  });
}

function readInt32(fd: number, address: number): number {
  const value = new Int32Array(1);
  const length = readSync(fd, new Uint8Array(value.buffer), 0, 4, address);
  if (length !== 4) throw new LeakscopeError('E_TARGET_EXITED', 'the process ended, or runs another program now');
  return value[0]!;
}

function writeInt32(fd: number, value: number, address: number): void {
  writeAll(fd, new Uint8Array(Int32Array.of(value).buffer), address);
}

function writeAll(fd: number, bytes: Uint8Array, address: number): void {
  const written = writeSync(fd, bytes, 0, bytes.length, address);
  if (written !== bytes.length)
    throw new LeakscopeError('E_PERMISSION', 'the process’s memory cannot be written to', {
      hint: 'the kernel may restrict it (proc_mem.force_override): start the program with python -X tracemalloc=10 instead',
    });
}
