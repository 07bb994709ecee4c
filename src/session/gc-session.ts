// One run of `gc`: reads the cyclic collector of a process from outside, once or at two moments, and, with consent, runs a
// collection in between.

import { setTimeout as sleep } from 'node:timers/promises';
import { LeakscopeError } from '../base/errors.ts';
import { ProblemLog } from '../base/problems.ts';
import { formatDuration } from '../base/units.ts';
import type { CaptureFacts } from '../diagnose/capture-facts.ts';
import {
  compareLooks,
  freedBetween,
  type GcCollection,
  type GcLook,
  type GcReport,
  type GcReportOptions,
  lookAtCollector,
  reportGc,
} from '../diagnose/gc-report.ts';
import { targetExited } from '../target/pause.ts';
import { readRss } from '../target/process-info.ts';
import { applicationOf } from '../target/python-processes.ts';
import { AttachedTarget, type HeapCapture } from './attached-target.ts';
import { openCoreTarget } from './core-target.ts';
import { type AskConsent, collectGarbage, consentTo, runCall } from './remote-calls.ts';
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

const POLL_MS = 100;

/** Throws what attaching and pausing throw, and with `collect` what remote-calls.ts does. The process runs on in every case. */
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
    return reportGc(walk, core.image, {
      target: { file, pid: meta.pid, python: meta.python, app: meta.app },
      top: options.top,
      ...collectorKind(interpreter),
      pausesMs: [],
      captures: [],
      problems,
    });
  } finally {
    progress.done();
    target.close();
  }
}

function collectorKind({
  layout,
}: AttachedTarget['interpreter']): Pick<GcReportOptions, 'freeThreaded' | 'incremental'> {
  return { freeThreaded: layout.freeThreaded, incremental: layout.at('_gc_runtime_state.young') >= 0 };
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
    const { seconds, collect } = this.#options;
    // Asked before the first pause: a no costs the process nothing.
    if (collect !== undefined) await consentTo(this.#target, [collectGarbage()], collect);
    const { capture, look: first } = await this.#look();
    if (seconds === undefined && collect === undefined) return this.#report(capture, {});
    let before = first;
    let watch: GcReportOptions['watch'];
    let last = capture;
    if (seconds !== undefined) {
      await this.#wait(seconds);
      const second = await this.#look();
      last = second.capture;
      before = second.look;
      watch = compareLooks(first, second.look);
    }
    if (collect === undefined) return this.#report(last, { watch });
    this.#progress.stage('running a collection');
    const [found = 0, keptBefore = 0, keptAfter = 0] = await runCall(
      this.#target,
      collectGarbage(),
      this.#options.signal,
    );
    const { capture: collected, look: after } = await this.#look();
    const collection: GcCollection = {
      by: 'remote debugging protocol',
      found,
      uncollectable: keptAfter - keptBefore,
      ...freedBetween(before, after),
      rss_bytes: after.rssBytes - before.rssBytes,
    };
    return this.#report(collected, { watch, collection });
  }

  /** The capture is good until the next look. */
  async #look(): Promise<{ readonly capture: HeapCapture; readonly look: GcLook }> {
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
    return { capture, look: lookAtCollector(capture.walk, atSeconds, rssBytes) };
  }

  #report({ walk, image }: HeapCapture, done: Pick<GcReportOptions, 'watch' | 'collection'>): GcReport {
    const { info, interpreter } = this.#target;
    this.#progress.stage('looking through the generations');
    const elapsed = (performance.now() - this.#startedAtMs) / 1000;
    return reportGc(walk, image, {
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
      problems: this.#problems,
    });
  }

  async #wait(seconds: number): Promise<void> {
    const dueMs = performance.now() + seconds * 1000;
    this.#progress.stage(`watching for ${formatDuration(seconds)}`);
    while (performance.now() < dueMs) {
      if (this.#options.signal.aborted) throw new LeakscopeError('E_CANCELLED', 'cancelled; the process runs on');
      if (!this.#target.isAlive) throw targetExited(this.#target.info.pid);
      await sleep(Math.min(POLL_MS, Math.max(1, dueMs - performance.now())));
    }
  }
}
