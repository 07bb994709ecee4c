// Placeholder: one snapshot of a live process is written beside this.

import { LeakscopeError } from '../base/errors.ts';
import type { Problem } from '../base/problems.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import type { HeapFileMeta } from '../snapshot/heap-file.ts';
import type { Progress, SnapshotOptions } from './session-options.ts';

export interface TakenSnapshot {
  readonly graph: HeapGraph;
  readonly meta: HeapFileMeta;
  readonly pauseMs: number;
  readonly problems: readonly Problem[];
}

export async function takeSnapshot(_options: SnapshotOptions, _progress: Progress): Promise<TakenSnapshot> {
  throw new LeakscopeError('E_INTERNAL', 'snapshot is not connected yet');
}
