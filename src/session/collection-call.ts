// A full collection run inside a process, with consent: by CPython's remote debugging protocol where the process takes it, by
// the agent where one runs in it.

import { LeakscopeError } from '../base/errors.ts';
import type { GcCollection } from '../diagnose/gc-watch.ts';
import { askAgent, findAgentSocket } from '../target/agent-socket.ts';
import { applicationOf } from '../target/python-processes.ts';
import type { AttachedTarget } from './attached-target.ts';
import { type AskConsent, collectGarbage, consentTo, runCall, takesRemoteCalls } from './remote-calls.ts';

export type CollectionResult = Pick<GcCollection, 'by' | 'found' | 'ms' | 'uncollectable'>;

/** Agreed on, not yet run. */
export interface CollectionCall {
  /** Throws what the way it is run by throws: E_CALL_NOT_RUN, E_CALL_FAILED, E_AGENT, E_TARGET_EXITED, E_CANCELLED. */
  run(signal: AbortSignal): Promise<CollectionResult>;
}

/** A collection of tens of millions of objects takes half a minute, and as long again while the machine is busy. */
const AGENT_TIMEOUT_MS = 120_000;

/**
 * Finds a way and asks. The protocol comes first: it runs the collection, and the finalizers with it, in the main thread,
 * as the program itself would. Throws E_NO_REMOTE_CALLS where there is no way, before anybody is asked; E_NO_CONSENT.
 */
export async function prepareCollection(target: AttachedTarget, ask: AskConsent): Promise<CollectionCall> {
  const { pid } = target.info;
  const hasAgent = findAgentSocket(pid) !== undefined;
  if (!hasAgent || takesRemoteCalls(target)) {
    await consentTo(target, [collectGarbage()], ask);
    return {
      run: async (signal) => {
        try {
          return await byProtocol(target, signal);
        } catch (error) {
          // The main thread waits somewhere: it was taken back, and the agent has a thread of its own.
          if (!hasAgent || !(error instanceof LeakscopeError) || error.code !== 'E_CALL_NOT_RUN') throw error;
          return byAgent(pid, signal);
        }
      },
    };
  }
  await ask({ pid, app: applicationOf(target.info), lines: ['gc.collect()'] });
  return { run: (signal) => byAgent(pid, signal) };
}

async function byProtocol(target: AttachedTarget, signal: AbortSignal): Promise<CollectionResult> {
  const [found = 0, keptBefore = 0, keptAfter = 0, , micros = 0] = await runCall(target, collectGarbage(), signal);
  return { by: 'remote debugging protocol', found, ms: micros / 1000, uncollectable: keptAfter - keptBefore };
}

async function byAgent(pid: number, signal: AbortSignal): Promise<CollectionResult> {
  const answer = await askAgent(pid, 'gc.collect', { timeoutMs: AGENT_TIMEOUT_MS, signal });
  const { collected, uncollectable, seconds } = answer;
  if (typeof collected !== 'number' || typeof uncollectable !== 'number' || typeof seconds !== 'number') {
    throw new LeakscopeError('E_AGENT', `the agent in process ${pid} ran a collection and did not say what it found`, {
      hint: 'it may be of another version than this leakscope',
    });
  }
  return { by: 'agent', found: collected, ms: Math.round(seconds * 1e6) / 1000, uncollectable };
}
