// One run of `find`: several snapshots of a live process with looks at it in between, then the judgement.

import { setTimeout as sleep } from 'node:timers/promises';
import { LeakscopeError, throwIfCancelled } from '../base/errors.ts';
import { ProblemLog } from '../base/problems.ts';
import { formatDuration } from '../base/units.ts';
import type { MemoryUse } from '../cpython/resident-pages.ts';
import type { CaptureFacts } from '../diagnose/capture-facts.ts';
import type { FindReport, FindTarget } from '../diagnose/find-report.ts';
import { findHandleOwners } from '../diagnose/handle-owners.ts';
import type { DescriptorGrowth, KernelGrowth, Observation } from '../diagnose/observation.ts';
import type { ResidentMoment } from '../diagnose/rss-parts.ts';
import { type SnapshotSummary, summariseSnapshot } from '../diagnose/snapshot-summary.ts';
import { compareEntryCounts } from '../graph/comparison.ts';
import type { Address } from '../graph/heap-graph.ts';
import { type SeriesPoint, workClock } from '../metrics/growth-trend.ts';
import { createSourceIndex } from '../source/source-index.ts';
import { memoryLimit } from '../target/memory-limit.ts';
import { readMemoryUse } from '../target/memory-use.ts';
import { readRss } from '../target/process-info.ts';
import { applicationOf } from '../target/python-processes.ts';
import { type ProcessResources, readResources } from '../target/resources.ts';
import { AttachedTarget, type HeapCapture } from './attached-target.ts';
import { FindTraces } from './find-traces.ts';
import { boundReader } from './holder-bound.ts';
import { LiveSampler } from './live-sampler.ts';
import { type Look, measureCapture } from './rss-session.ts';
import { type FindOptions, type Progress, pythonName } from './session-options.ts';
import { keyReader } from './shown-keys.ts';
import { diagnoseWithSource } from './source-findings.ts';
import { countModules, refuseAnotherProgram, waitForStartUp } from './start-up.ts';
import { readTargetSource } from './target-source.ts';

/** Snapshots of a run; big heaps, whose walk takes long, get the least that shows a trend. */
const SNAPSHOTS = 5;
const LEAST_SNAPSHOTS = 3;
/** A walk that takes more than this share of the run is taken less often. The first takes twice as long as later ones. */
const WALK_SHARE = 0.2;
/** Objects up to which a slow first walk tells of a busy host or of code not compiled yet, not of the heap. */
const SMALL_HEAP_OBJECTS = 250_000;
/** Looks between snapshots: ten a second for short runs, never more than this many in all. */
const SAMPLE_SECONDS = 0.1;
const SAMPLES_LIMIT = 600;
/** Stacks are looked at this often between two samples, and this many times at most. */
const STACK_SECONDS = 0.015;
const STACK_LOOKS = 6;
/** Seconds of looks before a snapshot even where those before it took all the time: without any no line is known to run. */
const LEAST_WATCH_SECONDS = 0.3;
/** Containers followed between snapshots: the ones that gained most entries. */
const FOLLOWED_LIMIT = 128;
/** A process that is older than this has started, whatever it still imports. */
const STARTING_SECONDS = 120;
/** RSS growth since the last snapshot that brings the next one forward: fast leaks are seen before they kill. */
const EARLY_GROWTH = 1.5;

/** What somebody who watches a run is told while it goes on. */
export interface RunWatcher {
  /** A snapshot was taken and summed up. */
  readonly summarised?: (summary: SnapshotSummary) => void;
  /** The last one, before its memory is given up; not where the kernel did not say what is resident. */
  readonly lastLook?: (target: AttachedTarget, look: Look) => void;
}

/** Runs `find`. Throws LeakscopeError when the process cannot be read at all; an early exit gives what is known. */
export async function runFind(options: FindOptions, progress: Progress): Promise<FindReport> {
  const observation = await observe(options, progress);
  progress.stage('finding who holds what grew');
  try {
    return diagnoseWithSource(observation);
  } finally {
    progress.done();
  }
}

/** Watches the process for a while: all that there is to judge. Throws as `runFind` does. */
export async function observe(
  options: FindOptions,
  progress: Progress,
  watcher: RunWatcher = {},
): Promise<Observation> {
  const problems = new ProblemLog();
  progress.stage(`attaching to process ${options.pid}`);
  const target = await AttachedTarget.attach(options.pid, problems);
  try {
    return await new FindRun(target, { ...options, watcher }, progress, problems).run();
  } finally {
    progress.done();
    target.close();
  }
}

