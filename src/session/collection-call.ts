// A full collection run inside a process, with consent, by CPython's remote debugging protocol.

import type { GcCollection } from '../diagnose/gc-watch.ts';
import type { AttachedTarget } from './attached-target.ts';
import { type AskConsent, collectGarbage, consentTo, runCall } from './remote-calls.ts';

export type CollectionResult = Pick<GcCollection, 'by' | 'found' | 'ms' | 'uncollectable'>;

/** Agreed on, not yet run. */
export interface CollectionCall {
  /** Throws E_CALL_NOT_RUN, E_CALL_FAILED, E_TARGET_EXITED, E_CANCELLED. */
  run(signal: AbortSignal): Promise<CollectionResult>;
}

/** Asks. Throws E_NO_REMOTE_CALLS where there is no way, before anybody is asked; E_NO_CONSENT. */
export async function prepareCollection(target: AttachedTarget, ask: AskConsent): Promise<CollectionCall> {
  await consentTo(target, [collectGarbage()], ask);
  return { run: (signal) => byProtocol(target, signal) };
}

async function byProtocol(target: AttachedTarget, signal: AbortSignal): Promise<CollectionResult> {
  const [found = 0, keptBefore = 0, keptAfter = 0, , micros = 0] = await runCall(target, collectGarbage(), signal);
  return { by: 'remote debugging protocol', found, ms: micros / 1000, uncollectable: keptAfter - keptBefore };
}
