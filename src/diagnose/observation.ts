// Everything a run of `find` saw, as data: what diagnose judges. Made by session/, which does the reading.

import type { Problem } from '../base/problems.ts';
import type { RefcountAudit } from '../cpython/refcount-audit.ts';
import type { Address, HeapGraph } from '../graph/heap-graph.ts';
import type { KeyText } from '../graph/path-names.ts';
import type { SeriesPoint, WorkClock } from '../metrics/growth-trend.ts';
import type { SourceIndex } from '../source/source-index.ts';
import type { CaptureFacts } from './capture-facts.ts';
import type { FindTarget } from './find-report.ts';
import type { AllocationEvidence } from './gained-allocations.ts';
import type { HandleOwners } from './handle-owners.ts';
import type { KernelResource } from './resource-report.ts';
import type { ResidentMoment } from './rss-parts.ts';
import type { SnapshotSummary } from './snapshot-summary.ts';

/** What the kernel counts for the process at one moment. */
export interface ResourceSample {
  readonly atSeconds: number;
  /** CPU time the process has used since its start. */
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly children: number;
  readonly zombies: number;
  /** Mappings of data files and shared anonymous memory. */
  readonly maps: number;
  /** Segments of shared memory that are mapped. */
  readonly segments: number;
}

/** A source line that was seen running between snapshots. */
export interface RunningLine {
  readonly file: string;
  readonly line: number;
  readonly function: string;
  /** Samples that had it on a stack. */
  readonly count: number;
  /** Frames below it on the stack, on average: 0 for the innermost. */
  readonly depth: number;
  readonly isApplication: boolean;
}

/** How descriptors are used, by kind (`socket`, `file`, `pipe` …): count at the start and at the end. */
export interface DescriptorGrowth {
  readonly kind: string;
  readonly before: number;
  readonly after: number;
}

/** What the kernel had for the process at the last snapshot, and who owned it. */
export interface KernelGrowth {
  readonly items: readonly KernelResource[];
  readonly owners: HandleOwners;
  /** Indices of the items that were not there at the first snapshot. */
  readonly added: readonly number[];
}

export interface Observation {
  readonly target: FindTarget;
  readonly observedSeconds: number;
  /** In order of time; the last is the graph's. */
  readonly summaries: readonly SnapshotSummary[];
  /** Of all snapshots, in milliseconds: also of those before the first summary, taken while the program started. */
  readonly pausesMs: readonly number[];
  /** What was copied for each of them. */
  readonly captures: readonly CaptureFacts[];
  readonly graph: HeapGraph;
  /** Of the last snapshot. */
  readonly refcounts: RefcountAudit;
  /** Entry counts read between snapshots, by the container's address. */
  readonly liveEntries: ReadonlyMap<Address, readonly SeriesPoint[]>;
  /** Where the resident memory was, at the first and the last snapshot and perhaps between; may be empty. */
  readonly memory: readonly ResidentMoment[];
  readonly resources: readonly ResourceSample[];
  /** The target's work over the run. */
  readonly work: WorkClock | undefined;
  readonly descriptors: readonly DescriptorGrowth[];
  /** Undefined when the process ended before it was known. */
  readonly kernel: KernelGrowth | undefined;
  /** Disk space of temporary and of deleted files that are open, at each snapshot. */
  readonly temporaryBytes: readonly SeriesPoint[];
  /** Open descriptors the process may have; undefined when unlimited or unknown. */
  readonly descriptorLimit: number | undefined;
  readonly running: readonly RunningLine[];
  readonly source: SourceIndex;
  /** Names of loaded modules of native code, those of the standard library left out but for `ctypes`. */
  readonly extensionModules: readonly string[];
  /** Paths of source files that changed after the process started. */
  readonly changedFiles: ReadonlySet<string>;
  /** Bound that the object at an address carries (lru_cache maxsize, deque maxlen, an attribute named so). */
  readonly boundAt: (address: Address) => number | undefined;
  /** Reads keys of mappings on the paths that are shown; absent unless the user asked for values. */
  readonly keyText?: KeyText | undefined;
  /** Who allocated what there is; where the process ran under tracemalloc, from the first snapshot to the last. */
  readonly allocations?: AllocationEvidence | undefined;
  readonly problems: readonly Problem[];
  /** Why the run ended early, when it did. */
  readonly endedEarly: string | undefined;
}
