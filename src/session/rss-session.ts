// One run of `rss`: where the resident memory of a live process is, at one moment or at several over a while.

import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfCancelled } from '../base/errors.ts';
import { ProblemLog } from '../base/problems.ts';
import { formatDuration } from '../base/units.ts';
import type { AddressSet } from '../cpython/address-set.ts';
import type { HeapWalk } from '../cpython/heap-walk.ts';
import type { Layout } from '../cpython/layout.ts';
import type { MemoryUse } from '../cpython/resident-pages.ts';
import type { CaptureFacts } from '../diagnose/capture-facts.ts';
import { findPythonMaps } from '../diagnose/python-maps.ts';
import type { KernelResources, ResourceReport } from '../diagnose/resource-report.ts';
import { type KnownMap, measureRss, type RssMeasure } from '../diagnose/rss-parts.ts';
import { type RssMoment, type RssReport, reportRss } from '../diagnose/rss-report.ts';
import { reachableFrom } from '../graph/reachability.ts';
import { readMemoryUse } from '../target/memory-use.ts';
import { applicationOf } from '../target/python-processes.ts';
import { countResources } from '../target/resource-counts.ts';
import { AttachedTarget, type HeapCapture } from './attached-target.ts';
import { coreMemoryUse } from './core-memory-use.ts';
import { type CoreTarget, openCoreTarget } from './core-target.ts';
import { readKernelResources, resourceReport } from './resource-session.ts';
import { type Progress, pythonName } from './session-options.ts';
import { extensionModules } from './target-source.ts';

export interface RssOptions {
  readonly pid: number;
  /** How long to observe, in seconds; one look when left out. */
  readonly seconds?: number | undefined;
  readonly maxPauseMs?: number | undefined;
  /** False leaves the kernel's marks of written pages alone, for a process that another tool (CRIU) tracks. */
  readonly precopy?: boolean | undefined;
  /** Rows of the table of owners. */
  readonly top: number;
  readonly signal: AbortSignal;
}

/** Looks over a run: the first and the last give the growth, the middle one tells a step from a rise. */
const LOOKS = 3;
const POLL_MS = 100;

/** Runs `rss`. Throws what attaching and pausing throw; the process runs on in every case. */
export async function runRss(options: RssOptions, progress: Progress): Promise<RssReport> {
  const problems = new ProblemLog();
  progress.stage(`attaching to process ${options.pid}`);
  const target = await AttachedTarget.attach(options.pid, problems);
  try {
    return await observe(target, options, progress, problems);
  } finally {
    progress.done();
    target.close();
  }
}

/** Splits the memory of a core file: exactly where `leakscope capture` wrote it, else by what of it is not zero. */
export async function rssOfCore(
  file: string,
  options: Pick<RssOptions, 'top' | 'signal'> & { readonly sysroot?: string | undefined },
  progress: Progress,
): Promise<RssReport> {
  const problems = new ProblemLog();
  const target = await openCoreTarget(file, { ...options, problems }, progress);
  try {
    progress.stage('finding whose memory it is');
    return reportCore(file, target, measureCore(target, problems), { top: options.top, problems });
  } finally {
    progress.done();
    target.close();
  }
}

interface ReportOptions {
  /** Rows of the table of owners. */
  readonly top: number;
  readonly problems: ProblemLog;
}

/** Splits the memory of an open core. */
export function measureCore({ core, walk, interpreter }: CoreTarget, problems: ProblemLog): RssMeasure {
  const { use, isExact } = coreMemoryUse(core, walk.blocks.allocator.mallocHeaps);
  if (!isExact) {
    problems.add(
      'core-without-residency',
      'the core does not say which pages were resident: those that are not zero are counted, and no pages of files',
    );
  }
  return measureCapture(walk, use, interpreter.layout);
}

export function reportCore(
  file: string,
  { core, walk, meta, interpreter }: CoreTarget,
  measure: RssMeasure,
  options: ReportOptions,
): RssReport {
  return reportRss({
    target: { file, pid: meta.pid, python: meta.python, app: meta.app },
    moments: [{ atSeconds: 0, measure }],
    walk,
    extensionModules: extensionModules(walk.graph, core.image, interpreter.layout),
    resources: undefined,
    freeThreaded: interpreter.layout.freeThreaded,
    threadCount: core.threads.length,
    pausesMs: [],
    captures: [],
    notes: [],
    ...options,
  });
}

