// One look at a process or a core for somebody who will ask about all of it: the graph, and from the memory behind it,
// while it is there, the report of `rss`, the picture of its arenas, and the source files that it runs.

import { existsSync } from 'node:fs';
import { LeakscopeError } from '../base/errors.ts';
import { type Problem, ProblemLog } from '../base/problems.ts';
import type { HeapWalk } from '../cpython/heap-walk.ts';
import type { Layout } from '../cpython/layout.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import type { MemoryUse } from '../cpython/resident-pages.ts';
import { sparseArenas } from '../diagnose/fragmentation.ts';
import { findOwners } from '../diagnose/memory-owners.ts';
import type { RssMeasure } from '../diagnose/rss-parts.ts';
import type { RssReport } from '../diagnose/rss-report.ts';
import { reachableFrom } from '../graph/reachability.ts';
import type { HeapFileMeta } from '../snapshot/heap-file.ts';
import { isLibraryPath } from '../source/source-index.ts';
import { readMemoryUse } from '../target/memory-use.ts';
import type { ProcessInfo } from '../target/process-info.ts';
import { type MemoryMapColumns, memoryMapColumns } from '../views/memory-map-columns.ts';
import { AttachedTarget } from './attached-target.ts';
import { openCoreTarget } from './core-target.ts';
import { readKernelResources } from './resource-session.ts';
import { type Look, measureCapture, measureCore, reportCore, reportLook } from './rss-session.ts';
import type { Progress, SnapshotOptions } from './session-options.ts';
import { describeSnapshot } from './snapshot-session.ts';
import { readTargetSource } from './target-source.ts';

/** What was read; the functions must be called while the inspection goes on. */
export interface Inspection {
  readonly walk: HeapWalk;
  readonly meta: HeapFileMeta;
  readonly problems: readonly Problem[];
  /** Undefined where the kernel does not tell what is resident. */
  readonly memory: (() => InspectedMemory) | undefined;
  /** Python files of the application that the process has loaded; empty for a core. */
  readonly sources: () => readonly string[];
}

export interface InspectedMemory {
  readonly rss: RssReport;
  readonly map: MemoryMapColumns;
}

const OWNER_ROWS = 20;

/** Stops the process for a moment and copies it; `use` is called with it running again. Throws what a snapshot throws. */
export async function inspectProcess(
  options: SnapshotOptions,
  progress: Progress,
  use: (inspection: Inspection) => void,
): Promise<void> {
  const log = new ProblemLog();
  progress.stage(`reading process ${options.pid}`);
  const target = await AttachedTarget.attach(options.pid, log);
  try {
    const kernel = readKernelResources(target);
    const takenAt = new Date().toISOString();
    let resident: MemoryUse | undefined;
    const capture = await target.capture({
      maxPauseMs: options.maxPauseMs,
      precopy: options.precopy,
      signal: options.signal,
      progress: (step) => progress.update(undefined, step),
      // Costs no pause, and is near enough for a picture.
      whenResumed: () => {
        resident = tryReadMemoryUse(options.pid);
      },
    });
    const measure =
      resident === undefined ? undefined : measureCapture(capture.walk, resident, target.interpreter.layout);
    use(inspectLook(target, { capture, kernel, measure }, log, takenAt));
  } finally {
    target.close();
  }
}

/** Of a look that a run took, as long as its capture is the target's last. */
export function inspectLook(
  target: AttachedTarget,
  look: Omit<Look, 'measure'> & { readonly measure: RssMeasure | undefined },
  log: ProblemLog,
  takenAt: string,
): Inspection {
  const { capture, kernel, measure } = look;
  const { walk, image, pauseMs } = capture;
  const problems = log.list();
  return {
    walk,
    meta: describeSnapshot(target, walk, { takenAt, pauseMs, problems }),
    problems,
    memory:
      measure === undefined
        ? undefined
        : () => ({
            rss: reportLook(target, { capture, kernel, measure }, { top: OWNER_ROWS, problems: new ProblemLog() }),
            map: drawMap(walk, measure),
          }),
    sources: () => applicationSources(target.info, walk, image, target.interpreter.layout),
  };
}

/** Opens and walks a core. Throws what that throws. */
export async function inspectCore(
  path: string,
  options: { readonly sysroot?: string | undefined; readonly signal: AbortSignal },
  progress: Progress,
  use: (inspection: Inspection) => void,
): Promise<void> {
  const log = new ProblemLog();
  const core = await openCoreTarget(path, { ...options, problems: log }, progress);
  try {
    const { walk, meta, problems } = core;
    use({
      walk,
      meta,
      problems,
      memory: () => {
        const measure = measureCore(core, log);
        return {
          rss: reportCore(path, core, measure, { top: OWNER_ROWS, problems: log }),
          map: drawMap(walk, measure),
        };
      },
      sources: () => [],
    });
  } finally {
    core.close();
  }
}

function tryReadMemoryUse(pid: number): MemoryUse | undefined {
  try {
    return readMemoryUse(pid);
  } catch (error) {
    if (error instanceof LeakscopeError) return undefined;
    throw error;
  }
}

function drawMap({ graph, blocks }: HeapWalk, measure: RssMeasure): MemoryMapColumns {
  return memoryMapColumns({
    blocks,
    graph,
    resident: measure.resident,
    reachable: reachableFrom(graph, graph.roots.nodes),
    owners: findOwners(graph),
    sparse: sparseArenas(measure, blocks.allocator),
  });
}

/** Only files that are in the same place for this process: those of a container may be others here. */
function applicationSources(info: ProcessInfo, walk: HeapWalk, image: MemoryImage, layout: Layout): string[] {
  return readTargetSource(info, walk.graph, image, layout)
    .files.map(({ path }) => path)
    .filter((path) => !isLibraryPath(path) && existsSync(path));
}
