// What a run of `find` reads of tracemalloc, where the target runs under it: which blocks there were at the first
// snapshot, and all that is traced at the last.

import type { ProblemLog } from '../base/problems.ts';
import { isCollecting } from '../cpython/collector-state.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import { type RememberedBlocks, rememberBlocks } from '../cpython/tracemalloc/new-blocks.ts';
import { readTracemalloc } from '../cpython/tracemalloc/tracemalloc-snapshot.ts';
import type { AllocationEvidence } from '../diagnose/gained-allocations.ts';
import { joinTraces } from '../diagnose/traced-heap.ts';
import type { AttachedTarget, HeapCapture } from './attached-target.ts';
import { tablesAtRest } from './tables-at-rest.ts';
import { TracedSource } from './traced-source.ts';
import { isTracing } from './tracing-state.ts';

export class FindTraces {
  readonly #target: AttachedTarget;
  readonly #problems: ProblemLog;
  readonly #lines: TracedSource;
  /** Known from the first snapshot on: tracing that begins later has not seen what was there before. */
  #isOn = false;
  #before: RememberedBlocks | undefined;

  constructor(target: AttachedTarget, problems: ProblemLog) {
    this.#target = target;
    this.#problems = problems;
    this.#lines = new TracedSource(target.info);
  }

  /** When a snapshot may be copied: while no collection runs and the tables are whole. */
  quiescence(): (live: MemoryImage) => boolean {
    this.#isOn = this.#before !== undefined || isTracing(this.#target);
    const main = this.#target.interpreter.interpreters[0]!;
    const isWhole = this.#isOn ? tablesAtRest(this.#target.interpreter) : () => true;
    return (live) => !isCollecting(live, main) && isWhole(live);
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** Takes in the first snapshot. */
  begin({ image }: HeapCapture): void {
    const snapshot = this.isOn ? readTracemalloc(image, this.#target.interpreter, this.#problems) : 'not tracing';
    if (typeof snapshot !== 'string') this.#before = rememberBlocks(snapshot.traces);
  }

  /** What is known at the last snapshot, while its memory is there; undefined where nothing was traced. */
  finish({ image, walk }: HeapCapture): AllocationEvidence | undefined {
    if (this.#before === undefined) return undefined;
    const snapshot = readTracemalloc(image, this.#target.interpreter, this.#problems);
    if (typeof snapshot === 'string') return undefined;
    return {
      heap: joinTraces(snapshot.traces, walk.blocks, this.#before),
      frames: snapshot.maxFrames,
      tableBytes: snapshot.tableBytes,
      lines: this.#lines,
    };
  }
}
