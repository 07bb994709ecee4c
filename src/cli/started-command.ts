// Runs the command of `find -- CMD…` beside the tool: starts it, waits for its Python, passes signals on, ends it.
// A process may always read its own children, so this way needs no privilege.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { LeakscopeError } from '../base/errors.ts';
import { sameProcess } from '../target/process-info.ts';
import { familyOf } from './process-family.ts';

/** How long a command may take until a Python interpreter runs in it: covers a slow wrapper, not an installation. */
const PYTHON_WAIT_MS = 60_000;
const POLL_MS = 50;
const SETTLE_MS = 500;
/** Time to end by itself after each signal. */
const GRACE_MS = 5_000;

export interface StartedCommand {
  readonly pid: number;
  /** `exit status 1`, `signal SIGKILL`; undefined while it runs. */
  ending(): string | undefined;
  /** The same, after a moment in which Node may learn what the kernel knows already. */
  settledEnding(): Promise<string | undefined>;
  /** Passes a signal on, if the command still runs. */
  signal(name: NodeJS.Signals): void;
  /** Ends the command and what it started: SIGTERM, then SIGKILL; returns when it has ended. */
  terminate(): Promise<void>;
  /** Lets the tool end while the command runs on. */
  release(): void;
}

export interface StartOptions {
  /** Stdout carries the tool's JSON, so the program's goes to stderr. */
  readonly stdoutToStderr: boolean;
  /** Leakscope's own where left out. */
  readonly cwd?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** Starts `words` with inherited stdio. Throws E_COMMAND_FAILED when it cannot be started. */
export async function startCommand(words: readonly string[], options: StartOptions): Promise<StartedCommand> {
  const [file = '', ...args] = words;
  const { cwd, env = process.env } = options;
  const child = spawn(file, args, { stdio: ['inherit', options.stdoutToStderr ? 2 : 'inherit', 'inherit'], cwd, env });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new LeakscopeError('E_COMMAND_FAILED', `cannot start ${file}: ${startFailure(error)}`, {
      hint: 'give the command as you would type it: leakscope find -- python app.py',
      cause: error,
    });
  }
  const pid = child.pid!;
  return {
    pid,
    ending: () => ending(child),
    async settledEnding() {
      for (let waited = 0; waited < SETTLE_MS && ending(child) === undefined; waited += POLL_MS) await delay(POLL_MS);
      return ending(child);
    },
    signal(name) {
      if (ending(child) === undefined) child.kill(name);
    },
    terminate: () => terminate(child),
    release: () => child.unref(),
  };
}

/**
 * Waits until `findPython` sees a running interpreter in the command (itself or a process it started) and returns it.
 * Throws E_COMMAND_FAILED when the command ends first, E_NOT_PYTHON when none comes up in time.
 */
export async function waitForPython<T>(
  command: StartedCommand,
  findPython: (pid: number) => T | undefined,
  signal: AbortSignal,
): Promise<T> {
  for (let waited = 0; waited < PYTHON_WAIT_MS; waited += POLL_MS) {
    signal.throwIfAborted();
    const python = findPython(command.pid);
    if (python !== undefined) return python;
    const ended = command.ending();
    if (ended !== undefined) {
      throw new LeakscopeError('E_COMMAND_FAILED', `the command ended (${ended}) before a Python interpreter was up`, {
        hint: 'check that it runs on its own; its output stands above',
      });
    }
    await delay(POLL_MS, undefined, { signal });
  }
  throw new LeakscopeError('E_NOT_PYTHON', 'the command started no CPython interpreter', {
    hint: 'leakscope ps lists the Python processes that run; find takes the PID of one of them',
  });
}

function ending(child: ChildProcess): string | undefined {
  if (child.signalCode !== null) return `signal ${child.signalCode}`;
  return child.exitCode === null ? undefined : `exit status ${child.exitCode}`;
}

/**
 * Ends the command and every process it started: a shell passes no signal on to its children. Who is meant is settled
 * before the first signal, as orphans lose their parent.
 */
async function terminate(child: ChildProcess): Promise<void> {
  if (ending(child) !== undefined) return;
  let members = familyOf(child.pid!);
  for (const name of ['SIGTERM', 'SIGKILL'] as const) {
    for (const member of members) sendSignal(member.pid, name);
    for (let waited = 0; waited < GRACE_MS && members.length > 0; waited += POLL_MS) {
      await delay(POLL_MS);
      members = members.filter((member) => sameProcess(member.pid, member.startTimeTicks));
    }
    if (members.length === 0) break;
  }
  if (ending(child) !== undefined) return;
  // Started with sudo, it may not be ours to end: then it must not keep the tool from ending.
  if (members.some((member) => member.pid === child.pid)) child.unref();
  // The kernel has ended it; Node hears of it a moment later.
  else await once(child, 'exit');
}

function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended meanwhile, or belongs to another user (sudo) and cannot be ended by us.
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

function startFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such command';
  if (code === 'EACCES') return 'it is not executable';
  return error instanceof Error ? error.message : String(error);
}
