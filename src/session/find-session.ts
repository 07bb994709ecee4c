// Placeholder: the run of `find` over time is written beside this.

import { LeakscopeError } from '../base/errors.ts';
import type { FindReport } from '../diagnose/find-report.ts';
import type { FindOptions, Progress } from './session-options.ts';

export async function runFind(_options: FindOptions, _progress: Progress): Promise<FindReport> {
  throw new LeakscopeError('E_INTERNAL', 'find is not connected yet');
}
