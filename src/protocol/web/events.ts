// What the daemon sends by itself: server-sent events of GET /api/events, one JSON object each, told apart by `event`.

import type { Workspace } from './workspace.ts';

/** One look at a process that is watched; costs it nothing. */
export interface ProcessSample {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly at_ms: number;
  readonly rss_bytes: number;
  /** Live objects of the newest snapshot up to then; absent before the first. */
  readonly objects?: number;
  readonly descriptors?: number;
  readonly threads?: number;
  /** Entries of the containers that are followed, by the holder's dotted name. */
  readonly entries?: Readonly<Record<string, number>>;
}

/** A moment a person marked: `deployed`, `load on`. */
export interface Mark {
  readonly pid: number;
  readonly at_ms: number;
  readonly label: string;
}

export type DaemonEvent =
  | { readonly event: 'workspace'; readonly workspace: Workspace }
  | { readonly event: 'sample'; readonly sample: ProcessSample }
  | { readonly event: 'mark'; readonly mark: Mark }
  /** The process has an answer that it did not have: read /findings again. */
  | { readonly event: 'findings'; readonly pid: number };

/** GET /api/processes/PID/timeline: what was sampled since it was opened, oldest first, thinned out when long. */
export interface Timeline {
  readonly samples: readonly ProcessSample[];
  readonly marks: readonly Mark[];
}
