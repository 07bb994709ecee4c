// Copies the writable private memory of a live process in one short pause: a consistent image to parse at leisure.
// Everything that takes time is done before the stop; while the target stands still, there are only reads.

import { setTimeout as sleep } from 'node:timers/promises';
import { LeakscopeError, throwIfCancelled } from '../base/errors.ts';
import { type Problem, ProblemLog } from '../base/problems.ts';
import { isInRuns } from '../base/sorted-search.ts';
import { formatBytes } from '../base/units.ts';
import { type ColdReader, MemoryImage } from '../cpython/memory-image.ts';
import type { MemorySegment } from '../cpython/memory-reader.ts';
import type { RawBuffer, RawBufferFinder, ReadLive } from '../cpython/raw-buffers.ts';
import { BufferCursor, bufferBytes, type CaptureBuffers, prepareBuffers } from './capture-buffers.ts';
import {
  bytesWanted,
  type CapturePlan,
  canHoldObjects,
  isAnonymous,
  isPlainMemory,
  planCapture,
  skippedBy,
} from './capture-plan.ts';
import { measureCopySpeed } from './copy-speed.ts';
import { copyEarly, whyNotCopyEarly } from './early-copy.ts';
import { readAvailableMemory } from './memory-limit.ts';
import { type MappedRegion, readMemoryMaps, regionAt } from './memory-maps.ts';
import { openPagemap, type Pagemap } from './pagemap.ts';
import { openPauseGuard, type PauseGuard, targetExited } from './pause.ts';
import { readProcessStat, sameProcess } from './process-info.ts';
import { liveImage, openProcessMemory, PAGE_BYTES, type ProcessMemory, READ_BYTES } from './process-memory.ts';
import { type EarlyCopy, planRecopy, type RecopyPlan } from './recopy-plan.ts';
import { startTracking } from './soft-dirty.ts';
import { openTargetFiles, type TargetFiles } from './target-files.ts';

export interface CaptureOptions {
  /**
   * Asked about the stopped target, over its live memory: false (as while the collector runs) lets it run on for a few
   * milliseconds and tries again.
   */
  readonly isQuiescent?: (image: MemoryImage) => boolean;
  /** Called while the target stands still for the copy, right before it: must be quick. */
  readonly whileStopped?: (() => void) | undefined;
  /** Stops tried before a busy target is copied as it is, with the problem `gc-running`. */
  readonly quiescenceAttempts?: number;
  /** The longest pause allowed, in milliseconds. */
  readonly maxPauseMs?: number | undefined;
  /** Buffers of an earlier capture whose image is no longer used. */
  readonly reuse?: CaptureBuffers | undefined;
  /** A guard kept open over several captures; otherwise one is made for this capture. */
  readonly guard?: PauseGuard | undefined;
  /**
   * Copies without a stop, for a target that cannot be stopped (process 1 of our own container): objects that change
   * during the copy are torn, counted as the problem `not-paused`.
   */
  readonly whileRunning?: boolean;
  /**
   * Finds big raw buffers in live memory, to be sized and not copied: nothing of them but the first page is in the image,
   * and reading there finds no memory. Left out, everything is copied.
   */
  readonly rawData?: ((read: ReadLive, regions: readonly MappedRegion[]) => RawDataFinder) | undefined;
  /**
   * Copies while the target runs, where the kernel can tell which pages were written since, and again only those while it
   * stands still. It clears the kernel's marks, which another tool (CRIU) may be using.
   */
  readonly copyEarly?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly problems?: ProblemLog;
  /** Largest single buffer in bytes; smaller in tests. */
  readonly chunkBytes?: number;
}

/** What `rawData` answers with; made anew for the regions of the pause. */
export type RawDataFinder = Pick<RawBufferFinder, 'find' | 'isStillRaw'>;

/** A part of a capture, with what it read and the time it took. */
export interface CapturePhase {
  readonly name: 'copy while running' | 'stop' | 'copy while stopped';
  readonly bytes: number;
  readonly ms: number;
}

