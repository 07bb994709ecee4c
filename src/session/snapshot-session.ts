// One snapshot of a live process: attach, pause, copy, resume, walk.

import { type Problem, ProblemLog } from '../base/problems.ts';
import { VERSION } from '../base/version.ts';
import { isIncremental } from '../cpython/collector-state.ts';
import type { HeapWalk } from '../cpython/heap-walk.ts';
import type { CaptureFacts } from '../diagnose/capture-facts.ts';
import { storeCollector } from '../diagnose/stored-collector.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import type { HeapFileMeta } from '../snapshot/heap-file.ts';
import { applicationOf } from '../target/python-processes.ts';
import { AttachedTarget } from './attached-target.ts';
import { type Progress, pythonName, type SnapshotOptions } from './session-options.ts';

export interface TakenSnapshot {
  readonly graph: HeapGraph;
  readonly meta: HeapFileMeta;
  /** How long the process was stopped. */
  readonly pauseMs: number;
  /** What was copied, and when. */
  readonly capture: CaptureFacts;
  readonly problems: readonly Problem[];
}

/** Throws what attaching and pausing throw; the process runs on in every case. */
export async function takeSnapshot(options: SnapshotOptions, progress: Progress): Promise<TakenSnapshot> {
  const log = new ProblemLog();
  progress.stage(`reading process ${options.pid}`);
  const target = await AttachedTarget.attach(options.pid, log);
  try {
    const takenAt = new Date().toISOString();
    const { walk, pauseMs, facts } = await target.capture({
      maxPauseMs: options.maxPauseMs,
      precopy: options.precopy,
      signal: options.signal,
      progress: (step) => progress.update(undefined, step),
    });
    const problems = log.list();
    const meta = describeSnapshot(target, walk, { takenAt, pauseMs, problems });
    return { graph: walk.graph, meta, pauseMs, capture: facts, problems };
  } finally {
    target.close();
  }
}

/** What a snapshot of a live process says of itself. */
export function describeSnapshot(
  { info, interpreter }: AttachedTarget,
  walk: HeapWalk,
  facts: { readonly takenAt: string; readonly pauseMs: number; readonly problems: readonly Problem[] },
): HeapFileMeta {
  return {
    toolVersion: VERSION,
    python: pythonName(interpreter),
    app: applicationOf(info),
    pid: info.pid,
    rssBytes: info.rssBytes,
    collector: storeCollector(walk, { incremental: isIncremental(interpreter.layout) }),
    ...facts,
  };
}
