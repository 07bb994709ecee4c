// What the parts of resident memory mean, in one sentence with its remedy: which part grows, or which one is large.

import { formatByteRate, formatBytes, formatCount } from '../base/units.ts';
import type { Fragmentation } from './fragmentation.ts';
import type { MallocReport } from './malloc-arenas.ts';
import type { OwnerRow } from './memory-owners.ts';
import { bytesIn, type RssMeasure, type RssPartName } from './rss-parts.ts';
import type { RssMoment } from './rss-report.ts';

export type RssCause =
  | 'live objects'
  | 'garbage'
  | 'fragmentation of pymalloc'
  | 'free memory in malloc'
  | 'arenas of threads'
  | 'native memory'
  | 'tracemalloc tables'
  | 'thread stacks'
  | 'page cache'
  | 'shared memory'
  | 'copies after fork'
  | 'other allocator'
  | 'unknown'
  | 'steady'
  | 'nothing unusual';

export interface RssConclusion {
  readonly cause: RssCause;
  readonly text: string;
  /** What to do; empty where nothing is to be done. */
  readonly remedy: string;
  /** What else is worth knowing, one sentence each. */
  readonly notes: readonly string[];
}

export interface ConclusionInput {
  readonly moments: readonly RssMoment[];
  readonly malloc: MallocReport;
  readonly fragmentation: Fragmentation;
  readonly owners: readonly OwnerRow[];
  readonly collectorEnabled: boolean;
  /** Loaded modules of native code, those of the standard library left out. */
  readonly extensionModules: readonly string[];
  readonly threadCount: number;
}

/** Parts that have one cause and one remedy. */
const GROUPS: readonly { readonly cause: RssCause; readonly parts: readonly RssPartName[] }[] = [
  { cause: 'live objects', parts: ['live objects', 'object buffers'] },
  { cause: 'garbage', parts: ['garbage'] },
  { cause: 'fragmentation of pymalloc', parts: ['free blocks', 'empty pools and arenas'] },
  { cause: 'free memory in malloc', parts: ['free in malloc'] },
  { cause: 'native memory', parts: ['native memory'] },
  { cause: 'tracemalloc tables', parts: ['tracemalloc tables'] },
  { cause: 'thread stacks', parts: ['thread stacks'] },
  { cause: 'page cache', parts: ['file-backed', 'program data'] },
  { cause: 'shared memory', parts: ['shared memory', 'memory maps'] },
  { cause: 'other allocator', parts: ['other allocator'] },
  { cause: 'unknown', parts: ['unknown'] },
];

/** A part below these is no reason for anything. */
const NOTABLE_BYTES = 8 << 20;
const NOTABLE_SHARE = 0.25;
/** Growth below this, in bytes and as a share of the whole, is the noise of a working process. */
const GROWTH_BYTES = 1 << 20;
const GROWTH_SHARE = 0.01;

export function concludeRss(input: ConclusionInput): RssConclusion {
  const { moments } = input;
  const notes = notesOf(input);
  const first = moments[0]!.measure;
  const last = moments.at(-1)!.measure;
  if (moments.length > 1) {
    const growth = concludeGrowth(input, first, last);
    return { ...growth, notes };
  }
  const sizes = GROUPS.map((group) => ({ ...group, bytes: bytesIn(last, group.parts) }));
  const waste = sizes
    .filter(({ cause }) => cause !== 'live objects' && cause !== 'page cache')
    .sort((a, b) => b.bytes - a.bytes)[0]!;
  if (waste.bytes >= NOTABLE_BYTES && waste.bytes >= last.rssBytes * NOTABLE_SHARE) {
    return { ...explain(input, waste.cause, `${formatBytes(waste.bytes)} of ${formatBytes(last.rssBytes)}`), notes };
  }
  const largest = [...sizes].sort((a, b) => b.bytes - a.bytes)[0]!;
  if (largest.bytes >= NOTABLE_BYTES) {
    return {
      ...explain(input, largest.cause, `${formatBytes(largest.bytes)} of ${formatBytes(last.rssBytes)}`),
      notes,
    };
  }
  return { cause: 'nothing unusual', text: 'nothing stands out: no part is large', remedy: '', notes };
}