class FindRun {
  readonly #target: AttachedTarget;
  readonly #options: FindOptions & { readonly watcher: RunWatcher };
  readonly #progress: Progress;
  readonly #problems: ProblemLog;
  #sampler: LiveSampler;
  readonly #traces: FindTraces;
  readonly #attachedAtMs = performance.now();
  /** When the time to observe began: after the start-up of a started program. */
  #startedAtMs = performance.now();
  readonly #pausesMs: number[] = [];
  readonly #summaries: SnapshotSummary[] = [];
  readonly #captures: CaptureFacts[] = [];
  readonly #memory: ResidentMoment[] = [];
  #last: HeapCapture | undefined;
  #lastLook: Look | undefined;
  #endedEarly: string | undefined;
  /** What the kernel had right before the first snapshot, and before the last. */
  #kernelBefore: ProcessResources | undefined;
  #kernel: ProcessResources | undefined;
  readonly #temporaryBytes: SeriesPoint[] = [];

  constructor(
    target: AttachedTarget,
    options: FindOptions & { readonly watcher: RunWatcher },
    progress: Progress,
    problems: ProblemLog,
  ) {
    this.#target = target;
    this.#options = options;
    this.#progress = progress;
    this.#problems = problems;
    this.#sampler = new LiveSampler(target);
    this.#traces = new FindTraces(target, problems);
  }

