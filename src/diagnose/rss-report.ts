// The answer of `leakscope rss` as data: where the resident memory of a process is, part by part, and what that means.
// Field names are snake_case because this is the wire format (docs/schemas/rss.schema.json).

import type { Problem, ProblemLog } from '../base/problems.ts';
import { formatBytes, formatCount } from '../base/units.ts';
import type { HeapWalk } from '../cpython/heap-walk.ts';
import { shortestPaths } from '../graph/reachability.ts';
import type { CaptureFacts } from './capture-facts.ts';
import type { CollectorReport } from './collector-report.ts';
import { type Fragmentation, reportFragmentation } from './fragmentation.ts';
import type { GarbageReport } from './garbage-report.ts';
import { type MallocReport, reportMalloc } from './malloc-arenas.ts';
import { findOwners, largestOwners, type OwnerRow } from './memory-owners.ts';
import type { RefcountReport } from './refcount-report.ts';
import { reportReferences } from './reference-report.ts';
import type { ResourceReport } from './resource-report.ts';
import { concludeRss, type RssConclusion } from './rss-conclusion.ts';
import type { RssMeasure, RssPartName } from './rss-parts.ts';

export const RSS_SCHEMA = 'leakscope.rss/1';

export interface RssTarget {
  readonly pid: number;
  /** The core file, where the memory is read from one. */
  readonly file?: string;
  readonly python: string;
  readonly app: string;
  /** Absent for a core file. */
  readonly uptime_seconds?: number;
}

export interface RssPartRow {
  readonly name: RssPartName;
  readonly bytes: number;
  /** Of `rss_bytes`, 0..1. */
  readonly share: number;
  /** Of `bytes`: in pages that other processes map too. */
  readonly shared_bytes: number;
  /** What there is of it, in words; may be empty. */
  readonly detail: string;
  /** With --for: from the first to the last look. */
  readonly bytes_per_minute?: number;
}

export interface RssGap {
  readonly address: string;
  readonly bytes: number;
  readonly resident_bytes: number;
}

export interface RssReport {
  readonly schema: typeof RSS_SCHEMA;
  readonly target: RssTarget;
  /** What the kernel counts; the parts add up to it. */
  readonly rss_bytes: number;
  /** Pages shared with other processes count by their share. */
  readonly pss_bytes: number;
  /** Pages of this process alone. */
  readonly uss_bytes: number;
  readonly swap_bytes: number;
  readonly huge_pages: { readonly bytes: number; readonly zero_bytes: number };
  readonly conclusion: RssConclusion;
  /** Largest first; those below a page are left out. */
  readonly parts: readonly RssPartRow[];
  /** Live objects with their buffers, by the variable or module they hang on; they add up. */
  readonly owners: readonly OwnerRow[];
  readonly malloc: MallocReport;
  readonly fragmentation: Fragmentation;
  /** The cyclic collector: its state, and what is worth knowing of it. */
  readonly collector: CollectorReport;
  /** What no root reaches, by the cycles that keep it. */
  readonly garbage: GarbageReport;
  /** The reference audit: what native code holds or has lost. */
  readonly references: RefcountReport;
  /** Descriptors, maps, threads and children with their owners; absent for a core file. */
  readonly resources?: ResourceReport;
  /** Anonymous memory that nothing explains, largest first. */
  readonly unexplained: readonly RssGap[];
  readonly observed_seconds: number;
  /** With --for, absent otherwise. */
  readonly growth?: { readonly rss_bytes_per_minute: number; readonly uss_bytes_per_minute: number };
  readonly pauses_ms: readonly number[];
  /** What was copied for each look, and when; empty for a core file. */
  readonly captures: readonly CaptureFacts[];
  readonly problems: readonly Problem[];
}

/** The parts at one moment. */
export interface RssMoment {
  readonly atSeconds: number;
  readonly measure: RssMeasure;
}

export interface RssReportInput {
  readonly target: RssTarget;
  /** In order of time; the last is of `walk`. */
  readonly moments: readonly RssMoment[];
  readonly walk: HeapWalk;
  readonly freeThreaded: boolean;
  readonly threadCount: number;
  /** Loaded modules of native code, those of the standard library left out. */
  readonly extensionModules: readonly string[];
  readonly resources: ResourceReport | undefined;
  readonly pausesMs: readonly number[];
  readonly captures: readonly CaptureFacts[];
  /** What befell the run. */
  readonly notes: readonly string[];
  readonly top: number;
  /** Listed when the rest is done: the audit of references may add to them. */
  readonly problems: ProblemLog;
}

/** Less than a page is noise of rounding. */
const LEAST_PART_BYTES = 4096;

