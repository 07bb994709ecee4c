// One run of `trace`: reads the tables of a live process's tracemalloc from outside, once or at two moments, and says
// which lines allocated what is there, or what grew.

import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfCancelled } from '../base/errors.ts';
import { ProblemLog } from '../base/problems.ts';
import { formatDuration } from '../base/units.ts';
import { isCollecting } from '../cpython/collector-state.ts';
import type { HeapWalk } from '../cpython/heap-walk.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import type { MemoryUse } from '../cpython/resident-pages.ts';
import type { AllocationTraces } from '../cpython/tracemalloc/allocation-traces.ts';
import { readTracemalloc, type TracemallocSnapshot } from '../cpython/tracemalloc/tracemalloc-snapshot.ts';
import { keptTraces } from '../diagnose/allocation-filter.ts';
import { type AllocationProfile, allocationProfile, type ProfiledLook } from '../diagnose/allocation-profile.ts';
import { groupAllocations } from '../diagnose/allocation-statistics.ts';
import type { CaptureFacts } from '../diagnose/capture-facts.ts';
import {
  type AppliedFilter,
  reportTrace,
  type TraceKey,
  type TraceLook,
  type TraceReport,
} from '../diagnose/trace-report.ts';
import type { Address } from '../graph/heap-graph.ts';
import { readMemoryUse } from '../target/memory-use.ts';
import { readRss } from '../target/process-info.ts';
import { applicationOf } from '../target/python-processes.ts';
import { readStackPointers } from '../target/stack-pointers.ts';
import { AttachedTarget, factsOfCapture } from './attached-target.ts';
import { type Progress, pythonName } from './session-options.ts';
import { waitForStartUp } from './start-up.ts';
import { tablesAtRest } from './tables-at-rest.ts';
import { TraceHeapLooks } from './trace-heap-looks.ts';
import { TracedSource } from './traced-source.ts';
import { isUntraced } from './tracing-state.ts';
import {
  afterFailure,
  notTracing,
  type SwitchedTracing,
  switchTracingOff,
  switchTracingOn,
  type TracingSwitch,
} from './tracing-switch.ts';

export interface TraceOptions {
  readonly pid: number;
  /** Time between two looks, in seconds; one look when left out. */
  readonly seconds?: number | undefined;
  /**
   * For a process that was just started, least time before the first look, in seconds: what a program allocates at its
   * start is no growth. Unless it is 0, the first look also waits until the program has imported what it needs.
   */
  readonly warmUpSeconds?: number | undefined;
  readonly by: TraceKey;
  readonly cumulative: boolean;
  readonly filters: readonly AppliedFilter[];
  readonly top: number;
  /** Given every stack that the filters keep, for export; they are put together only if it is there. */
  readonly onProfile?: ((profile: TakenProfile) => void) | undefined;
  /** Says who holds what the listed lines allocated; not with cumulative sums. */
  readonly holders?: boolean | undefined;
  /** Says what grew and is not traced; needs two looks. */
  readonly native?: boolean | undefined;
  readonly maxPauseMs?: number | undefined;
  /** False leaves the kernel's marks of written pages alone, for a process that another tool (CRIU) tracks. */
  readonly precopy?: boolean | undefined;
  /** Runs lines of code in the target, with consent: tracing on before the first look, off after the last. */
  readonly tracing?: TracingSwitch | undefined;
  readonly signal: AbortSignal;
}

export interface TakenProfile {
  readonly allocations: AllocationProfile;
  /** Time of the last look, in milliseconds since 1970. */
  readonly takenAtMs: number;
}

/** What one stop of the target gave. */
export interface TracemallocCapture {
  readonly snapshot: TracemallocSnapshot;
  readonly rssBytes: number;
  /** `performance.now()` when the target stood still. */
  readonly stoppedAtMs: number;
  readonly pauseMs: number;
  readonly facts: CaptureFacts;
  /** The objects of the same moment, where they were asked for. */
  readonly heap: TracedMemory | undefined;
}

/** Valid until the next capture. */
export interface TracedMemory {
  readonly image: MemoryImage;
  /** Which pages were resident, where that was asked for. */
  readonly use: MemoryUse | undefined;
  walk(): HeapWalk;
}

export interface TracemallocCaptureOptions extends Pick<TraceOptions, 'maxPauseMs' | 'precopy' | 'signal'> {
  /** For a walk of the heap too; and for one that says which pages are resident. */
  readonly heap?: 'walk' | 'walk and pages' | undefined;
}

