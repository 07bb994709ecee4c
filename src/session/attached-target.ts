// One live CPython process, attached: its interpreter known, its memory copied on demand with the smallest pause.

import { setTimeout as sleep } from 'node:timers/promises';
import { assert } from '../base/assert.ts';
import { LeakscopeError } from '../base/errors.ts';
import type { ProblemLog } from '../base/problems.ts';
import { isCollecting } from '../cpython/collector-state.ts';
import { type HeapWalk, walkHeap } from '../cpython/heap-walk.ts';
import { attachInterpreter, type Interpreter } from '../cpython/interpreter.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import { RawBufferFinder } from '../cpython/raw-buffers.ts';
import type { CaptureFacts } from '../diagnose/capture-facts.ts';
import type { Address } from '../graph/heap-graph.ts';
import { processSpace } from '../target/address-space.ts';
import type { CaptureBuffers } from '../target/capture-buffers.ts';
import { type CaptureEstimate, estimateCapture } from '../target/capture-estimate.ts';
import { type CaptureOptions, type CaptureResult, captureMemory } from '../target/memory-capture.ts';
import { readMemoryMaps } from '../target/memory-maps.ts';
import { openPauseGuard, type PauseGuard, targetExited } from '../target/pause.ts';
import { type ProcessInfo, readProcessInfo, sameProcess } from '../target/process-info.ts';
import { liveImage, openProcessMemory, type ProcessMemory } from '../target/process-memory.ts';
import { readStackPointers } from '../target/stack-pointers.ts';
import { requirePythonRuntime } from '../target/unsupported-python.ts';

/** What one stop of the target gave. */
export interface HeapCapture {
  readonly walk: HeapWalk;
  readonly image: MemoryImage;
  /** `performance.now()` when the target stood still for the copy. */
  readonly stoppedAtMs: number;
  readonly pauseMs: number;
  /** What was copied, and when. */
  readonly facts: CaptureFacts;
}

/** The memory of one stop, as it is. */
export interface MemoryCopy {
  readonly captured: CaptureResult;
  /** `performance.now()` when the target stood still for the copy. */
  readonly stoppedAtMs: number;
}

export interface CaptureHeapOptions {
  readonly maxPauseMs?: number | undefined;
  /** False leaves the kernel's marks of written pages alone, for a process that another tool (CRIU) tracks. */
  readonly precopy?: boolean | undefined;
  /** Leaves out big buffers of raw data, of which a walk only reads the size. */
  readonly sizeRawData?: boolean | undefined;
  /** When the stopped target may be copied; by default while no collection runs. Asked over its live memory. */
  readonly isQuiescent?: ((image: MemoryImage) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly progress?: ((step: string) => void) | undefined;
  /** Called while the target is stopped: must be quick. */
  readonly whileStopped?: (() => void) | undefined;
  /** Called when the target runs again, before its copy is walked. */
  readonly whenResumed?: (() => void) | undefined;
}

/** Tries before the process is stopped for it and with it stopped, and the time between them. */
const RUNNING_TRIES = 12;
const STOPPED_TRIES = 12;
const RETRY_MS = 3;

/**
 * Attaches without a stop when it can: a running process changes its lists under the self-check, which then refuses a
 * layout that is right. Only when that keeps happening is the process stopped, for a few milliseconds.
 */
async function attachWhileRunning(attach: () => Interpreter, guard: PauseGuard | undefined): Promise<Interpreter> {
  for (let attempt = 0; attempt < RUNNING_TRIES; attempt++) {
    try {
      return attach();
    } catch (error) {
      if (!(error instanceof LeakscopeError) || error.code !== 'E_UNKNOWN_LAYOUT') throw error;
      if (guard === undefined && attempt === RUNNING_TRIES - 1) throw error;
      await sleep(RETRY_MS);
    }
  }
  assert(guard !== undefined, 'tries without a guard end in an error');
  for (let attempt = 0; ; attempt++) {
    guard.pause();
    try {
      return attach();
    } catch (error) {
      // Stopped inside a collection its lists are open; a few milliseconds later they are not.
      if (attempt === STOPPED_TRIES || !(error instanceof LeakscopeError) || error.code !== 'E_UNKNOWN_LAYOUT')
        throw error;
    } finally {
      guard.resume();
    }
    await sleep(RETRY_MS);
  }
}

/** What a copy came to, as outputs have it. */
export function factsOfCapture(captured: CaptureResult): CaptureFacts {
  const { copiedBytes, skippedBytes, phases, whyNoEarlyCopy } = captured;
  return {
    copied_bytes: copiedBytes,
    skipped_bytes: skippedBytes,
    phases: phases.map(({ name, bytes, ms }) => ({ name, bytes, ms: Math.round(ms * 100) / 100 })),
    ...(whyNoEarlyCopy === '' ? {} : { no_early_copy: whyNoEarlyCopy }),
  };
}

/** A process with a known interpreter. `close` must be called; it also ends the watchdog. */
export class AttachedTarget {
  readonly info: ProcessInfo;
  readonly interpreter: Interpreter;
  readonly memory: ProcessMemory;
  readonly #guard: PauseGuard;
  readonly #problems: ProblemLog;
  #buffers: CaptureBuffers | undefined;
  #release: (() => void) | undefined;