/** A frozen copy of the target's memory. */
export interface CaptureResult {
  /** Copied memory, with read-only data read from the living target (or its files) when asked for. */
  readonly image: MemoryImage;
  readonly regions: readonly MappedRegion[];
  /** How long the target stood still for the copy, in milliseconds; 0 with `whileRunning`. */
  readonly pauseMs: number;
  /** Pauses of the attempts that found the collector running or the plan outdated, in milliseconds. */
  readonly shortPausesMs: readonly number[];
  readonly copiedBytes: number;
  /** Raw data that was sized and not copied. */
  readonly skippedBytes: number;
  /** In order; the last two are the pause. */
  readonly phases: readonly CapturePhase[];
  /** Why nothing was copied while the target ran, or '' when it was. */
  readonly whyNoEarlyCopy: string;
  /** Stops made, the last one for the copy. */
  readonly attempts: number;
  readonly problems: readonly Problem[];
  /** For the next capture's `reuse`, once this image is no longer used. */
  readonly buffers: CaptureBuffers;
  /** Gives up the live part of the image; the copied part stays readable. */
  close(): void;
}

/** A process that collects without end is met inside the collector in four of five stops: 0.8^40 is one in 7,500. */
const DEFAULT_QUIESCENCE_ATTEMPTS = 40;
/** A process that outgrew its plan goes on growing, and takes longer to prepare for: this many times what was missing. */
const GROWTH_MARGIN = 3;
/** Plans outgrown, or pauses lost to someone else's SIGCONT, before giving up. */
const LOST_ATTEMPTS = 5;
/** Unreadable pages in a row after which the rest of a run is not tried: guard areas are a few pages. */
const MAX_BAD_PAGES = 1024;

/**
 * Captures the memory of process `pid`. Throws E_PERMISSION, E_NO_SUCH_PROCESS, E_TARGET_EXITED, E_PAUSE_FAILED,
 * E_PAUSE_TOO_LONG, E_NOT_ENOUGH_MEMORY, E_CANCELLED; the target runs on in every case.
 */
export async function captureMemory(pid: number, options: CaptureOptions = {}): Promise<CaptureResult> {
  const identity = readProcessStat(pid);
  const memory = openProcessMemory(pid);
  const pagemap = openPagemap(pid);
  let guard: PauseGuard | undefined;
  try {
    if (identity === undefined) throw targetExited(pid);
    guard = options.whileRunning ? undefined : (options.guard ?? (await openPauseGuard(pid)));
    const capture = new Capture(pid, identity.startTimeTicks, memory, pagemap, guard, options);
    return await capture.run();
  } catch (error) {
    memory.close();
    throw error;
  } finally {
    pagemap.close();
    if (guard !== options.guard) guard?.close();
  }
}

/** What one stop came to. */
type Outcome =
  | {
      readonly kind: 'copied';
      readonly segments: MemorySegment[];
      readonly regions: MappedRegion[];
      readonly skipped: readonly number[];
      readonly skippedBytes: number;
      readonly bytes: number;
      readonly stopMs: number;
    }
  | { readonly kind: 'busy' | 'outgrown' | 'lost' };

/** One capture in progress: owns nothing, closes nothing. */
class Capture {
  readonly #pid: number;
  readonly #startTimeTicks: number;
  readonly #memory: ProcessMemory;
  readonly #pagemap: Pagemap;
  readonly #guard: PauseGuard | undefined;
  readonly #options: CaptureOptions;
  readonly #problems: ProblemLog;
  #buffers: CaptureBuffers;
  /** Room left for what the process grows by between the plan and the stop, beyond the usual. */
  #growthBytes = 0;
  #plan: CapturePlan | undefined;
  #rawBuffers: readonly RawBuffer[] = [];
  #early: readonly EarlyCopy[] = [];
  #earlyBytes = 0;
  #earlyMs = 0;
  #whyNoEarlyCopy = 'not asked for';
  #bytesPerMs = 0;

  constructor(
    pid: number,
    startTimeTicks: number,
    memory: ProcessMemory,
    pagemap: Pagemap,
    guard: PauseGuard | undefined,
    options: CaptureOptions,
  ) {
    this.#pid = pid;
    this.#startTimeTicks = startTimeTicks;
    this.#memory = memory;
    this.#pagemap = pagemap;
    this.#guard = guard;
    this.#options = options;
    this.#problems = options.problems ?? new ProblemLog();
    this.#buffers = options.reuse ?? { chunks: [] };
  }

