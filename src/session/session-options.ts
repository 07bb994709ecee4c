// What a run over a live process is asked for, and how it tells the person waiting what it is doing.

import type { Interpreter } from '../cpython/interpreter.ts';

/** Options of `find`: several snapshots of one process over a while. */
export interface FindOptions {
  readonly pid: number;
  /** How long to observe, in seconds: first to last snapshot. */
  readonly seconds: number;
  /** Give up rather than keep the process paused longer than this, in milliseconds. */
  readonly maxPauseMs?: number | undefined;
  /** False copies nothing ahead of a pause, which leaves the kernel's marks of written pages to another tool. */
  readonly precopy?: boolean | undefined;
  /** Decode and show values of the user's data; off unless asked for. */
  readonly showValues: boolean;
  /** The command was started under tracemalloc: says so where it does not trace. Who traces anyway is always asked. */
  readonly trace?: boolean | undefined;
  /** Snapshots to take, at least 3; chosen from the growth seen when left out. */
  readonly snapshots?: number | undefined;
  /** The process was started for this run: `seconds` begin when it has imported what it needs, at most 15 s later. */
  readonly justStarted?: boolean | undefined;
  /** Aborted on Ctrl-C; the run resumes the process and ends with E_CANCELLED. */
  readonly signal: AbortSignal;
}

/** Options of one snapshot of a live process. */
export interface SnapshotOptions {
  readonly pid: number;
  /** Give up rather than keep the process paused longer than this, in milliseconds. */
  readonly maxPauseMs?: number | undefined;
  /** False copies nothing ahead of a pause, which leaves the kernel's marks of written pages to another tool. */
  readonly precopy?: boolean | undefined;
  readonly signal: AbortSignal;
}

/** `CPython 3.12.1`, `CPython 3.14.4 free-threaded`. */
export function pythonName({ versionText, layout }: Interpreter): string {
  return `CPython ${versionText}${layout.freeThreaded ? ' free-threaded' : ''}`;
}

/** Where a run reports what it is doing. Implemented by cli/progress.ts; tests pass `silentProgress`. */
export interface Progress {
  /** A new stage begins: `reading memory`, `waiting 30 s for the next snapshot`. */
  stage(text: string): void;
  /** The current stage advanced. `fraction` is 0..1, `text` replaces the stage's text. */
  update(fraction?: number, text?: string): void;
  /** No more stages: clears the line. */
  done(): void;
}

export const silentProgress: Progress = {
  stage() {},
  update() {},
  done() {},
};
