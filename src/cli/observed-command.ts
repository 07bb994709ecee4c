// An observation of a command: starts it, waits until its Python has set itself up, observes that, and ends what was
// started.

import { setTimeout as delay } from 'node:timers/promises';
import { LeakscopeError } from '../base/errors.ts';
import type { FindReport } from '../diagnose/find-report.ts';
import { runFind } from '../session/find-session.ts';
import type { FindOptions } from '../session/session-options.ts';
import { sameProcess } from '../target/process-info.ts';
import type { PythonProcess } from '../target/python-processes.ts';
import { signalOf } from './cancellation.ts';
import type { CliContext, Output } from './cli-context.ts';
import { endedEarlyReport } from './ended-early.ts';
import { pythonOfCommand } from './python-of-command.ts';
import { type StartedCommand, startCommand, waitForPython } from './started-command.ts';

/** How long an interpreter may take to set itself up, on a slow disk too. */
const START_UP_MS = 10_000;
const START_UP_POLL_MS = 100;

export type ObservationOptions = Omit<FindOptions, 'pid'>;

export interface CommandObservation {
  readonly find: ObservationOptions;
  readonly keepRunning?: boolean | undefined;
  readonly cwd?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** What is done with the Python of a started command. */
export interface CommandRun<T> {
  run(pid: number): Promise<T>;
  /** The answer for a process that ended before there was one, `seconds` after it was seen. */
  endedEarly(python: PythonProcess, seconds: number, ending: string | undefined): T;
  readonly keepRunning?: boolean | undefined;
  readonly cwd?: string | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
}

/** Starts the command, runs `find` on its Python, and ends it again unless it is to be kept running. */
export async function observeCommand(
  words: readonly string[],
  options: CommandObservation,
  output: Output,
  context: CliContext,
): Promise<FindReport> {
  const { find, ...command } = options;
  const run = (pid: number) => runFind({ pid, ...find, justStarted: true }, output.progress);
  return runOnCommand(words, { ...command, run, endedEarly: endedEarlyReport }, output, context);
}

/** Starts the command, does what is wanted with its Python, and ends it again unless it is to be kept running. */
export async function runOnCommand<T>(
  words: readonly string[],
  options: CommandRun<T>,
  output: Output,
  context: CliContext,
): Promise<T> {
  const { cwd, env } = options;
  const started = await startCommand(words, { stdoutToStderr: output.json, cwd, env });
  const passOn = () => {
    // A terminal's Ctrl-C has reached the whole process group already.
    const name = signalOf(context.signal);
    if (name === 'SIGTERM' || !context.stdinIsTty) started.signal(name);
  };
  context.signal.addEventListener('abort', passOn, { once: true });
  try {
    output.progress.stage('waiting for the command’s Python to start');
    return await runWhenSetUp(started, options, context);
  } finally {
    output.progress.done();
    context.signal.removeEventListener('abort', passOn);
    if (options.keepRunning === true) started.release();
    else await started.terminate();
  }
}

/** An interpreter is seen in memory before it has set itself up, for some milliseconds; looks again until then. */
async function runWhenSetUp<T>(started: StartedCommand, options: CommandRun<T>, context: CliContext): Promise<T> {
  const startedAt = performance.now();
  while (true) {
    const python = await waitForPython(started, pythonOfCommand, context.signal);
    const seenAt = performance.now();
    try {
      return await options.run(python.pid);
    } catch (error) {
      if (context.signal.aborted || !(error instanceof LeakscopeError)) throw error;
      if (error.code === 'E_TARGET_EXITED' || !sameProcess(python.pid, python.startTimeTicks)) {
        return options.endedEarly(python, (performance.now() - seenAt) / 1000, await started.settledEnding());
      }
      if (!mayBeStartingUp(error) || performance.now() - startedAt > START_UP_MS) throw error;
      await delay(START_UP_POLL_MS, undefined, { signal: context.signal });
    }
  }
}

/** What reading an interpreter that is not set up yet looks like. */
function mayBeStartingUp({ code }: LeakscopeError): boolean {
  return code === 'E_UNKNOWN_LAYOUT' || code === 'E_NOT_PYTHON' || code === 'E_NOT_CPYTHON';
}