function concludeGrowth(input: ConclusionInput, first: RssMeasure, last: RssMeasure): Omit<RssConclusion, 'notes'> {
  const { moments } = input;
  const seconds = moments.at(-1)!.atSeconds - moments[0]!.atSeconds;
  const least = Math.max(GROWTH_BYTES, first.rssBytes * GROWTH_SHARE);
  const perMinute = (bytes: number): string => formatByteRate((bytes / seconds) * 60);
  const rise = last.rssBytes - first.rssBytes;
  const growing = GROUPS.map((group) => ({ ...group, bytes: bytesIn(last, group.parts) - bytesIn(first, group.parts) }))
    .filter(({ bytes }) => bytes >= least)
    // The tables grow with what they trace, and often by more: a reason only where nothing else is.
    .sort((a, b) => Number(isOfTracing(a)) - Number(isOfTracing(b)) || b.bytes - a.bytes)[0];
  if (growing !== undefined && rise >= least / 2) return explain(input, growing.cause, perMinute(growing.bytes));
  const copied = last.ussBytes - first.ussBytes;
  if (copied >= least && rise < least) {
    return {
      cause: 'copies after fork',
      text: `RSS is steady, but pages shared since a fork become this process’s own: ${perMinute(copied)}`,
      remedy: 'call gc.freeze() in the parent before it forks, and leave what it loaded untouched in the children',
    };
  }
  if (growing !== undefined) {
    return {
      cause: 'steady',
      text: `RSS is steady: memory moves between parts (${growing.cause} ${perMinute(growing.bytes)})`,
      remedy: '',
    };
  }
  return { cause: 'steady', text: `RSS is steady: ${perMinute(rise)}`, remedy: '' };
}

function isOfTracing({ cause }: { readonly cause: RssCause }): boolean {
  return cause === 'tracemalloc tables';
}

/** `9 MB of 20 MB is WHAT`, or `WHAT grows +9 MB/min`. */
type Wording = (what: string, verb?: 'grows' | 'grow') => string;

/** `amount` is a size of the whole, or a rate. */
function explain(input: ConclusionInput, cause: RssCause, amount: string): Omit<RssConclusion, 'notes'> {
  const grows = input.moments.length > 1;
  const is: Wording = (what, verb = 'grows') => (grows ? `${what} ${verb} ${amount}` : `${amount} is ${what}`);
  switch (cause) {
    case 'live objects': {
      const owner = input.owners[0];
      const most = owner === undefined ? '' : `; most belongs to ${owner.path} (${formatBytes(owner.bytes)})`;
      return {
        cause,
        text: is('live Python objects', 'grow') + most,
        remedy: 'leakscope find PID says whether they leak, and which line adds them',
      };
    }
    case 'garbage':
      return {
        cause,
        text: is(input.collectorEnabled ? 'garbage that waits for the collector' : 'garbage: the collector is off'),
        remedy: input.collectorEnabled
          ? 'it goes at the next full collection: gc.collect() after large batches, or lower thresholds'
          : 'gc.enable(), or gc.collect() now and then',
      };
    case 'fragmentation of pymalloc': {
      const { sparse_arenas, pinned_by } = input.fragmentation;
      const pin = pinned_by[0];
      const by = pin === undefined ? '' : `, kept by few objects: mostly ${pin.type} held by ${pin.held_by}`;
      return {
        cause,
        text: `${is('free inside Python’s arenas')}; ${formatCount(sparse_arenas)} arenas are less than a quarter full${by}`,
        remedy:
          'no leak: create what lives long before what lives short, do large batches in a child process, or recycle the worker',
      };
    }
    case 'free memory in malloc':
      return explainMalloc(input.malloc, is);
    case 'native memory':
      return {
        cause,
        text: `${is('memory of native code that no Python object owns')}${loadedExtensions(input)}`,
        remedy: grows
          ? 'an extension module leaks: leakscope find PID names the lines that call into native code; update or report it'
          : 'watch it with --for 5m: if it grows, an extension module leaks',
      };
    case 'tracemalloc tables':
      return {
        cause,
        text: is('tracemalloc’s own tables', 'grow'),
        remedy:
          'no leak by itself: leakscope trace PID says which lines allocate; fewer frames (PYTHONTRACEMALLOC=1) cost less',
      };
    case 'thread stacks':
      return {
        cause,
        text: is(`stacks of ${formatCount(input.threadCount)} threads`, 'grow'),
        remedy: 'bound the pool of threads, or make their stacks smaller: threading.stack_size()',
      };
    case 'page cache':
      return {
        cause,
        text: is('pages of files (code, constants, mapped data)', 'grow'),
        remedy: 'no leak: the kernel drops these pages when memory is short',
      };
    case 'shared memory':
      return {
        cause,
        text: is('shared memory and memory maps'),
        remedy: 'close and unlink segments that are done with (SharedMemory.close() and unlink(), mmap.close())',
      };
    case 'other allocator': {
      const name = input.moments.at(-1)!.measure.otherAllocator ?? 'another allocator';
      return {
        cause,
        text: is(`memory of ${name}`),
        remedy: `what of it is free only ${name} can tell, in its own statistics${name === 'jemalloc' ? ' (MALLOC_CONF=stats_print:true)' : ''}`,
      };
    }
    default:
      return {
        cause,
        text: is('memory that neither Python nor malloc accounts for'),
        remedy: 'a native library maps memory of its own; --json lists the mappings under `unexplained`',
      };
  }
}