  async run(): Promise<CaptureResult> {
    const { isQuiescent, quiescenceAttempts = DEFAULT_QUIESCENCE_ATTEMPTS } = this.#options;
    let regions = await this.#prepare();
    const shortPausesMs: number[] = [];
    let busy = 0;
    let lost = 0;
    for (;;) {
      this.#checkCancelled();
      const askFirst = isQuiescent !== undefined && busy < quiescenceAttempts;
      const startedAt = performance.now();
      const outcome = this.#attempt(regions, askFirst ? isQuiescent : undefined, startedAt);
      const pauseMs = this.#guard === undefined ? 0 : performance.now() - startedAt;
      if (outcome.kind === 'copied') {
        if (isQuiescent !== undefined && !askFirst) {
          this.#problems.add('gc-running', 'the collector was running in every pause: some objects may be missing');
        }
        return this.#result(outcome, pauseMs, shortPausesMs);
      }
      shortPausesMs.push(pauseMs);
      if (outcome.kind === 'busy') {
        busy++;
        // 1 to 5 ms, changing, so that a periodic target is not met in the same phase again and again.
        await sleep(1 + (busy % 5));
        continue;
      }
      if (++lost > LOST_ATTEMPTS) throw this.#lostError(outcome.kind);
      regions = await this.#prepare();
    }
  }