  private constructor(
    info: ProcessInfo,
    interpreter: Interpreter,
    memory: ProcessMemory,
    guard: PauseGuard,
    problems: ProblemLog,
  ) {
    this.info = info;
    this.interpreter = interpreter;
    this.memory = memory;
    this.#guard = guard;
    this.#problems = problems;
  }

  /**
   * Attaches without stopping the process, or, unless `mayStop` is false, with stops of a few milliseconds for one that
   * changes too fast. Throws E_NO_SUCH_PROCESS, E_PERMISSION, E_NOT_PYTHON and the like.
   */
  static async attach(
    pid: number,
    problems: ProblemLog,
    options: { readonly mayStop?: boolean } = {},
  ): Promise<AttachedTarget> {
    const info = readProcessInfo(pid);
    if (info === undefined) {
      throw new LeakscopeError('E_NO_SUCH_PROCESS', `there is no process ${pid}`, {
        hint: 'leakscope ps lists the Python processes',
      });
    }
    const memory = openProcessMemory(pid);
    try {
      const regions = readMemoryMaps(pid);
      const location = requirePythonRuntime(processSpace(memory, regions), problems);
      const guard = await openPauseGuard(pid);
      try {
        const interpreter = await attachWhileRunning(
          // The mappings of this moment: a growing process keeps its youngest objects where there was nothing before.
          () => attachInterpreter(liveImage(memory, readMemoryMaps(pid)), location, problems),
          options.mayStop === false ? undefined : guard,
        );
        return new AttachedTarget(info, interpreter, memory, guard, problems);
      } catch (error) {
        guard.close();
        throw error;
      }
    } catch (error) {
      memory.close();
      throw error;
    }
  }

  get isAlive(): boolean {
    return sameProcess(this.info.pid, this.info.startTimeTicks);
  }

  /** Stops the process, copies its memory and lets it run. The previous copy's image becomes invalid. */
  async copy(options: CaptureHeapOptions = {}): Promise<MemoryCopy> {
    if (!this.isAlive) throw targetExited(this.info.pid);
    this.#release?.();
    this.#release = undefined;
    const main = this.interpreter.interpreters[0]!;
    options.progress?.('copying memory');
    let stoppedAtMs = performance.now();
    const captured = await captureMemory(this.info.pid, {
      isQuiescent: options.isQuiescent ?? ((live) => !isCollecting(live, main)),
      whileStopped: () => {
        stoppedAtMs = performance.now();
        options.whileStopped?.();
      },
      maxPauseMs: options.maxPauseMs,
      copyEarly: options.precopy !== false,
      ...(options.sizeRawData === true ? { rawData: this.#rawDataFinder } : {}),
      reuse: this.#buffers,
      guard: this.#guard,
      signal: options.signal,
      problems: this.#problems,
    });
    options.whenResumed?.();
    this.#buffers = captured.buffers;
    this.#release = () => captured.close();
    return { captured, stoppedAtMs };
  }

  /** A copy, walked. */
  async capture(options: CaptureHeapOptions = {}): Promise<HeapCapture> {
    let stackPointers: readonly Address[] | undefined;
    const { captured, stoppedAtMs } = await this.copy({
      sizeRawData: true,
      ...options,
      whileStopped: () => {
        stackPointers = readStackPointers(this.info.pid);
        options.whileStopped?.();
      },
    });
    const walk = this.walk(captured, stackPointers, options.progress);
    const { image, pauseMs } = captured;
    return { walk, image, stoppedAtMs, pauseMs, facts: factsOfCapture(captured) };
  }

  /** Walks a copy while it is the latest. `stackPointers` are those of the stop. */
  walk(
    { image }: CaptureResult,
    stackPointers: readonly Address[] | undefined,
    progress?: (step: string) => void,
  ): HeapWalk {
    const { interpreter } = this;
    return walkHeap(
      { image, interpreter, stackPointers, ...(progress === undefined ? {} : { progress }) },
      this.#problems,
    );
  }

  /** Finds the raw data that a walk does not read. */
  get #rawDataFinder(): NonNullable<CaptureOptions['rawData']> {
    return (read, regions) => new RawBufferFinder(read, this.interpreter.layout, regions);
  }

  /** What a capture would come to now. Stops nothing. */
  async estimateCapture(
    options: Pick<CaptureHeapOptions, 'precopy' | 'sizeRawData' | 'signal'>,
  ): Promise<CaptureEstimate> {
    return estimateCapture(this.memory, {
      copyEarly: options.precopy !== false,
      ...(options.sizeRawData === true ? { rawData: this.#rawDataFinder } : {}),
      signal: options.signal,
    });
  }

  close(): void {
    this.#release?.();
    this.#guard.close();
    this.memory.close();
  }
}
