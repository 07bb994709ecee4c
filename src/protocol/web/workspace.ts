// What `leakscope open` has open, as the page sees it: processes that are watched and snapshots that are loaded.
// GET /api/workspace answers a Workspace; the event stream sends it anew whenever it changes.

import * as v from 'valibot';
import type { ErrorReport } from '../error.ts';

/** `s1`, `s2` …: of one run of the daemon, never used again. */
export type SnapshotId = string;

export type Failure = ErrorReport['error'];

/** Something that takes a while: loading a file, copying a process, watching one. */
export interface Activity {
  /** What is being done: `reading memory`, `watching until snapshot 3 of 5`. */
  readonly stage: string;
  /** 0..1; absent where it is not known. */
  readonly fraction?: number;
}

export interface WatchedProcess {
  readonly pid: number;
  readonly python: string;
  /** `gunicorn worker [shop]`. */
  readonly app: string;
  /** When it was started, milliseconds since the epoch. */
  readonly started_at_ms: number;
  readonly memory_limit_bytes?: number;
  /** Set when it has ended: what is known of it stays. */
  readonly exited: boolean;
  /** While it is observed (POST /api/processes/PID/observation). */
  readonly observing?: Activity;
  /** Whether GET /api/processes/PID/findings has an answer. */
  readonly has_findings: boolean;
  readonly failure?: Failure;
}

/** `heap file` and `core` were named on the command line; `process` was taken from a process that is watched. */
export type SnapshotOrigin = 'process' | 'heap file' | 'core';

export interface OpenSnapshot {
  readonly id: SnapshotId;
  /** The file's name, or `14:03:12` of a process. */
  readonly title: string;
  readonly origin: SnapshotOrigin;
  readonly pid?: number;
  readonly python?: string;
  readonly app?: string;
  /** ISO 8601, UTC. */
  readonly taken_at?: string;
  readonly state: 'loading' | 'ready' | 'failed';
  readonly loading?: Activity;
  readonly failure?: Failure;
  readonly objects?: number;
  readonly references?: number;
  readonly bytes?: number;
  readonly pause_ms?: number;
  /** Whether the memory behind it was read with it: what /memory-map answers from. */
  readonly has_memory_map: boolean;
}

export interface Workspace {
  /** Of leakscope. */
  readonly version: string;
  readonly processes: readonly WatchedProcess[];
  /** In the order they were opened. */
  readonly snapshots: readonly OpenSnapshot[];
  /** Whether the user passed --show-values. */
  readonly shows_values: boolean;
}

/** POST /api/processes */
export const OpenProcessRequest = v.strictObject({ pid: v.pipe(v.number(), v.integer(), v.minValue(1)) });
/** POST /api/processes/PID/observation */
export const ObservationRequest = v.strictObject({
  seconds: v.pipe(v.number(), v.minValue(1), v.maxValue(3600)),
});
/** POST /api/processes/PID/marks */
export const MarkRequest = v.strictObject({ label: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(80)) });