  /** Plans the copy, makes room for it and copies ahead, while the target runs. */
  async #prepare(): Promise<MappedRegion[]> {
    const { chunkBytes, signal, maxPauseMs } = this.#options;
    const regions = this.#readMaps();
    const plan = this.#planAround(regions);
    this.#plan = plan;
    const wanted = bytesWanted(plan) + this.#growthBytes;
    this.#refuseWithoutMemory(wanted - bufferBytes(this.#buffers));
    this.#buffers = await prepareBuffers(wanted, {
      reuse: this.#buffers,
      signal,
      ...(chunkBytes === undefined ? {} : { chunkBytes }),
    });
    this.#whyNoEarlyCopy = this.#reasonAgainstEarlyCopy(plan);
    this.#early = [];
    if (this.#whyNoEarlyCopy === '') await this.#copyEarly(plan, regions);
    else if (maxPauseMs !== undefined && this.#guard !== undefined) {
      this.#bytesPerMs = measureCopySpeed(this.#memory, plan, this.#buffers.chunks);
      this.#refuseLongPause(plan.readBytes);
    }
    return regions;
  }

  /** The plan without the raw buffers that are found now. */
  #planAround(regions: readonly MappedRegion[]): CapturePlan {
    const plan = planCapture(regions, this.#pagemap);
    const finder = this.#options.rawData?.(this.#memory.read, regions);
    if (finder === undefined) return plan;
    this.#rawBuffers = finder.find(plan.ranges.flatMap((range) => range.runs));
    return planCapture(regions, this.#pagemap, plan, skippedBy(this.#rawBuffers));
  }

  #reasonAgainstEarlyCopy(plan: CapturePlan): string {
    if (this.#guard === undefined || this.#guard.wasStopped) return 'the process is not stopped for the copy';
    return whyNotCopyEarly(this.#options.copyEarly, plan.readBytes) || startTracking(this.#pid);
  }

  async #copyEarly(plan: CapturePlan, regions: readonly MappedRegion[]): Promise<void> {
    const startedAt = performance.now();
    const cursor = new BufferCursor(this.#buffers);
    const from = { memory: this.#memory, pagemap: this.#pagemap };
    const { copies, bytes } = await copyEarly(plan, regions, from, cursor, this.#options.signal);
    this.#early = copies;
    this.#earlyBytes = bytes;
    this.#earlyMs = performance.now() - startedAt;
    this.#bytesPerMs = bytes / this.#earlyMs;
  }

  /** One stop, from SIGSTOP to SIGCONT. Synchronous: no other code of this process can run inside the pause. */
  #attempt(
    known: readonly MappedRegion[],
    isQuiescent: ((image: MemoryImage) => boolean) | undefined,
    startedAt: number,
  ): Outcome {
    this.#guard?.pause();
    try {
      if (isQuiescent !== undefined && !isQuiescent(liveImage(this.#memory, known))) return { kind: 'busy' };
      const stopMs = performance.now() - startedAt;
      // Mappings may have come and gone since the plan was made; reading them again takes a millisecond.
      const regions = this.#readMaps();
      const skipped = this.#stillSkipped(regions);
      const plan = planCapture(regions, this.#pagemap, this.#plan, skipped);
      const left = planRecopy(plan.ranges, this.#early, this.#pagemap.entries);
      const usedBytes = this.#early.reduce((sum, copy) => sum + copy.bytes.length, 0);
      const missing = left.newBytes + usedBytes - bufferBytes(this.#buffers);
      if (missing > 0) {
        this.#growthBytes += GROWTH_MARGIN * missing;
        return { kind: 'outgrown' };
      }
      this.#refuseLongPause(left.readBytes);
      this.#options.whileStopped?.();
      const segments = this.#copy(left, usedBytes, startedAt);
      if (this.#guard !== undefined && !this.#guard.isHeld()) {
        if (!sameProcess(this.#pid, this.#startTimeTicks)) throw targetExited(this.#pid);
        return { kind: 'lost' };
      }
      const { skippedBytes } = plan;
      return { kind: 'copied', segments, regions, skipped, skippedBytes, bytes: left.readBytes, stopMs };
    } finally {
      this.#guard?.resume();
    }
  }

  /** The raw buffers that are still that, now that nothing changes any more. */
  #stillSkipped(regions: readonly MappedRegion[]): number[] {
    if (this.#rawBuffers.length === 0) return [];
    const finder = this.#options.rawData?.(this.#memory.read, regions);
    return skippedBy(this.#rawBuffers.filter((buffer) => finder?.isStillRaw(buffer) === true));
  }

  #copy(left: RecopyPlan, usedBytes: number, startedAt: number): MemorySegment[] {
    const segments: MemorySegment[] = [];
    const cursor = new BufferCursor(this.#buffers, usedBytes);
    for (const part of left.parts) {
      let run = 0;
      let zero = 0;
      for (let at = part.start; at < part.end; ) {
        const bytes = part.early ?? cursor.take(part.end - at);
        // The caller compared the sums; chunks are multiples of a page, so nothing is lost between them.
        if (bytes === undefined) throw new Error('broken invariant: capture buffers smaller than planned');
        // Reused buffers hold the last snapshot: what is not read must be cleared.
        zero = overlaps(part.zeros, zero, at, bytes.length, (from, to) => bytes.fill(0, from, to));
        run = overlaps(part.runs, run, at, bytes.length, (from, to) =>
          this.#readRun(at + from, bytes.subarray(from, to), startedAt),
        );
        segments.push({ start: at, bytes, writable: true });
        at += bytes.length;
      }
    }
    return segments;
  }

  #readRun(start: number, into: Uint8Array, startedAt: number): void {
    let badPages = 0;
    for (let done = 0; done < into.length; ) {
      this.#refuseOverrun(startedAt, into.length - done);
      const piece = into.subarray(done, Math.min(into.length, done + READ_BYTES));
      const got = this.#memory.readOnce(start + done, piece);
      if (got > 0) {
        done += got;
        badPages = 0;
        continue;
      }
      if (got === 0 || badPages >= MAX_BAD_PAGES) {
        // Nothing mapped there any more: the target has ended, or (unpaused) gave the memory back.
        if (!sameProcess(this.#pid, this.#startTimeTicks)) throw targetExited(this.#pid);
        this.#problems.addAt('memory-vanished', 'memory was given back while it was copied', start + done);
        into.fill(0, done);
        return;
      }
      // A guard page inside the mapping (glibc 2.42 thread stacks).
      piece.fill(0, 0, PAGE_BYTES);
      done += Math.min(PAGE_BYTES, piece.length);
      badPages++;
    }
  }

  #result(
    copied: Extract<Outcome, { kind: 'copied' }>,
    pauseMs: number,
    shortPausesMs: readonly number[],
  ): CaptureResult {
    if (this.#guard === undefined) {
      this.#problems.add('not-paused', 'the target could not be paused: objects that changed meanwhile are torn');
    }
    const memory = this.#memory;
    const files = openTargetFiles(this.#pid);
    const { segments, regions, skipped, stopMs } = copied;
    const isEarly = this.#whyNoEarlyCopy === '';
    return {
      image: new MemoryImage(segments, regions, coldReader(memory, files, regions, skipped)),
      regions,
      pauseMs,
      shortPausesMs,
      copiedBytes: copied.bytes + (isEarly ? this.#earlyBytes : 0),
      skippedBytes: copied.skippedBytes,
      phases: [
        ...(isEarly ? [{ name: 'copy while running', bytes: this.#earlyBytes, ms: this.#earlyMs } as const] : []),
        { name: 'stop', bytes: 0, ms: this.#guard === undefined ? 0 : stopMs },
        { name: 'copy while stopped', bytes: copied.bytes, ms: Math.max(0, pauseMs - stopMs) },
      ],
      whyNoEarlyCopy: this.#whyNoEarlyCopy,
      attempts: shortPausesMs.length + 1,
      problems: this.#problems.list(),
      buffers: this.#buffers,
      close: () => {
        memory.close();
        files.close();
      },
    };
  }

  #readMaps(): MappedRegion[] {
    let regions: MappedRegion[] = [];
    try {
      regions = readMemoryMaps(this.#pid);
    } catch (error) {
      if (!(error instanceof LeakscopeError) || error.code !== 'E_NO_SUCH_PROCESS') throw error;
    }
    // The map of a process that is ending is empty.
    if (regions.length === 0) throw targetExited(this.#pid);
    return regions;
  }

  #refuseWithoutMemory(missing: number): void {
    const available = readAvailableMemory();
    if (missing <= 0 || available === undefined || missing <= available) return;
    throw new LeakscopeError(
      'E_NOT_ENOUGH_MEMORY',
      `a copy of process ${this.#pid} needs ${formatBytes(missing)}, and ${formatBytes(available)} are free here`,
      { hint: 'free some memory, raise the limit of the container, or run leakscope outside of it' },
    );
  }

  #refuseLongPause(readBytes: number): void {
    const { maxPauseMs } = this.#options;
    if (maxPauseMs === undefined || this.#guard === undefined) return;
    const estimateMs = readBytes / this.#bytesPerMs;
    if (estimateMs > maxPauseMs) throw this.#tooLong(estimateMs, `copying ${formatBytes(readBytes)}`);
  }

  #refuseOverrun(startedAt: number, missingBytes: number): void {
    const { maxPauseMs } = this.#options;
    if (maxPauseMs === undefined || this.#guard === undefined) return;
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs > maxPauseMs)
      throw this.#tooLong(elapsedMs + missingBytes / this.#bytesPerMs, 'copying on this slow host');
  }

  #tooLong(estimateMs: number, what: string): LeakscopeError {
    const { maxPauseMs } = this.#options;
    const estimate = Math.ceil(estimateMs);
    return new LeakscopeError(
      'E_PAUSE_TOO_LONG',
      `${what} would pause process ${this.#pid} for about ${estimate} ms, more than the ${maxPauseMs} ms allowed`,
      { hint: `allow a longer pause, e.g. --max-pause ${Math.ceil(estimate * 1.5)}` },
    );
  }

  #lostError(kind: 'outgrown' | 'lost'): LeakscopeError {
    return kind === 'lost'
      ? new LeakscopeError('E_PAUSE_FAILED', `something else resumes process ${this.#pid} while it is paused`)
      : new LeakscopeError('E_TARGET_BUSY', `process ${this.#pid} grows faster than it can be prepared for`);
  }

  #checkCancelled(): void {
    throwIfCancelled(this.#options.signal);
  }
}

/**
 * Calls `visit` with the parts of the pairs in `runs`, from index `from` on, that lie in the `length` bytes at `start`,
 * counted from there. Returns the index of the first pair that may reach further.
 */
function overlaps(
  runs: readonly number[],
  from: number,
  start: number,
  length: number,
  visit: (from: number, to: number) => void,
): number {
  let i = from;
  for (; i < runs.length && runs[i]! < start + length; i += 2) {
    visit(Math.max(0, runs[i]! - start), Math.min(length, runs[i + 1]! - start));
    if (runs[i + 1]! > start + length) break;
  }
  return i;
}

/**
 * Reads what was not copied: read-only data from the living target, or from its files once it has ended. A page of a
 * copied region that did not exist in the pause was zero (or as in its file) and must not be read from the present; one
 * of raw data (`skipped`, start and end pairs) is not known.
 */
function coldReader(
  memory: ProcessMemory,
  files: TargetFiles,
  regions: readonly MappedRegion[],
  skipped: readonly number[],
): ColdReader {
  return (start, length) => {
    const region = regionAt(regions, start);
    if (region === undefined || !isPlainMemory(region)) return undefined;
    if (canHoldObjects(region) && isAnonymous(region)) {
      return isInRuns(skipped, start) ? undefined : new Uint8Array(length);
    }
    const bytes = new Uint8Array(length);
    return memory.read(start, bytes) > 0 ? bytes : files.readMapped(region, start, length);
  };
}
