// What leakscope may run inside a process, one line each, always with consent: tracemalloc on and off, a collection.

import { LeakscopeError } from '../base/errors.ts';
import { type RemoteCallPlaces, remoteCallSupport } from '../cpython/remote-call-places.ts';
import { readMemoryMaps } from '../target/memory-maps.ts';
import { liveImage } from '../target/process-memory.ts';
import { applicationOf } from '../target/python-processes.ts';
import { type RemoteScript, runInTarget } from '../target/remote-execution.ts';
import type { AttachedTarget } from './attached-target.ts';

/** A line to run, as it is shown to the person who is asked, and the script that runs it. */
export interface RemoteCall {
  /** Python, one line. */
  readonly line: string;
  readonly script: RemoteScript;
}

/** Who is asked before anything is run. Throws E_NO_CONSENT. */
export type AskConsent = (request: ConsentRequest) => Promise<void>;

export interface ConsentRequest {
  readonly pid: number;
  readonly app: string;
  /** Python lines, in order. */
  readonly lines: readonly string[];
}

/** The C module: the one around it would import a dozen others into the process. */
export function startTracing(frames: number): RemoteCall {
  const line = `import _tracemalloc; _tracemalloc.start(${frames})`;
  return { line, script: { statements: [line, 'reply(_tracemalloc.is_tracing())'] } };
}

export function stopTracing(): RemoteCall {
  const line = 'import _tracemalloc; _tracemalloc.stop()';
  return { line, script: { statements: [line, 'reply(_tracemalloc.is_tracing())'] } };
}

/**
 * Replies with what gc.collect() returned, the length of gc.garbage before and after, 1 where the collector was off, and how
 * many microseconds it took.
 */
export function collectGarbage(): RemoteCall {
  const line = 'import gc; gc.collect()';
  const statements = [
    'import gc, time',
    'before = len(gc.garbage)',
    'began = time.perf_counter_ns()',
    'found = gc.collect()',
    'took = time.perf_counter_ns() - began',
    'reply(found, before, len(gc.garbage), not gc.isenabled(), took // 1000)',
  ];
  return { line, script: { statements } };
}

/** Asks, once for all calls. Throws E_NO_REMOTE_CALLS before anybody is asked, and E_NO_CONSENT. */
export async function consentTo(target: AttachedTarget, calls: readonly RemoteCall[], ask: AskConsent): Promise<void> {
  requirePlaces(target);
  const { pid } = target.info;
  await ask({ pid, app: applicationOf(target.info), lines: calls.map(({ line }) => line) });
}

/** Runs what was consented to, and returns the numbers it replied. Throws as `runInTarget`, and E_NO_REMOTE_CALLS. */
export function runCall(
  target: AttachedTarget,
  call: RemoteCall,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  requirePlaces(target);
  const placesNow = (): RemoteCallPlaces | undefined => {
    const support = supportOf(target);
    return support.kind === 'allowed' ? support.places : undefined;
  };
  return runInTarget(target.info.pid, placesNow, call.script, { signal });
}

/** Whether the process could be asked: CPython 3.14 or later, with it built in and not switched off. */
export function takesRemoteCalls(target: AttachedTarget): boolean {
  return supportOf(target).kind === 'allowed';
}

function supportOf({ memory, interpreter, info }: AttachedTarget): ReturnType<typeof remoteCallSupport> {
  return remoteCallSupport(liveImage(memory, readMemoryMaps(info.pid)), interpreter);
}

function requirePlaces(target: AttachedTarget): RemoteCallPlaces {
  const { pid } = target.info;
  const support = supportOf(target);
  switch (support.kind) {
    case 'allowed':
      return support.places;
    case 'disabled':
      throw new LeakscopeError('E_NO_REMOTE_CALLS', `process ${pid} was started with remote debugging switched off`, {
        hint: 'by PYTHON_DISABLE_REMOTE_DEBUG, -X disable-remote-debug or its build, which leakscope respects',
      });
    case 'unsupported':
      throw new LeakscopeError(
        'E_NO_REMOTE_CALLS',
        `CPython ${target.interpreter.versionText} runs nothing for another process (3.14 and later do)`,
        {
          hint: 'what must be run inside has to be there from the start: python -X tracemalloc=10, or the agent (leakscope agent)',
        },
      );
  }
}
