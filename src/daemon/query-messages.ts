// Between the thread that serves and the one that holds the snapshots.

import type { QueryError } from '../protocol/web/heap-views.ts';
import type { Failure, SnapshotId } from '../protocol/web/workspace.ts';
import type { HeapAnalysis } from './heap-analysis.ts';
import type { LoadedSnapshot, MemoryView } from './query-engine.ts';
import type { Question } from './questions.ts';

export type QueryRequest =
  | { readonly request: 'open'; readonly id: SnapshotId; readonly loaded: LoadedSnapshot }
  | { readonly request: 'analysed'; readonly id: SnapshotId; readonly analysis: HeapAnalysis }
  | { readonly request: 'remember'; readonly id: SnapshotId; readonly memory: MemoryView }
  | { readonly request: 'settle'; readonly id: SnapshotId; readonly failure: Failure }
  | { readonly request: 'close'; readonly id: SnapshotId }
  | { readonly request: 'answer'; readonly number: number; readonly question: Question };

/** An answer is JSON already: the thread that serves has nothing left to do with it. */
export type QueryReply =
  | { readonly number: number; readonly json: string }
  | { readonly number: number; readonly failure: Failure }
  | { readonly number: number; readonly queryError: QueryError };
