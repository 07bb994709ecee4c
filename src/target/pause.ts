// Stops a process for a short, synchronous moment and guarantees that it runs on: after success, after an error, when
// this tool exits, and (by a watchdog of its own session) when this tool is killed or hangs.
// SIGSTOP, not ptrace: plain Node has no ptrace, and PEP 475 makes Python retry the calls that a stop interrupts.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { assert } from '../base/assert.ts';
import { LeakscopeError } from '../base/errors.ts';
import { permissionError } from './permission.ts';
import { listProcFolder, meansGone, readProcText } from './proc-file.ts';
import { parseProcessStat, readProcessStat, sameProcess } from './process-info.ts';

/** Power over one target's running and standing still. */
export interface PauseGuard {
  readonly pid: number;
  /** The target was stopped before us, by someone else: then pause and resume leave it as it is. */
  readonly wasStopped: boolean;
  /**
   * Stops the target and returns when every thread stands still. Throws E_PAUSE_FAILED (and has resumed it then),
   * E_TARGET_EXITED, or E_PERMISSION.
   */
  pause(): void;
  /** Lets the target run on. Does nothing when it is not paused by this guard. */
  resume(): void;
  /** Whether the pause held until now: false when someone else resumed the target, or the watchdog did. */
  isHeld(): boolean;
  /** Resumes where needed and ends the watchdog. */
  close(): void;
}

export interface PauseOptions {
  /** The watchdog resumes the target after this time, whatever the tool does, in seconds. */
  readonly limitSeconds?: number;
  /** How long the threads may take to stand still, in milliseconds. One in the kernel's D state may take long. */
  readonly settleMs?: number;
}

/** Far above the longest copy (a 100 GB process takes 35 s) and still an end to a hang nobody watches. */
const DEFAULT_LIMIT_SECONDS = 120;
const DEFAULT_SETTLE_MS = 1000;
const SETTLE_STEP_MS = 0.2;

/**
 * Reads commands from its standard input: `arm` and `disarm`. At the end of input while armed, or when the armed time
 * runs out, it continues the target, unless another process has the PID by then (field 22 of stat is the start time).
 * Only shell built-ins and sleep(1), so that it starts in a millisecond and needs a few hundred kilobytes. The sleep is
 * ended with KILL: a TERM that meets it between fork and exec would be taken by the shell's handler and lost. Its PID is
 * kept in `nap`, because `$!` is at first still that of an earlier timer, which may belong to anyone by now.
 */
const WATCHDOG_SCRIPT = `
pid=$1 start=$2 limit=$3 timer=
resume() {
  stat=
  while IFS= read -r line || [ -n "$line" ]; do stat="$stat $line"; done < "/proc/$pid/stat" || return
  set -- \${stat##*)}
  shift 19
  [ "$1" = "$start" ] && kill -CONT "$pid"
}
count_down() {
  over= nap=
  trap 'over=1; [ -n "$nap" ] && kill -KILL "$nap"' TERM
  sleep "$limit" <&- &
  nap=$!
  [ -n "$over" ] && kill -KILL "$nap"
  wait "$nap"
  [ -z "$over" ] && resume
}
disarm() {
  [ -n "$timer" ] && kill "$timer" && wait "$timer"
  timer=
}
echo ready
while IFS= read -r command; do
  case $command in
    arm) count_down & timer=$! ;;
    disarm) disarm ;;
  esac
done
if [ -n "$timer" ]; then resume; fi
disarm
`;

/**
 * Prepares to pause a process: everything that takes time happens here, before any pause. Throws E_PAUSE_FAILED where
 * it cannot work at all. Close the guard in a `finally`.
 */
export async function openPauseGuard(pid: number, options: PauseOptions = {}): Promise<PauseGuard> {
  const stat = readProcessStat(pid);
  if (stat === undefined) throw new LeakscopeError('E_NO_SUCH_PROCESS', `there is no process ${pid}`);
  refuseUnstoppable(pid);
  const startTimeTicks = stat.startTimeTicks;
  const watchdog = await startWatchdog(pid, startTimeTicks, options.limitSeconds ?? DEFAULT_LIMIT_SECONDS);
  return new SignalPauseGuard(pid, startTimeTicks, watchdog, options.settleMs ?? DEFAULT_SETTLE_MS);
}

/** Why `pid` can never be stopped by a signal from here, or nothing. */
function refuseUnstoppable(pid: number): void {
  if (pid === process.pid) {
    throw new LeakscopeError('E_PAUSE_FAILED', 'leakscope cannot pause itself');
  }
  if (pid === 1) {
    throw new LeakscopeError(
      'E_PAUSE_FAILED',
      'process 1 cannot be stopped from inside its own container: the kernel ignores SIGSTOP for it',
      { hint: 'run leakscope on the host, or start the container with an init process (docker run --init)' },
    );
  }
}

/** Watchdogs of this thread that have not ended yet. */
const running = new Set<Promise<unknown>>();

/**
 * When the watchdogs of closed guards have ended. A thread that ends before leaves them as zombies, for as long as the
 * process lives.
 */
export async function watchdogsEnded(): Promise<void> {
  await Promise.all(running);
}

