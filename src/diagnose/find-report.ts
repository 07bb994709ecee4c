// The answer of `leakscope find` as data: what the text report renders and `--json` prints (docs/schemas/find.schema.json).
// Field names are snake_case because this is the wire format; it is stable, and versioned by `schema`.

import type { Problem } from '../base/problems.ts';
import type { CaptureFacts } from './capture-facts.ts';
import type { GainedAllocations } from './gained-allocations.ts';
import type { RssPartName } from './rss-parts.ts';

export const FIND_SCHEMA = 'leakscope.find/1';

/** `leak`: grows without a bound in sight; `suspect`: grows, but a bound or an end is possible;
 *  `healthy`: does not grow; `inconclusive`: not enough evidence. */
export type Verdict = 'leak' | 'suspect' | 'healthy' | 'inconclusive';

export type Confidence = 'high' | 'medium' | 'low';

/** What kind of thing holds the memory. */
export type FindingKind =
  | 'global container'
  | 'class container'
  | 'function cache'
  | 'instance container'
  | 'closure'
  | 'default argument'
  | 'listener registry'
  | 'exception or traceback'
  | 'frame'
  | 'generator or task'
  | 'thread-local or context variable'
  | 'thread'
  | 'uncollectable cycle'
  | 'uncollected cycle'
  | 'dynamic classes, modules or code'
  | 'interned strings'
  | 'native hold (reference leak: no Python owner)'
  | 'lost references (missing DECREF)'
  | 'native memory (no Python owner)'
  | 'file descriptors'
  | 'child processes'
  | 'memory maps'
  | 'shared memory'
  | 'temporary files'
  | 'object graph';

export interface FindTarget {
  readonly pid: number;
  /** `CPython 3.12.1`, with ` free-threaded` where it is. */
  readonly python: string;
  /** `gunicorn worker [shop]`, `python -m app`, `app.py`. */
  readonly app: string;
  readonly uptime_seconds: number;
  readonly rss_bytes: number;
  /** The smaller of the cgroup's and the process's memory limit. */
  readonly memory_limit_bytes?: number;
}

/** One part of the resident memory, as `leakscope rss` splits it. */
export interface ResidentPart {
  readonly name: RssPartName;
  readonly bytes: number;
  readonly bytes_per_minute: number;
}

export interface FindHolder {
  /** Names from a root to the holder: `module shop.users › global user_cache`. */
  readonly path: string;
  /** Dotted short form for headings: `shop.users.user_cache`. */
  readonly name: string;
  /** Qualified type name of the holder. */
  readonly type: string;
  /** Hexadecimal; absent for groups of objects and for native memory. */
  readonly address?: string;
  readonly entries?: number;
  /** Bound found on the object itself (lru_cache maxsize, deque maxlen). */
  readonly bound?: number;
  readonly retained_bytes?: number;
  /** Share of all live object memory, 0..1. */
  readonly retained_share?: number;
}

export interface GrowingType {
  readonly type: string;
  readonly objects_per_minute: number;
  readonly bytes_per_minute: number;
}

export interface FindGrowth {
  readonly entries_per_minute: number;
  readonly bytes_per_minute: number;
  readonly objects_per_minute: number;
  /** Most bytes first, at most five. */
  readonly types: readonly GrowingType[];
  /** Entries seen over the run: seconds since the start, entries. */
  readonly series: readonly (readonly [number, number])[];
}

/** How a line is known to add to the holder. */
export type SiteBasis =
  /** The source writes to the holder here. */
  | 'writes holder'
  /** Calls the function that writes to the holder. */
  | 'calls writer'
  /** Creates objects of a type that grows. */
  | 'creates'
  /** Was seen running while it grew. */
  | 'running';

export interface FindSite {
  readonly file: string;
  readonly line: number;
  /** Qualified name of the function, `<module>` at top level. */
  readonly function: string;
  readonly basis: SiteBasis;
  /** Whether the line may be shown: always true for source read from disk, which holds no runtime value. */
  readonly code_excerpt_allowed: boolean;
  readonly code?: string;
  /** The file on disk is newer than the running process. */
  readonly source_changed?: boolean;
}

export interface Finding {
  readonly rank: number;
  readonly kind: FindingKind;
  readonly confidence: Confidence;
  /** `leak` when this finding alone is one. */
  readonly verdict: Verdict;
  readonly holder: FindHolder;
  readonly growth: FindGrowth;
  readonly sites: readonly FindSite[];
  /** Lines that remove from the holder. */
  readonly shrinks: readonly FindSite[];
  /** Other retaining paths of the holder, rendered. */
  readonly other_paths: readonly string[];
  /** Why this is believed, one sentence each. */
  readonly because: readonly string[];
  /** What to write instead. */
  readonly advice: string;
  /** Who allocated what the holder gained, where the process ran under tracemalloc. */
  readonly allocations?: GainedAllocations;
  /** What `leakscope scan` says of the source that grows it. */
  readonly scan?: FindScan;
}

/** The finding in source that is about the same holder. */
export interface FindScan {
  /** `dict-cache` */
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly message: string;
  /** What `leakscope fix FILE:LINE` would do, where it can. */
  readonly fix?: { readonly title: string; readonly safety: 'safe' | 'unsafe' };
}

export interface FindReport {
  readonly schema: typeof FIND_SCHEMA;
  readonly target: FindTarget;
  readonly verdict: Verdict;
  /** One sentence: why this verdict. */
  readonly summary: string;
  readonly observed_seconds: number;
  readonly growth: {
    readonly bytes_per_minute: number;
    readonly objects_per_minute: number;
    readonly rss_bytes_per_minute: number;
    /** At this rate, until the memory limit (or free memory) is reached. */
    readonly seconds_to_limit?: number;
  };
  readonly pauses_ms: readonly number[];
  /** What was copied for each snapshot, and when. */
  readonly captures: readonly CaptureFacts[];
  readonly heap: {
    readonly objects: number;
    readonly bytes: number;
    readonly garbage_objects: number;
    readonly garbage_bytes: number;
  };
  /** Where the process ran under tracemalloc. */
  readonly tracing?: {
    /** Kept of each stack. */
    readonly frames: number;
    /** Of tracemalloc's own tables, about. */
    readonly table_bytes: number;
  };
  readonly findings: readonly Finding[];
  /** What was looked at and is not a leak, one sentence each. */
  readonly not_leaking: readonly string[];
  /** Where the resident memory is at the end of the run, and which part grew; empty where it could not be told. */
  readonly resident: readonly ResidentPart[];
  readonly problems: readonly Problem[];
}