  async run(): Promise<Observation> {
    const { seconds } = this.#options;
    if (this.#options.justStarted === true) await this.#waitForStartUp();
    this.#begin();
    const walkSeconds = await this.#snapshot(1);
    const rarely = walkSeconds > seconds * WALK_SHARE && this.#last!.walk.graph.nodeCount > SMALL_HEAP_OBJECTS;
    const wanted = this.#options.snapshots ?? (rarely ? LEAST_SNAPSHOTS : SNAPSHOTS);
    const count = Math.max(LEAST_SNAPSHOTS, wanted);
    let mayBeStarting = true;
    for (let i = 2; i <= count && this.#endedEarly === undefined; i++) {
      const due = ((i - 1) * seconds) / (count - 1);
      await this.#waitUntil(due, i, count);
      if (this.#endedEarly !== undefined) break;
      if (i === 2 && mayBeStarting && this.#isStarting) {
        mayBeStarting = false;
        await this.#tolerateExit(() => this.#startOver());
        i = 1;
        continue;
      }
      this.#sampler.sample(this.#elapsed);
      await this.#tolerateExit(() => this.#snapshot(i));
      this.#sampler.sample(this.#elapsed);
      this.#followGrowing();
    }
    return this.#observation();
  }

  get #elapsed(): number {
    return (performance.now() - this.#startedAtMs) / 1000;
  }

  #waitForStartUp(): Promise<void> {
    return waitForStartUp(this.#target, this.#options.signal, this.#progress);
  }

  /** The time to observe begins now; what was sampled before is forgotten. */
  #begin(): void {
    this.#startedAtMs = performance.now();
    this.#sampler = new LiveSampler(this.#target);
    this.#sampler.sample(this.#elapsed);
  }

  /** Whether a young process has imported modules since its first snapshot. */
  get #isStarting(): boolean {
    const age = this.#target.info.uptimeSeconds + this.#attachedSeconds;
    return age < STARTING_SECONDS && countModules(this.#target) > this.#summaries[0]!.modules;
  }

  /** Waits until the process has started, and takes its first snapshot again; the one before is left out. */
  async #startOver(): Promise<void> {
    await this.#waitForStartUp();
    this.#begin();
    await this.#snapshot(1);
    for (const moments of [this.#summaries, this.#memory, this.#temporaryBytes]) moments.splice(0, moments.length - 1);
    this.#kernelBefore = this.#kernel;
  }

  get #attachedSeconds(): number {
    return (performance.now() - this.#attachedAtMs) / 1000;
  }

  /** Takes and summarises one snapshot; returns the seconds it took to walk. */
  async #snapshot(number: number): Promise<number> {
    this.#progress.stage(`snapshot ${number}`);
    const begunAt = this.#elapsed;
    refuseAnotherProgram(this.#target);
    // Read before the heap is: what is opened between the two would have no owner in it.
    const kernel = this.#readKernel();
    let use: MemoryUse | undefined;
    const capture = await this.#target.capture({
      maxPauseMs: this.#options.maxPauseMs,
      precopy: this.#options.precopy,
      signal: this.#options.signal,
      progress: (step) => this.#progress.update(undefined, `snapshot ${number}: ${step}`),
      isQuiescent: this.#traces.quiescence(),
      whileStopped: () => this.#sampler.sampleWork(this.#elapsed),
      // Not of the very moment of the copy, which costs no pause and is near enough to see which part grows.
      whenResumed: () => {
        use = this.#readMemoryUse();
      },
    });
    // Preparing a capture takes a while on a busy host: what counts is when the target stood still.
    const atSeconds = (capture.stoppedAtMs - this.#startedAtMs) / 1000;
    this.#lastLook = undefined;
    if (use !== undefined) {
      const measure = measureCapture(capture.walk, use, this.#target.interpreter.layout);
      this.#memory.push({ atSeconds, rssBytes: measure.rssBytes, parts: measure.parts });
      if (kernel !== undefined) this.#lastLook = { capture, measure, kernel };
    }
    const summary = summariseSnapshot(capture.walk, atSeconds, capture.pauseMs);
    this.#summaries.push(summary);
    this.#pausesMs.push(capture.pauseMs);
    this.#options.watcher.summarised?.(summary);
    this.#captures.push(capture.facts);
    this.#last = capture;
    if (number === 1) this.#beginTraces(capture);
    if (kernel !== undefined) {
      this.#kernelBefore ??= kernel;
      this.#kernel = kernel;
      this.#temporaryBytes.push([atSeconds, temporaryBytes(kernel)]);
    }
    return this.#elapsed - begunAt;
  }

  #beginTraces(capture: HeapCapture): void {
    this.#traces.begin(capture);
    if (this.#options.trace !== true || this.#traces.isOn) return;
    const why = 'PYTHONTRACEMALLOC is set for the command, and it does not trace: python -I and -E do not read it';
    this.#problems.add('not-tracing', why);
  }

  /** Undefined when the process ended meanwhile. */
  #readKernel(): ProcessResources | undefined {
    try {
      return readResources(this.#target.info.pid);
    } catch (error) {
      if (!(error instanceof LeakscopeError) || this.#target.isAlive) throw error;
      return undefined;
    }
  }

  /** Undefined where this kernel does not tell, or the process has just ended. */
  #readMemoryUse(): MemoryUse | undefined {
    try {
      return readMemoryUse(this.#target.info.pid);
    } catch (error) {
      if (error instanceof LeakscopeError) return undefined;
      throw error;
    }
  }

  /** Samples until the next snapshot is due, or earlier when memory grows fast. */
  async #waitUntil(due: number, number: number, count: number): Promise<void> {
    const { pid } = this.#target.info;
    const rssAtStart = readRss(pid) ?? 0;
    const interval = Math.max(SAMPLE_SECONDS, this.#options.seconds / SAMPLES_LIMIT);
    this.#progress.stage(
      `watching for ${formatDuration(Math.max(0, due - this.#elapsed))} until snapshot ${number} of ${count}`,
    );
    const end = Math.max(due, this.#elapsed + LEAST_WATCH_SECONDS);
    while (this.#elapsed < end) {
      throwIfCancelled(this.#options.signal);
      if (!this.#target.isAlive) {
        this.#endedEarly = `the process exited after ${formatDuration(this.#attachedSeconds)}`;
        return;
      }
      this.#sampler.sample(this.#elapsed);
      const rss = readRss(pid) ?? 0;
      if (number > LEAST_SNAPSHOTS && rss > rssAtStart * EARLY_GROWTH) return;
      this.#progress.update(this.#elapsed / this.#options.seconds);
      await this.#watchStacks(Math.min(interval, Math.max(0.01, end - this.#elapsed)));
    }
  }

  /** Passes the time with looks at the stacks: the more there are, the surer a busy line is among them. */
  async #watchStacks(seconds: number): Promise<void> {
    const looks = Math.max(1, Math.min(STACK_LOOKS, Math.floor(seconds / STACK_SECONDS)));
    for (let i = 0; i < looks; i++) {
      await sleep((seconds / looks) * 1000, undefined, { signal: this.#options.signal }).catch(() => {});
      if (this.#options.signal.aborted || !this.#target.isAlive) return;
      this.#sampler.sampleStacks();
    }
  }

  async #tolerateExit(step: () => Promise<unknown>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof LeakscopeError) || error.code !== 'E_TARGET_EXITED') throw error;
      this.#endedEarly = `the process exited after ${formatDuration(this.#attachedSeconds)}`;
    }
  }

  /** Follows the containers that gained entries since the first snapshot, and those that did since the one before. */
  #followGrowing(): void {
    const last = this.#summaries.at(-1)!;
    for (const before of new Set([this.#summaries[0]!, this.#summaries.at(-2) ?? last])) {
      if (before === last) continue;
      const changes = compareEntryCounts(before.columns, last.columns);
      const gains = Array.from(changes.deltas, (delta, i) => ({ delta, node: changes.afterNodes[i]! }));
      const growing = gains.filter((gain) => gain.delta > 0).sort((a, b) => b.delta - a.delta);
      const addresses: Address[] = growing.slice(0, FOLLOWED_LIMIT).map((gain) => last.columns.addresses[gain.node]!);
      this.#sampler.follow(addresses);
    }
  }

  #observation(): Observation {
    const { info, interpreter } = this.#target;
    const { walk, image } = this.#last!;
    const source = readTargetSource(info, walk.graph, image, interpreter.layout);
    const later = this.#readKernel();
    if (this.#lastLook !== undefined) this.#options.watcher.lastLook?.(this.#target, this.#lastLook);
    return {
      target: this.#describeTarget(),
      observedSeconds: this.#summaries.at(-1)!.atSeconds - this.#summaries[0]!.atSeconds,
      summaries: this.#summaries,
      pausesMs: this.#pausesMs,
      captures: this.#captures,
      graph: walk.graph,
      refcounts: walk.refcounts,
      liveEntries: this.#sampler.entries,
      resources: this.#sampler.resources,
      memory: this.#memory,
      work: workClock(this.#sampler.work),
      descriptorLimit: this.#kernelBefore?.descriptorLimit,
      descriptors: descriptorGrowth(groupCounts(this.#kernelBefore), groupCounts(later)),
      kernel: this.#kernelGrowth(later),
      temporaryBytes: this.#temporaryBytes,
      running: this.#sampler.runningLines(),
      source: createSourceIndex(source.files),
      extensionModules: source.extensions,
      changedFiles: source.changed,
      boundAt: boundReader(walk.graph, image, interpreter.layout),
      ...(this.#options.showValues ? { keyText: keyReader(walk.graph, image, interpreter.layout) } : {}),
      allocations: this.#traces.finish(this.#last!),
      problems: this.#problems.list(),
      endedEarly: this.#endedEarly,
    };
  }

  /** New since the first snapshot, and not gone again right after the last: the rest comes and goes. */
  #kernelGrowth(later: ProcessResources | undefined): KernelGrowth | undefined {
    const { items } = this.#kernel ?? {};
    if (items === undefined || this.#kernelBefore === undefined) return undefined;
    const before = identities(this.#kernelBefore);
    const lasting = later === undefined ? undefined : identities(later);
    const { walk, image } = this.#last!;
    return {
      items,
      owners: findHandleOwners(walk.graph, image, this.#target.interpreter.layout, walk.threads, items),
      added: [...items.keys()].filter((i) => {
        const { identity } = items[i]!;
        return !before.has(identity) && (lasting?.has(identity) ?? true);
      }),
    };
  }

  #describeTarget(): FindTarget {
    const { info, interpreter } = this.#target;
    const limit = memoryLimit(info.pid);
    return {
      pid: info.pid,
      python: pythonName(interpreter),
      app: applicationOf(info),
      uptime_seconds: Math.round(info.uptimeSeconds + this.#attachedSeconds),
      rss_bytes: this.#sampler.resources.at(-1)?.rssBytes ?? info.rssBytes,
      ...(limit === undefined ? {} : { memory_limit_bytes: limit.limitBytes }),
    };
  }
}

/** Descriptors by what they are, e.g. `tcp to 10.0.0.5:5432`. */
function groupCounts(resources: ProcessResources | undefined): Map<string, number> {
  return new Map((resources?.descriptorGroups ?? []).map((group) => [group.name, group.count]));
}

function descriptorGrowth(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): DescriptorGrowth[] {
  return [...after].map(([kind, count]) => ({ kind, before: before.get(kind) ?? 0, after: count }));
}

function identities(resources: ProcessResources): Set<string> {
  return new Set(resources.items.map((item) => item.identity));
}

function temporaryBytes(resources: ProcessResources): number {
  return resources.descriptors.reduce(
    (sum, { place, bytes }) => sum + (place === 'deleted' || place === 'temporary' ? (bytes ?? 0) : 0),
    0,
  );
}
