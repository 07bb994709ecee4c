// What `leakscope open` has open, as the page sees it: processes that are watched and snapshots that are loaded.
// GET /api/workspace answers a Workspace; the event stream sends it anew whenever it changes.
//
// A route that fails answers an ErrorReport (../error.ts) with a status: 400 E_USAGE, 403 E_FORBIDDEN, 404 E_NO_MATCH and
// E_NO_SUCH_PROCESS, 422 a query that is not understood (QueryError), 500 E_INTERNAL, 409 all else. Everything but GET
// takes and needs `content-type: application/json` (the empty body `{}` where there is nothing to say). A question about
// a snapshot that is still loading, or about retained sizes that are still computed, is answered when there is an answer.
//
//   GET    /api/workspace                          Workspace
//   GET    /api/events                             DaemonEvent (events.ts)
//   GET    /api/processes                          PsReport (../ps.ts): what could be opened
//   POST   /api/processes                          OpenProcessRequest → WatchedProcess
//   DELETE /api/processes/PID                      closes it; its snapshots stay
//   GET    /api/processes/PID/timeline             Timeline (events.ts)
//   POST   /api/processes/PID/marks                MarkRequest → Mark (events.ts)
//   GET    /api/processes/PID/pause-estimate       PauseEstimate (../pause-estimate.ts): what a snapshot would cost
//   POST   /api/processes/PID/snapshots            {} → OpenSnapshot, still loading
//   POST   /api/processes/PID/observation          ObservationRequest → WatchedProcess
//   DELETE /api/processes/PID/observation          gives it up → WatchedProcess
//   GET    /api/processes/PID/findings             FindReport (../find.ts) of the last observation
//   GET    /api/processes/PID/scan                 ScanView (source-views.ts)
//   GET    /api/processes/PID/source?file=&line=   SourceExcerpt (source-views.ts)
//   DELETE /api/snapshots/ID                       closes it
//   GET    /api/snapshots/ID/report                HeapReport (../report.ts): holders and types that take most
//   GET    /api/snapshots/ID/gc                    GcReport (../gc.ts): what its collector held, as far as the snapshot says
//   GET    /api/snapshots/ID/rss                   RssReport (../rss.ts) with collector, garbage, references, resources;
//                                                  where `has_memory_map`, else 404
//   GET    /api/snapshots/ID/…                     heap-views.ts
//   GET    /api/snapshots/ID/export?format=        ExportFormats below, as a file to save
//   GET    /api/compare?snapshots=s1,s2[,s3]       Comparison (heap-views.ts), in the order given, oldest first

import * as v from 'valibot';
import type { ErrorReport } from '../error.ts';
import { MARK_LABEL_LENGTH } from './limits.ts';

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
  /** While retained sizes, paths and dominators are computed: types and counts are there, the rest takes until then. */
  readonly analysing?: Activity;
  /** Whether the memory behind it was read with it: what /memory-map answers from. */
  readonly has_memory_map: boolean;
  /** Worst first: what could not be read as it should. */
  readonly problems?: readonly { readonly code: string; readonly message: string; readonly count: number }[];
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
export const MarkRequest = v.strictObject({
  label: v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(MARK_LABEL_LENGTH)),
});

/** Query of GET /api/snapshots/ID/export. `json` is the HeapReport; `heap` is leakscope's own format. */
export const EXPORT_NAMES = [
  'html',
  'heapsnapshot',
  'heap',
  'json',
  'pprof',
  'speedscope',
  'collapsed',
  'csv',
] as const;
export const ExportQuery = v.strictObject({
  format: v.picklist(EXPORT_NAMES),
  /** For csv. */
  table: v.optional(v.picklist(['types', 'holders', 'roots']), 'types'),
});
/** Query of GET /api/compare. */
export const CompareQuery = v.strictObject({
  snapshots: v.pipe(v.string(), v.regex(/^s\d+(,s\d+){1,2}$/)),
});
