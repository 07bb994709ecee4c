// One run of `gc`: reads the cyclic collector of a process from outside, once or at two moments, and, with consent, runs a
// collection in between.

import { ProblemLog } from '../base/problems.ts';
import { formatDuration } from '../base/units.ts';
import { isIncremental } from '../cpython/collector-state.ts';
import type { HeapWalk } from '../cpython/heap-walk.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import type { CaptureFacts } from '../diagnose/capture-facts.ts';
import { type GcInput, type GcReport, type GcReportOptions, reportGc } from '../diagnose/gc-report.ts';
import { compareLooks, freedBetween, type GcCollection, type GcLook, lookAtCollector } from '../diagnose/gc-watch.ts';
import { reportStoredGc } from '../diagnose/stored-collector.ts';
import type { HeapFileMeta } from '../snapshot/heap-file.ts';
import { readHeapFile } from '../snapshot/heap-file-io.ts';
import { readRss } from '../target/process-info.ts';
import { applicationOf } from '../target/python-processes.ts';
import { AttachedTarget, type HeapCapture } from './attached-target.ts';
import { type CollectionCall, prepareCollection } from './collection-call.ts';
import { sampleCollector } from './collector-sampling.ts';
import { openCoreTarget } from './core-target.ts';
import type { AskConsent } from './remote-calls.ts';
import { type Progress, pythonName } from './session-options.ts';

export interface GcOptions {
  readonly pid: number;
  /** Time between two looks, in seconds; one look when left out. */
  readonly seconds?: number | undefined;
  /** Runs a collection before the last look, if the person who is asked agrees. */
  readonly collect?: AskConsent | undefined;
  readonly top: number;
  readonly maxPauseMs?: number | undefined;
  /** False leaves the kernel's marks of written pages alone, for a process that another tool (CRIU) tracks. */
  readonly precopy?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** Throws what attaching and pausing throw, and with `collect` what collection-call.ts does. The process runs on in every case. */
export async function runGc(options: GcOptions, progress: Progress): Promise<GcReport> {
  const problems = new ProblemLog();
  progress.stage(`attaching to process ${options.pid}`);
  const target = await AttachedTarget.attach(options.pid, problems);
  try {
    return await new GcRun(target, options, progress, problems).run();
  } finally {
    progress.done();
    target.close();
  }
}

/** The collector of a core file, at the moment it was written. */
export async function gcOfCore(
  file: string,
  options: Pick<GcOptions, 'top' | 'signal'> & { readonly sysroot?: string | undefined },
  progress: Progress,
): Promise<GcReport> {
  const problems = new ProblemLog();
  const target = await openCoreTarget(file, { ...options, problems }, progress);
  try {
    const { walk, core, meta, interpreter } = target;
    return reportGc(inputOf(walk, core.image), {
      target: { file, pid: meta.pid, python: meta.python, app: meta.app },
      top: options.top,
      ...collectorKind(interpreter),
      pausesMs: [],
      captures: [],
      problems: problems.list(),
    });
  } finally {
    progress.done();
    target.close();
  }
}

/** The collector of a .heap file, as far as the file says. */
export async function gcOfHeapFile(
  file: string,
  options: Pick<GcOptions, 'top'>,
  progress: Progress,
): Promise<GcReport> {
  progress.stage(`reading ${file}`);
  const { graph, meta } = await readHeapFile(file);
  const report = reportStoredGc(graph, meta.collector, {
    target: { file, pid: meta.pid, python: meta.python, app: meta.app, ...rssOf(meta) },
    top: options.top,
    problems: meta.problems ?? [],
  });
  progress.done();
  return report;
}

function rssOf({ rssBytes }: HeapFileMeta): { readonly rss_bytes?: number } {
  return rssBytes === undefined ? {} : { rss_bytes: rssBytes };
}

function collectorKind({
  layout,
}: AttachedTarget['interpreter']): Pick<GcReportOptions, 'freeThreaded' | 'incremental'> {
  return { freeThreaded: layout.freeThreaded, incremental: isIncremental(layout) };
}

/** The audit of references, which the walk has too, is made when it is first read: it is left alone. */
function inputOf(walk: HeapWalk, image: MemoryImage): GcInput {
  const { graph, collector, collectorLists, otherCollectors } = walk;
  return { graph, collector, collectorLists, otherCollectors, image };
}

class GcRun {
  readonly #target: AttachedTarget;
  readonly #options: GcOptions;
  readonly #progress: Progress;
  readonly #problems: ProblemLog;
  readonly #startedAtMs = performance.now();
  readonly #pausesMs: number[] = [];
  readonly #captures: CaptureFacts[] = [];

  constructor(target: AttachedTarget, options: GcOptions, progress: Progress, problems: ProblemLog) {
    this.#target = target;
    this.#options = options;
    this.#progress = progress;
    this.#problems = problems;
  }

  async run(): Promise<GcReport> {
    const { seconds, collect, signal, top } = this.#options;
    // Asked before the first pause: a no costs the process nothing.
    const call: CollectionCall | undefined =
      collect === undefined ? undefined : await prepareCollection(this.#target, collect);
    let { capture, look } = await this.#look(seconds !== undefined || call !== undefined);
    let watch: GcReportOptions['watch'];
    if (seconds !== undefined) {
      this.#progress.stage(`watching for ${formatDuration(seconds)}`);
      const seen = await sampleCollector(this.#target, seconds, signal);
      const first = look!;
      ({ capture, look } = await this.#look(true));
      watch = compareLooks(first, look!, seen, capture.walk, capture.image, { top });
    }
    if (call === undefined) return this.#report(capture, { watch });
    this.#progress.stage('running a collection');
    const { by, found, ms, uncollectable } = await call.run(signal);
    const before = look!;
    ({ capture, look } = await this.#look(true));
    const collection: GcCollection = {
      by,
      found,
      ms,
      uncollectable,
      ...freedBetween(before, look!),
      rss_bytes: look!.rssBytes - before.rssBytes,
    };
    return this.#report(capture, { watch, collection });
  }

  /** The capture is good until the next look. */
  async #look(isCompared: boolean): Promise<{ capture: HeapCapture; look: GcLook | undefined }> {
    const { maxPauseMs, precopy, signal } = this.#options;
    this.#progress.stage('reading memory');
    let rssBytes = 0;
    const capture = await this.#target.capture({
      maxPauseMs,
      precopy,
      signal,
      whileStopped: () => {
        rssBytes = readRss(this.#target.info.pid) ?? 0;
      },
    });
    this.#pausesMs.push(capture.pauseMs);
    this.#captures.push(capture.facts);
    const atSeconds = (capture.stoppedAtMs - this.#startedAtMs) / 1000;
    const look = isCompared ? lookAtCollector(capture.walk, capture.image, { atSeconds, rssBytes }) : undefined;
    return { capture, look };
  }

  #report({ walk, image }: HeapCapture, done: Pick<GcReportOptions, 'watch' | 'collection'>): GcReport {
    const { info, interpreter } = this.#target;
    this.#progress.stage('looking through the generations');
    const elapsed = (performance.now() - this.#startedAtMs) / 1000;
    return reportGc(inputOf(walk, image), {
      target: {
        pid: info.pid,
        python: pythonName(interpreter),
        app: applicationOf(info),
        uptime_seconds: Math.round(info.uptimeSeconds + elapsed),
        rss_bytes: readRss(info.pid) ?? 0,
      },
      top: this.#options.top,
      ...collectorKind(interpreter),
      ...done,
      pausesMs: this.#pausesMs,
      captures: this.#captures,
      problems: this.#problems.list(),
    });
  }
}
