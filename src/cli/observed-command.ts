// `find` on a command: starts it, waits until its Python has set itself up, observes that, and ends what was started.

import { setTimeout as delay } from 'node:timers/promises';
import { LeakscopeError } from '../base/errors.ts';
import type { FindReport } from '../diagnose/find-report.ts';
import { runFind } from '../session/find-session.ts';
import type { FindOptions } from '../session/session-options.ts';
import { sameProcess } from '../target/process-info.ts';
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

/** Starts the command, runs `find` on its Python, and ends it again unless it is to be kept running. */
export async function observeCommand(
  words: readonly string[],
  options: CommandObservation,
  output: Output,
  context: CliContext,
): Promise<FindReport> {
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
    return await observeStarted(started, options.find, output, context);
  } finally {
    output.progress.done();
    context.signal.removeEventListener('abort', passOn);
    if (options.keepRunning === true) started.release();
    else await started.terminate();
  }
}

/** An interpreter is seen in memory before it has set itself up, for some milliseconds; looks again until then. */
async function observeStarted(
  started: StartedCommand,
  options: ObservationOptions,
  output: Output,
  context: CliContext,
): Promise<FindReport> {
  const startedAt = performance.now();
  while (true) {
    const python = await waitForPython(started, pythonOfCommand, context.signal);
    const seenAt = performance.now();
    try {
      return await runFind({ pid: python.pid, ...options }, output.progress);
    } catch (error) {
      if (context.signal.aborted) throw error;
      if (!sameProcess(python.pid, python.startTimeTicks)) {
        return endedEarlyReport(python, (performance.now() - seenAt) / 1000, await started.settledEnding());
      }
      if (!mayBeStartingUp(error) || performance.now() - startedAt > START_UP_MS) throw error;
      await delay(START_UP_POLL_MS, undefined, { signal: context.signal });
    }
  }
}

/** What reading an interpreter that is not set up yet looks like. */
function mayBeStartingUp(error: unknown): boolean {
  return (
    error instanceof LeakscopeError &&
    (error.code === 'E_UNKNOWN_LAYOUT' || error.code === 'E_NOT_PYTHON' || error.code === 'E_NOT_CPYTHON')
  );
}