async function observe(
  target: AttachedTarget,
  options: RssOptions,
  progress: Progress,
  problems: ProblemLog,
): Promise<RssReport> {
  const startedAtMs = performance.now();
  const looks = options.seconds === undefined ? 1 : LOOKS;
  const moments: RssMoment[] = [];
  const pausesMs: number[] = [];
  const captures: CaptureFacts[] = [];
  const notes: string[] = [];
  let last: HeapCapture | undefined;
  let threadCount = 0;
  let resources: ResourceReport | undefined;
  for (let look = 0; look < looks; look++) {
    if (look > 0) {
      await waitUntil(startedAtMs + (look * options.seconds! * 1000) / (looks - 1), options, progress);
      if (!target.isAlive) {
        const seconds = (performance.now() - startedAtMs) / 1000;
        notes.push(`the process ended within ${formatDuration(seconds)}: this is what it was at look ${look}`);
        break;
      }
    }
    progress.stage(looks === 1 ? 'reading memory' : `look ${look + 1} of ${looks}`);
    const { capture, measure, kernel } = await lookAt(target, options, progress);
    moments.push({ atSeconds: (capture.stoppedAtMs - startedAtMs) / 1000, measure });
    pausesMs.push(capture.pauseMs);
    captures.push(capture.facts);
    last = capture;
    threadCount = countResources(target.info.pid).threads || capture.walk.threads.length;
    if (look === looks - 1) resources = resourceReport(target, capture, kernel);
  }
  progress.stage('finding whose memory it is');
  const uptimeSeconds = target.info.uptimeSeconds + (performance.now() - startedAtMs) / 1000;
  return reportRss({
    ...describeLive(target, last!, uptimeSeconds),
    moments,
    resources,
    threadCount,
    notes,
    pausesMs,
    captures,
    top: options.top,
    problems,
  });
}

/** Of one look at a live process, its last: where its memory is and who owns what else it has. */
export function reportLook(
  target: AttachedTarget,
  { capture, measure, kernel }: Look,
  options: ReportOptions,
): RssReport {
  return reportRss({
    ...describeLive(target, capture, target.info.uptimeSeconds),
    moments: [{ atSeconds: 0, measure }],
    resources: resourceReport(target, capture, kernel),
    threadCount: capture.walk.threads.length,
    notes: [],
    pausesMs: [capture.pauseMs],
    captures: [capture.facts],
    ...options,
  });
}

function describeLive({ info, interpreter }: AttachedTarget, { walk, image }: HeapCapture, uptimeSeconds: number) {
  return {
    target: {
      pid: info.pid,
      python: pythonName(interpreter),
      app: applicationOf(info),
      uptime_seconds: Math.round(uptimeSeconds),
    },
    walk,
    extensionModules: extensionModules(walk.graph, image, interpreter.layout),
    freeThreaded: interpreter.layout.freeThreaded,
  };
}

/** The memory of one moment, and what the kernel says of it and of what else the process has. */
export interface Look {
  readonly capture: HeapCapture;
  readonly measure: RssMeasure;
  readonly kernel: KernelResources;
}

/** One stop: the memory, and what the kernel says of it, of the same moment. */
async function lookAt(
  target: AttachedTarget,
  options: Pick<RssOptions, 'maxPauseMs' | 'precopy' | 'signal'>,
  progress: Progress,
): Promise<Look> {
  const { pid } = target.info;
  let use: MemoryUse | undefined;
  const kernel = readKernelResources(target);
  const capture = await target.capture({
    maxPauseMs: options.maxPauseMs,
    precopy: options.precopy,
    signal: options.signal,
    progress: (step) => progress.update(undefined, step),
    whileStopped: () => {
      use = readMemoryUse(pid);
    },
  });
  // Every copy has a pause, and every pause asks.
  return { capture, measure: measureCapture(capture.walk, use!, target.interpreter.layout), kernel };
}

/** Splits the memory of one moment by what a walk of it found. */
export function measureCapture(walk: HeapWalk, use: MemoryUse, layout: Layout, traced?: AddressSet): RssMeasure {
  const { graph, blocks } = walk;
  const frames = walk.frameChunks.map(({ start, end }): KnownMap => ({ start, end, part: 'thread stacks' }));
  return measureRss({
    use,
    blocks,
    graph,
    reachable: reachableFrom(graph, graph.roots.nodes),
    stacks: { pointers: walk.stackPointers, ranges: walk.threadStacks },
    knownMaps: [...frames, ...findPythonMaps(graph, blocks.image, layout, use.regions)],
    traced,
  });
}

async function waitUntil(dueMs: number, options: RssOptions, progress: Progress): Promise<void> {
  progress.stage(`watching for ${formatDuration(Math.max(0, dueMs - performance.now()) / 1000)}`);
  while (performance.now() < dueMs) {
    throwIfCancelled(options.signal);
    await sleep(Math.min(POLL_MS, Math.max(1, dueMs - performance.now())));
  }
}