export function reportRss(input: RssReportInput): RssReport {
  const { moments, walk } = input;
  const first = moments[0]!;
  const last = moments.at(-1)!;
  const { measure } = last;
  const { graph, blocks } = walk;
  const owners = findOwners(graph, shortestPaths(graph));
  const seconds = last.atSeconds - first.atSeconds;
  const perMinute = (before: number, after: number): number => (seconds > 0 ? ((after - before) / seconds) * 60 : 0);
  const malloc = reportMalloc(measure, blocks);
  const fragmentation = reportFragmentation({ measure, blocks, graph, owners, freeThreaded: input.freeThreaded });
  const ownerRows = largestOwners(graph, owners, input.top);
  const { collector, garbage, references } = reportReferences(walk, {
    top: input.top,
    extensionModules: input.extensionModules,
  });
  const conclusion = concludeRss({
    moments,
    malloc,
    fragmentation,
    owners: ownerRows,
    collectorEnabled: walk.collector.enabled,
    extensionModules: input.extensionModules,
    threadCount: input.threadCount,
  });
  const parts = measure.parts
    .map(
      (part, i): RssPartRow => ({
        name: part.name,
        bytes: part.bytes,
        share: measure.rssBytes === 0 ? 0 : Math.min(1, part.bytes / measure.rssBytes),
        shared_bytes: part.sharedBytes,
        detail: detailOf(part.name, { ...input, measure, malloc, fragmentation }),
        ...(seconds > 0 ? { bytes_per_minute: perMinute(first.measure.parts[i]!.bytes, part.bytes) } : {}),
      }),
    )
    .filter((part) => part.bytes >= LEAST_PART_BYTES || (part.bytes_per_minute ?? 0) < -LEAST_PART_BYTES)
    .sort((a, b) => b.bytes - a.bytes);
  return {
    schema: RSS_SCHEMA,
    target: input.target,
    rss_bytes: measure.rssBytes,
    pss_bytes: measure.pssBytes,
    uss_bytes: measure.ussBytes,
    swap_bytes: measure.swapBytes,
    huge_pages: { bytes: measure.hugeBytes, zero_bytes: measure.hugeZeroBytes },
    conclusion: { ...conclusion, notes: [...input.notes, ...conclusion.notes] },
    parts,
    owners: ownerRows,
    malloc,
    fragmentation,
    collector,
    garbage,
    references,
    ...(input.resources === undefined ? {} : { resources: input.resources }),
    unexplained: measure.gaps.map((gap) => ({
      address: `0x${gap.start.toString(16)}`,
      bytes: gap.end - gap.start,
      resident_bytes: gap.bytes,
    })),
    observed_seconds: seconds,
    ...(seconds > 0
      ? {
          growth: {
            rss_bytes_per_minute: perMinute(first.measure.rssBytes, measure.rssBytes),
            uss_bytes_per_minute: perMinute(first.measure.ussBytes, measure.ussBytes),
          },
        }
      : {}),
    pauses_ms: input.pausesMs.map((ms) => Math.round(ms * 10) / 10),
    captures: input.captures,
    problems: input.problems.list(),
  };
}

interface DetailInput extends RssReportInput {
  readonly measure: RssMeasure;
  readonly malloc: MallocReport;
  readonly fragmentation: Fragmentation;
}

function detailOf(name: RssPartName, input: DetailInput): string {
  const { measure, malloc, fragmentation, walk } = input;
  const { blockUse } = measure;
  switch (name) {
    case 'live objects':
      return `${formatCount(Math.max(blockUse.blocks[0]!, measure.looseObjects))} objects`;
    case 'object buffers':
      return `${formatCount(blockUse.blocks[1]!)} blocks; ${formatBytes(blockUse.mallocBytes[1]!)} of them in malloc`;
    case 'garbage':
      return `${formatCount(blockUse.blocks[2]!)} blocks wait for the collector`;
    case 'free blocks':
      return `between live blocks of ${formatCount(fragmentation.size_classes.length)} sizes`;
    case 'empty pools and arenas':
      return `${formatCount(fragmentation.arenas)} arenas in all, ${formatCount(fragmentation.sparse_arenas)} less than a quarter full`;
    case 'native memory':
      return `${formatCount(blockUse.blocks[3]!)} blocks; ${largestSizes(walk)}`;
    case 'tracemalloc tables':
      return `${formatCount(blockUse.blocks[4]!)} blocks; leakscope trace PID reads them`;
    case 'free in malloc':
      return mallocDetail(malloc);
    case 'other allocator':
      return `${measure.otherAllocator ?? 'unknown'}: what of it is free cannot be told from outside`;
    case 'thread stacks':
      return `${formatCount(input.threadCount)} ${input.threadCount === 1 ? 'thread' : 'threads'}`;
    case 'program data':
      return 'written data of the interpreter and libraries';
    case 'file-backed':
      return 'code, constants, mapped data';
    case 'unknown': {
      const largest = measure.gaps[0];
      return largest === undefined
        ? ''
        : `largest: ${formatBytes(largest.bytes)} at 0x${largest.start.toString(16)}; mapped by native code`;
    }
    default:
      return '';
  }
}

/** `mostly 48 B (1,203) and 1.0 KB (88)`: the sizes that most of the ownerless memory comes in. */
function largestSizes({ ownerless }: HeapWalk): string {
  const sizes = ownerless.groups
    .slice(0, 2)
    .map(({ blockBytes, count }) => `${formatCount(count)} of ${formatBytes(blockBytes)}`);
  return `most bytes in ${sizes.join(' and ')}`;
}

function mallocDetail({ arenas, cached_bytes }: MallocReport): string {
  const threads = arenas.filter((arena) => arena.kind === 'thread');
  const sum = (rows: MallocReport['arenas'], field: 'free_bytes' | 'top_bytes'): number =>
    rows.reduce((total, row) => total + row[field], 0);
  const parts = [
    ...(threads.length === 0
      ? []
      : [`${formatBytes(sum(threads, 'free_bytes'))} in ${formatCount(threads.length)} arenas of threads`]),
    ...(sum(arenas, 'top_bytes') > 1 << 20 ? [`${formatBytes(sum(arenas, 'top_bytes'))} at the ends of heaps`] : []),
    ...(cached_bytes > 1 << 20 ? [`${formatBytes(cached_bytes)} in caches`] : []),
  ];
  return parts.join(', ');
}
