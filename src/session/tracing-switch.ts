// tracemalloc switched on and off in a running process, with consent: by CPython's remote debugging protocol where the process
// takes it, by the agent where one runs in it.

import { LeakscopeError } from '../base/errors.ts';
import { askAgent, findAgentSocket } from '../target/agent-socket.ts';
import { applicationOf } from '../target/python-processes.ts';
import type { AttachedTarget } from './attached-target.ts';
import { type AskConsent, consentTo, runCall, startTracing, stopTracing, takesRemoteCalls } from './remote-calls.ts';
import type { Progress } from './session-options.ts';
import { isUntraced } from './tracing-state.ts';

export interface TracingSwitch {
  /** Frames of each stack to keep, where tracing is to be switched on. */
  readonly startFrames?: number | undefined;
  readonly stop: boolean;
  readonly ask: AskConsent;
}

/** What was agreed on, and is left to do after the last look. */
export interface SwitchedTracing {
  readonly started: boolean;
  readonly stop: boolean;
}

/** Whether there is a way to switch it, for those who consent. */
export function takesTracingCalls(target: AttachedTarget): boolean {
  return takesRemoteCalls(target) || findAgentSocket(target.info.pid) !== undefined;
}

/**
 * One question for all that will be run. A process that traces already goes on with the frames it has. Throws E_NOT_TRACING where
 * it is not to be switched on, and what remote-calls.ts and agent-socket.ts throw.
 */
export async function switchTracingOn(
  target: AttachedTarget,
  { startFrames, stop, ask }: TracingSwitch,
  signal: AbortSignal,
  progress: Progress,
): Promise<SwitchedTracing> {
  const mustStart = isUntraced(target);
  if (mustStart && startFrames === undefined) throw notTracing(target, 'not tracing');
  const calls = [...(mustStart ? [startTracing(startFrames!)] : []), ...(stop ? [stopTracing()] : [])];
  if (calls.length === 0) return { started: false, stop };
  if (isByAgent(target)) {
    const lines = [
      ...(mustStart ? [`tracemalloc.start(${startFrames})`] : []),
      ...(stop ? ['tracemalloc.stop()'] : []),
    ];
    await ask({ pid: target.info.pid, app: applicationOf(target.info), lines });
  } else {
    await consentTo(target, calls, ask);
  }
  if (mustStart) {
    progress.stage('switching tracing on');
    if (isByAgent(target)) {
      await askAgent(target.info.pid, 'tracemalloc.start', { parameters: { frames: startFrames! }, signal });
    } else {
      await runCall(target, startTracing(startFrames!), signal);
    }
  }
  return { started: mustStart, stop };
}

/** The notes that say what tracing does from now on. */
export async function switchTracingOff(
  target: AttachedTarget,
  { started, stop }: SwitchedTracing,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const since = started ? ['it traces since the first look: what was allocated before is not in these figures'] : [];
  if (!target.isAlive) return since;
  if (stop) {
    await runStop(target, signal);
    return [...since, 'tracing is switched off now'];
  }
  return started ? [...since, goesOn(target.info.pid)] : [];
}

/** A run that was cancelled or failed leaves the process as was agreed, or says that it does not. */
export async function afterFailure(
  target: AttachedTarget,
  switched: SwitchedTracing,
  error: unknown,
): Promise<unknown> {
  if (!switched.started || !target.isAlive || !(error instanceof LeakscopeError)) return error;
  if (switched.stop) {
    try {
      await runStop(target, undefined);
      return error;
    } catch {
      // Said below: it goes on.
    }
  }
  const { code, message, hint, exitCode } = error;
  const hints = [...(hint === undefined ? [] : [hint]), goesOn(target.info.pid)];
  return new LeakscopeError(code, message, { hint: hints.join('\n'), exitCode, cause: error });
}

async function runStop(target: AttachedTarget, signal: AbortSignal | undefined): Promise<void> {
  if (isByAgent(target)) await askAgent(target.info.pid, 'tracemalloc.stop', { signal });
  else await runCall(target, stopTracing(), signal);
}

function isByAgent(target: AttachedTarget): boolean {
  return !takesRemoteCalls(target) && findAgentSocket(target.info.pid) !== undefined;
}

function goesOn(pid: number): string {
  return `it goes on tracing, which costs it time and memory: leakscope trace ${pid} --stop`;
}

/** What can be known without, and how to have it. */
export function notTracing(target: AttachedTarget, found: 'not tracing' | 'unknown'): LeakscopeError {
  const { pid } = target.info;
  const { versionText } = target.interpreter;
  const message =
    found === 'not tracing'
      ? `process ${pid} does not trace its allocations`
      : `no tables of tracemalloc were found in process ${pid} (CPython ${versionText} without symbols, or not tracing)`;
  return new LeakscopeError('E_NOT_TRACING', message, {
    hint: [
      `without tracing: what there is by type and who holds it, leakscope report ${pid};`,
      `what grows, who holds it and which source lines add to it, leakscope find ${pid}`,
      ...(takesTracingCalls(target)
        ? [`switch it on in the process, which runs one line of Python there: leakscope trace ${pid} --start`]
        : []),
      'for the allocating lines start it with PYTHONTRACEMALLOC=10 or python -X tracemalloc=10,',
      'or let leakscope start it: leakscope trace -- python app.py; an agent in it can be asked too: leakscope agent',
    ].join('\n'),
  });
}
