// Copies the writable private memory of a live process in one short pause: a consistent image to parse at leisure.
// Everything that takes time is done before the stop; while the target stands still, there are only reads.

import { setTimeout as sleep } from 'node:timers/promises';
import { LeakscopeError } from '../base/errors.ts';
import { type Problem, ProblemLog } from '../base/problems.ts';
import { formatBytes } from '../base/units.ts';
import { type ColdReader, MemoryImage } from '../cpython/memory-image.ts';
import type { MemorySegment } from '../cpython/memory-reader.ts';
import { BufferCursor, bufferBytes, type CaptureBuffers, prepareBuffers } from './capture-buffers.ts';
import { type CapturePlan, canHoldObjects, isAnonymous, isPlainMemory, planCapture } from './capture-plan.ts';
import { readAvailableMemory } from './memory-limit.ts';
import { type MappedRegion, readMemoryMaps, regionAt } from './memory-maps.ts';
import { openPagemap, type Pagemap } from './pagemap.ts';
import { openPauseGuard, type PauseGuard, targetExited } from './pause.ts';
import { readProcessStat, sameProcess } from './process-info.ts';
import { liveImage, openProcessMemory, PAGE_BYTES, type ProcessMemory, READ_BYTES } from './process-memory.ts';
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
  readonly signal?: AbortSignal | undefined;
  readonly problems?: ProblemLog;
  /** Largest single buffer in bytes; smaller in tests. */
  readonly chunkBytes?: number;
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
  /** Stops made, the last one for the copy. */
  readonly attempts: number;
  readonly problems: readonly Problem[];
  /** For the next capture's `reuse`, once this image is no longer used. */
  readonly buffers: CaptureBuffers;
  /** Gives up the live part of the image; the copied part stays readable. */
  close(): void;
}

/** A slow estimate of the copy (2 to 4 GB/s are usual), so that a pause is refused rather than overrun. */
const COPY_BYTES_PER_MS = 2e6;
/** A process that collects without end is met inside the collector in four of five stops: 0.8^40 is one in 7,500. */
const DEFAULT_QUIESCENCE_ATTEMPTS = 40;
/** Growth between planning and stopping that the buffers have room for. */
const HEADROOM_BYTES = 8 << 20;
const HEADROOM_SHARE = 0.02;
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
      readonly bytes: number;
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
  #plan: CapturePlan | undefined;

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
        return this.#result(outcome.segments, outcome.regions, outcome.bytes, pauseMs, shortPausesMs);
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

  /** Plans the copy and makes room for it, while the target runs. */
  async #prepare(): Promise<MappedRegion[]> {
    const regions = this.#readMaps();
    const plan = planCapture(regions, this.#pagemap);
    this.#plan = plan;
    this.#refuseLongPause(plan);
    const wanted = plan.bufferBytes * (1 + HEADROOM_SHARE) + HEADROOM_BYTES;
    const missing = wanted - bufferBytes(this.#buffers);
    const available = readAvailableMemory();
    if (missing > 0 && available !== undefined && missing > available) {
      throw new LeakscopeError(
        'E_NOT_ENOUGH_MEMORY',
        `a copy of process ${this.#pid} needs ${formatBytes(missing)}, and ${formatBytes(available)} are free here`,
        { hint: 'free some memory, raise the limit of the container, or run leakscope outside of it' },
      );
    }
    const { chunkBytes, signal } = this.#options;
    this.#buffers = await prepareBuffers(wanted, {
      reuse: this.#buffers,
      signal,
      ...(chunkBytes === undefined ? {} : { chunkBytes }),
    });
    return regions;
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
      // Mappings may have come and gone since the plan was made; reading them again takes a millisecond.
      const regions = this.#readMaps();
      const plan = planCapture(regions, this.#pagemap, this.#plan);
      if (plan.bufferBytes > bufferBytes(this.#buffers)) return { kind: 'outgrown' };
      this.#refuseLongPause(plan);
      this.#options.whileStopped?.();
      const segments = this.#copy(plan, startedAt);
      if (this.#guard !== undefined && !this.#guard.isHeld()) {
        if (!sameProcess(this.#pid, this.#startTimeTicks)) throw targetExited(this.#pid);
        return { kind: 'lost' };
      }
      return { kind: 'copied', segments, regions, bytes: plan.readBytes };
    } finally {
      this.#guard?.resume();
    }
  }

  #copy(plan: CapturePlan, startedAt: number): MemorySegment[] {
    const segments: MemorySegment[] = [];
    const cursor = new BufferCursor(this.#buffers);
    for (const range of plan.ranges) {
      let run = 0;
      for (let at = range.start; at < range.end; ) {
        const bytes = cursor.take(range.end - at);
        // The caller compared the sums; chunks are multiples of a page, so nothing is lost between them.
        if (bytes === undefined) throw new Error('broken invariant: capture buffers smaller than planned');
        const end = at + bytes.length;
        let filled = at;
        while (run < range.runs.length && range.runs[run]! < end) {
          const from = Math.max(at, range.runs[run]!);
          const to = Math.min(end, range.runs[run + 1]!);
          // Reused buffers hold the last snapshot: what is not read must be cleared.
          bytes.fill(0, filled - at, from - at);
          this.#readRun(from, bytes.subarray(from - at, to - at), startedAt);
          filled = to;
          if (range.runs[run + 1]! > end) break;
          run += 2;
        }
        bytes.fill(0, filled - at);
        segments.push({ start: at, bytes, writable: true });
        at = end;
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
    segments: MemorySegment[],
    regions: MappedRegion[],
    copiedBytes: number,
    pauseMs: number,
    shortPausesMs: readonly number[],
  ): CaptureResult {
    if (this.#guard === undefined) {
      this.#problems.add('not-paused', 'the target could not be paused: objects that changed meanwhile are torn');
    }
    const memory = this.#memory;
    const files = openTargetFiles(this.#pid);
    return {
      image: new MemoryImage(segments, regions, coldReader(memory, files, regions)),
      regions,
      pauseMs,
      shortPausesMs,
      copiedBytes,
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

  #refuseLongPause(plan: CapturePlan): void {
    const { maxPauseMs } = this.#options;
    const estimateMs = plan.readBytes / COPY_BYTES_PER_MS;
    if (maxPauseMs !== undefined && this.#guard !== undefined && estimateMs > maxPauseMs) {
      throw this.#tooLong(estimateMs, `copying ${formatBytes(plan.readBytes)}`);
    }
  }

  #refuseOverrun(startedAt: number, missingBytes: number): void {
    const { maxPauseMs } = this.#options;
    if (maxPauseMs === undefined || this.#guard === undefined) return;
    const elapsedMs = performance.now() - startedAt;
    if (elapsedMs > maxPauseMs)
      throw this.#tooLong(elapsedMs + missingBytes / COPY_BYTES_PER_MS, 'copying on this slow host');
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
    if (this.#options.signal?.aborted) throw new LeakscopeError('E_CANCELLED', 'cancelled');
  }
}

/**
 * Reads what was not copied: read-only data from the living target, or from its files once it has ended. A page of a
 * copied region that did not exist in the pause was zero (or as in its file) and must not be read from the present.
 */
function coldReader(memory: ProcessMemory, files: TargetFiles, regions: readonly MappedRegion[]): ColdReader {
  return (start, length) => {
    const region = regionAt(regions, start);
    if (region === undefined || !isPlainMemory(region)) return undefined;
    if (canHoldObjects(region) && isAnonymous(region)) return new Uint8Array(length);
    const bytes = new Uint8Array(length);
    return memory.read(start, bytes) > 0 ? bytes : files.readMapped(region, start, length);
  };
}