const POLL_MS = 100;
/** How long a started interpreter may take to begin tracing: it does before it runs any Python code. */
const TRACING_START_MS = 3000;
/** Copies taken of tables that are being changed, where nothing tells when they are not. */
const TORN_TRIES = 4;

/** Runs `trace`. Throws E_NOT_TRACING, E_NO_CONSENT and the like of remote-calls.ts, and what attaching and pausing throw; the process runs on in every case. */
export async function runTrace(options: TraceOptions, progress: Progress): Promise<TraceReport> {
  const problems = new ProblemLog();
  progress.stage(`attaching to process ${options.pid}`);
  const target = await AttachedTarget.attach(options.pid, problems);
  try {
    const { tracing, signal } = options;
    const switched = tracing === undefined ? undefined : await switchTracingOn(target, tracing, signal, progress);
    try {
      return await observe(target, options, progress, problems, switched);
    } catch (error) {
      throw switched === undefined ? error : await afterFailure(target, switched, error);
    }
  } finally {
    progress.done();
    target.close();
  }
}

/** Stops the target once and reads what its tracemalloc knows. Throws E_NOT_TRACING. */
export async function captureTracemalloc(
  target: AttachedTarget,
  options: TracemallocCaptureOptions,
  problems: ProblemLog,
): Promise<TracemallocCapture> {
  const { interpreter, info } = target;
  if (isUntraced(target)) throw notTracing(target, 'not tracing');
  for (let attempt = 1; ; attempt++) {
    let rssBytes = 0;
    let stackPointers: readonly Address[] | undefined;
    let use: MemoryUse | undefined;
    const isWhole = tablesAtRest(interpreter);
    const { captured, stoppedAtMs } = await target.copy({
      maxPauseMs: options.maxPauseMs,
      precopy: options.precopy,
      signal: options.signal,
      sizeRawData: true,
      whileStopped: () => {
        rssBytes = readRss(info.pid) ?? 0;
        if (options.heap === undefined) return;
        stackPointers = readStackPointers(info.pid);
        if (options.heap === 'walk and pages') use = readMemoryUse(info.pid);
      },
      isQuiescent: (live) => {
        if (options.heap !== undefined && isCollecting(live, interpreter.interpreters[0]!)) return false;
        return isWhole(live);
      },
    });
    const found = new ProblemLog();
    const snapshot = readTracemalloc(captured.image, interpreter, found);
    const isLast = attempt === TORN_TRIES;
    if (typeof snapshot === 'string') {
      // Tables in the middle of a change may not be recognised at all.
      if (snapshot === 'not tracing' || isLast) throw notTracing(target, snapshot);
    } else if (snapshot.traces.isComplete || isLast) {
      problems.addAll(found);
      const { image, pauseMs } = captured;
      const walk = (): HeapWalk => target.walk(captured, stackPointers);
      const heap = options.heap === undefined ? undefined : { image, use, walk };
      return { snapshot, rssBytes, stoppedAtMs, pauseMs, facts: factsOfCapture(captured), heap };
    }
  }
}