async function startWatchdog(pid: number, startTimeTicks: number, limitSeconds: number): Promise<ChildProcess> {
  const seconds = Math.max(1, Math.ceil(limitSeconds));
  const args = ['-c', WATCHDOG_SCRIPT, 'leakscope-watchdog', String(pid), String(startTimeTicks), String(seconds)];
  // A session of its own: Ctrl-C and a kill of our process group do not reach it.
  const child = spawn('/bin/sh', args, { stdio: ['pipe', 'pipe', 'ignore'], detached: true, cwd: '/' });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  running.add(ended);
  void ended.then(() => running.delete(ended));
  try {
    await once(child, 'spawn');
    await once(child.stdout!, 'data', { signal: AbortSignal.timeout(10_000) });
  } catch (cause) {
    child.kill('SIGKILL');
    throw new LeakscopeError('E_PAUSE_FAILED', 'the watchdog that would resume the target cannot be started', {
      hint: 'leakscope needs /bin/sh and sleep on this machine',
      cause,
    });
  }
  // Errors of the pipe show up at the next write, which is checked there.
  child.stdin!.on('error', () => {});
  child.stdout!.destroy();
  child.unref();
  return child;
}

class SignalPauseGuard implements PauseGuard {
  readonly pid: number;
  readonly #startTimeTicks: number;
  readonly #watchdog: ChildProcess;
  readonly #settleMs: number;
  readonly #resumeAtExit = (): void => this.resume();
  #wasStopped: boolean;
  #paused = false;
  #closed = false;

  constructor(pid: number, startTimeTicks: number, watchdog: ChildProcess, settleMs: number) {
    this.pid = pid;
    this.#startTimeTicks = startTimeTicks;
    this.#watchdog = watchdog;
    this.#settleMs = settleMs;
    this.#wasStopped = isStopped(pid);
    process.on('exit', this.#resumeAtExit);
  }

  get wasStopped(): boolean {
    return this.#wasStopped;
  }

  pause(): void {
    assert(!this.#closed && !this.#paused, 'pause on an open guard that is not paused');
    if (!sameProcess(this.pid, this.#startTimeTicks)) throw targetExited(this.pid);
    this.#wasStopped = isStopped(this.pid);
    if (this.#wasStopped) return;
    // Armed before the stop: from here on there is no moment in which a crash leaves the target stopped.
    this.#tell('arm');
    this.#paused = true;
    try {
      process.kill(this.pid, 'SIGSTOP');
      this.#waitUntilStill();
    } catch (error) {
      this.resume();
      if (error instanceof LeakscopeError) throw error;
      if (meansGone(error)) throw targetExited(this.pid);
      throw permissionError(this.pid, error, 'or stop it');
    }
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (sameProcess(this.pid, this.#startTimeTicks)) {
      try {
        process.kill(this.pid, 'SIGCONT');
      } catch (error) {
        // It ended in between; nothing is left to resume.
        if (!meansGone(error)) throw error;
      }
    }
    if (!this.#closed) this.#tell('disarm');
  }

  isHeld(): boolean {
    if (!this.#paused && !this.#wasStopped) return false;
    return sameProcess(this.pid, this.#startTimeTicks) && runningThreads(this.pid, new Set()) === 0;
  }

  close(): void {
    if (this.#closed) return;
    this.resume();
    this.#closed = true;
    process.off('exit', this.#resumeAtExit);
    this.#watchdog.stdin!.end();
  }

  /** The line must be in the kernel before this returns: a line queued in Node would die with us. */
  #tell(command: 'arm' | 'disarm'): void {
    const input = this.#watchdog.stdin!;
    if (input.writable) input.write(`${command}\n`);
    const isGone = this.#watchdog.exitCode !== null || this.#watchdog.signalCode !== null;
    if (command === 'arm' && (isGone || !input.writable || input.writableLength > 0)) {
      throw new LeakscopeError('E_PAUSE_FAILED', 'the watchdog that would resume the target has ended');
    }
  }

  #waitUntilStill(): void {
    const still = new Set<string>();
    const deadline = performance.now() + this.#settleMs;
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    while (runningThreads(this.pid, still) > 0) {
      if (performance.now() > deadline) {
        throw new LeakscopeError('E_PAUSE_FAILED', `not every thread of process ${this.pid} came to a stop`, {
          hint: 'a thread may be waiting for a disk or a network file system (state D); try again',
        });
      }
      Atomics.wait(sleeper, 0, 0, SETTLE_STEP_MS);
    }
    if (!sameProcess(this.pid, this.#startTimeTicks)) throw targetExited(this.pid);
  }
}

/** The error for a target that ended while it was looked at. */
export function targetExited(pid: number): LeakscopeError {
  return new LeakscopeError('E_TARGET_EXITED', `process ${pid} ended while it was being read`);
}

/** Stopped by a signal (T) or held by a tracer (t). */
function isStopped(pid: number): boolean {
  const state = readProcessStat(pid)?.state;
  return state === 'T' || state === 't';
}

/**
 * How many threads still run. Those found standing are remembered in `still`: a group stop lets none go again, and a
 * process with a thousand threads is waited for in one pass over the rest.
 */
function runningThreads(pid: number, still: Set<string>): number {
  let running = 0;
  for (const thread of listProcFolder(`/proc/${pid}/task`) ?? []) {
    if (still.has(thread)) continue;
    const text = readProcText(`/proc/${pid}/task/${thread}/stat`);
    const state = text === undefined ? undefined : parseProcessStat(text)?.state;
    // A thread that ended, or is ending, touches no memory of the process any more.
    if (state === undefined || state === 'T' || state === 't' || state === 'Z' || state === 'X') still.add(thread);
    else running++;
  }
  return running;
}
