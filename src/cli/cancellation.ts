// Cancellation by signal: the abort reason is the failure to report, and remembers which signal asked for it.

import { LeakscopeError } from '../base/errors.ts';

export type StopSignal = 'SIGINT' | 'SIGTERM';

/** What to abort with when `name` arrives. */
export function cancelledBy(name: StopSignal): LeakscopeError {
  return new LeakscopeError('E_CANCELLED', `stopped by ${name} before there was an answer`, { cause: name });
}

/** The signal behind an aborted run. */
export function signalOf(signal: AbortSignal): StopSignal {
  return signal.reason instanceof LeakscopeError && signal.reason.cause === 'SIGTERM' ? 'SIGTERM' : 'SIGINT';
}