async function observe(
  target: AttachedTarget,
  options: TraceOptions,
  progress: Progress,
  problems: ProblemLog,
  switched: SwitchedTracing | undefined,
): Promise<TraceReport> {
  const startedAtMs = performance.now();
  const { info, interpreter } = target;
  // Opened while the process is there to show its files.
  const source = new TracedSource(info);
  const looks: TraceLook[] = [];
  const profiled: ProfiledLook[] = [];
  const pausesMs: number[] = [];
  const captures: CaptureFacts[] = [];
  const notes: string[] = [];
  const { holders = false, native = false } = options;
  const heapLooks = holders || native ? new TraceHeapLooks(target, { native }) : undefined;
  const heap = heapLooks === undefined ? undefined : native ? 'walk and pages' : 'walk';
  let kept: Uint8Array = new Uint8Array(0);
  if (options.warmUpSeconds !== undefined) await warmUp(target, options.warmUpSeconds, options.signal, progress);
  for (let look = 0; look < (options.seconds === undefined ? 1 : 2); look++) {
    if (look > 0) {
      // From stop to stop: what the first look takes to be worked through is part of it.
      const passed = (performance.now() - startedAtMs) / 1000 - looks[0]!.atSeconds;
      await wait(Math.max(0, options.seconds! - passed), target, options.signal, progress, () =>
        heapLooks?.sample((performance.now() - startedAtMs) / 1000),
      );
      if (!target.isAlive) {
        const seconds = (performance.now() - startedAtMs) / 1000;
        notes.push(`the process ended within ${formatDuration(seconds)}: this is what it had at the first look`);
        break;
      }
    }
    progress.stage('reading the tables of tracemalloc');
    const capture = await captureTracemalloc(target, { ...options, heap }, problems);
    const atSeconds = (capture.stoppedAtMs - startedAtMs) / 1000;
    kept = keptTraces(capture.snapshot.traces, options.filters);
    looks.push(summariseLook(capture, kept, atSeconds, options));
    if (heapLooks !== undefined) progress.stage('finding objects');
    heapLooks?.add(capture);
    if (options.onProfile !== undefined) {
      const stacks = groupAllocations(capture.snapshot.traces, kept, { by: 'traceback' });
      profiled.push({ atSeconds, stacks });
    }
    pausesMs.push(capture.pauseMs);
    captures.push(capture.facts);
  }
  if (switched !== undefined) notes.push(...(await switchTracingOff(target, switched, options.signal)));
  progress.stage(holders ? 'finding who holds what' : 'reading source');
  if (options.onProfile !== undefined) {
    const allocations = allocationProfile(profiled, (file, line) => source.functionAt(file, line));
    options.onProfile({
      allocations,
      takenAtMs: performance.timeOrigin + startedAtMs + looks.at(-1)!.atSeconds * 1000,
    });
  }
  const report = reportTrace({
    target: {
      pid: info.pid,
      python: pythonName(interpreter),
      app: applicationOf(info),
      uptime_seconds: Math.round(info.uptimeSeconds + (performance.now() - startedAtMs) / 1000),
      rss_bytes: looks.at(-1)!.rssBytes,
    },
    looks,
    by: options.by,
    cumulative: options.cumulative,
    filters: options.filters,
    source,
    notes,
    pausesMs,
    captures,
    top: options.top,
    problems,
    held: holders ? heapLooks!.held(kept) : undefined,
    native: native ? heapLooks!.untracedGrowth() : undefined,
  });
  const changed = report.rows.map(({ file }) => file).filter((file) => source.changed.has(file));
  return changed.length === 0 ? report : { ...report, notes: [...report.notes, changedNote(new Set(changed))] };
}

function summariseLook(
  { snapshot, rssBytes }: TracemallocCapture,
  kept: Uint8Array,
  atSeconds: number,
  { by, cumulative }: TraceOptions,
): TraceLook {
  const { traces, peakBytes, tableBytes, maxFrames } = snapshot;
  const { bytes: keptBytes, blocks: keptBlocks } = sumOf(traces, kept);
  return {
    atSeconds,
    rssBytes,
    ...sumOf(traces),
    peakBytes,
    tableBytes,
    maxFrames,
    groups: groupAllocations(traces, kept, { by: by === 'function' ? 'line' : by, cumulative }),
    keptBytes,
    keptBlocks,
  };
}

function sumOf({ count, sizes }: AllocationTraces, kept?: Uint8Array): { bytes: number; blocks: number } {
  let bytes = 0;
  let blocks = 0;
  for (let i = 0; i < count; i++) {
    if (kept?.[i] === 0) continue;
    bytes += sizes[i]!;
    blocks++;
  }
  return { bytes, blocks };
}

function changedNote(files: ReadonlySet<string>): string {
  return `changed since the process started, so that lines may differ from what runs: ${[...files].join(', ')}`;
}

/** Throws E_NOT_TRACING where tracing does not begin soon. */
async function warmUp(target: AttachedTarget, seconds: number, signal: AbortSignal, progress: Progress): Promise<void> {
  const beganAtMs = performance.now();
  while (target.isAlive && isUntraced(target)) {
    if (performance.now() - beganAtMs > TRACING_START_MS) {
      throw notTracing(target, 'not tracing');
    }
    await sleep(POLL_MS);
  }
  // None is asked for where the start itself is to be seen.
  if (seconds > 0) await waitForStartUp(target, signal, progress);
  await wait(Math.max(0, seconds - (performance.now() - beganAtMs) / 1000), target, signal, progress);
}

/** Ends early with the process. */
async function wait(
  seconds: number,
  target: AttachedTarget,
  signal: AbortSignal,
  progress: Progress,
  look: () => void = () => {},
): Promise<void> {
  const dueMs = performance.now() + seconds * 1000;
  progress.stage(`watching for ${formatDuration(seconds)}`);
  while (performance.now() < dueMs && target.isAlive) {
    throwIfCancelled(signal);
    look();
    await sleep(Math.min(POLL_MS, Math.max(1, dueMs - performance.now())));
  }
}