/** Packages listed: a program with more has too many to suspect one. */
const PACKAGES_LISTED = 5;

function loadedExtensions({ extensionModules }: ConclusionInput): string {
  const packages = [...new Set(extensionModules.map((module) => module.split('.', 1)[0]!))];
  if (packages.length === 0 || packages.length > PACKAGES_LISTED) return '';
  return `; extension modules loaded: ${packages.join(', ')}`;
}

function explainMalloc(malloc: MallocReport, is: Wording): Omit<RssConclusion, 'notes'> {
  const free = malloc.arenas.reduce((sum, arena) => sum + arena.free_bytes, 0);
  const threads = malloc.arenas.filter((arena) => arena.kind === 'thread');
  const inThreads = threads.reduce((sum, arena) => sum + arena.free_bytes, 0);
  if (inThreads > free / 2 && threads.length > 1) {
    return {
      cause: 'arenas of threads',
      text: `${is('free in malloc')}, ${formatBytes(inThreads)} of that in ${formatCount(threads.length)} arenas of threads`,
      remedy: 'start the program with MALLOC_ARENA_MAX=2, or with jemalloc (LD_PRELOAD)',
    };
  }
  const top = malloc.arenas.reduce((sum, arena) => sum + arena.top_bytes, 0);
  const isTrimmable = top > free / 2;
  return {
    cause: 'free memory in malloc',
    text: `${is('free in malloc')}${isTrimmable ? ', most of it at the end of the heap' : ', in holes between chunks in use'}`,
    remedy: isTrimmable
      ? "no leak: ctypes.CDLL('libc.so.6').malloc_trim(0) gives it back"
      : "no leak, fragmentation: ctypes.CDLL('libc.so.6').malloc_trim(0) gives whole free pages back; jemalloc fragments less",
  };
}

function notesOf({ moments, fragmentation }: ConclusionInput): string[] {
  const { rssBytes, pssBytes, ussBytes, swapBytes, hugeBytes, hugeZeroBytes, parts } = moments.at(-1)!.measure;
  const notes: string[] = [];
  const forked = parts.reduce((sum, part) => sum + (part.name === 'file-backed' ? 0 : part.sharedBytes), 0);
  if (forked >= NOTABLE_BYTES) {
    notes.push(
      `${formatBytes(forked)} is shared with other processes, mostly since a fork: RSS counts it in each of them; this process’s part is ${formatBytes(pssBytes)} (PSS), what ends with it ${formatBytes(ussBytes)} (USS)`,
    );
  }
  if (hugeZeroBytes >= NOTABLE_BYTES) {
    notes.push(
      `${formatBytes(hugeBytes)} is in huge pages, of which ${formatBytes(hugeZeroBytes)} was never written to: see transparent_hugepage`,
    );
  }
  if (swapBytes >= NOTABLE_BYTES) notes.push(`${formatBytes(swapBytes)} is swapped out, and not part of RSS`);
  if (fragmentation.allocator === 'none') notes.push('pymalloc is off: every object is a block of malloc');
  if (rssBytes === 0) notes.push('the process has no memory of its own');
  return notes;
}
