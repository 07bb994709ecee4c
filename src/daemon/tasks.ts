// What a thread of the daemon can be sent off to do, and what it says on the way; plain data that threads can exchange.

import type { Problem } from '../base/problems.ts';
import type { FindReport } from '../diagnose/find-report.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import type { Failure } from '../protocol/web/workspace.ts';
import type { WatchedContainer } from '../session/container-watch.ts';
import type { HeapFileMeta } from '../snapshot/heap-file.ts';
import type { HeapAnalysis } from './heap-analysis.ts';
import type { ExportRequest } from './heap-export.ts';
import type { MemoryView } from './query-engine.ts';

export type Task =
  | { readonly kind: 'open heap'; readonly path: string }
  | { readonly kind: 'open core'; readonly path: string; readonly sysroot?: string | undefined }
  | { readonly kind: 'snapshot'; readonly pid: number }
  | { readonly kind: 'observe'; readonly pid: number; readonly seconds: number; readonly showValues: boolean }
  | { readonly kind: 'follow'; readonly pid: number; readonly containers: readonly WatchedContainer[] }
  /** Done with a PauseEstimate. */
  | { readonly kind: 'estimate'; readonly pid: number }
  /** Done with a PsReport. */
  | { readonly kind: 'list processes' }
  /** Done with a ScanView. */
  | { readonly kind: 'scan'; readonly files: readonly string[] }
  /** Done with what `fixAt` gives. */
  | { readonly kind: 'fix'; readonly path: string; readonly line: number }
  | { readonly kind: 'export'; readonly request: ExportRequest };

/** A graph that was read, in shared memory; what is computed of it follows. */
export interface ReadGraph {
  readonly graph: HeapGraph;
  readonly meta: HeapFileMeta;
  readonly problems: readonly Problem[];
  /** Whether a `memory` message follows. */
  readonly hasMemory: boolean;
}

export type TaskMessage =
  | { readonly message: 'progress'; readonly stage: string; readonly fraction?: number }
  | ({ readonly message: 'graph' } & ReadGraph)
  | { readonly message: 'analysis'; readonly analysis: HeapAnalysis }
  | { readonly message: 'memory'; readonly memory: MemoryView }
  /** Source files that the process has loaded and that are not a library's. */
  | { readonly message: 'sources'; readonly files: readonly string[] }
  | { readonly message: 'findings'; readonly report: FindReport }
  /** Live objects of a snapshot that was just summed up. */
  | { readonly message: 'objects'; readonly count: number }
  | { readonly message: 'entries'; readonly entries: Readonly<Record<string, number>> }
  /** The thread sends no other piece before it is told to go on. */
  | { readonly message: 'piece'; readonly bytes: Uint8Array }
  | { readonly message: 'done'; readonly value: unknown }
  | { readonly message: 'failed'; readonly failure: Failure };

/** To the thread. */
export type TaskControl = 'cancel' | 'go on';
