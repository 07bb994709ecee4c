// The output of `leakscope rss --json`; src/diagnose/rss-report.ts is the same shape as a TypeScript type.

import * as v from 'valibot';
import { address, CaptureFactsSchema, count, number, problems, share, text } from './common.ts';
import { CollectorReportSchema, GarbageReportSchema, RefcountReportSchema } from './references.ts';
import { ResourceReportSchema } from './resources.ts';

export const PartNameSchema = v.picklist([
  'live objects',
  'object buffers',
  'garbage',
  'free blocks',
  'empty pools and arenas',
  'native memory',
  'tracemalloc tables',
  'free in malloc',
  'other allocator',
  'thread stacks',
  'memory maps',
  'program data',
  'file-backed',
  'shared memory',
  'unknown',
]);

const CauseSchema = v.picklist([
  'live objects',
  'garbage',
  'fragmentation of pymalloc',
  'free memory in malloc',
  'arenas of threads',
  'native memory',
  'tracemalloc tables',
  'thread stacks',
  'page cache',
  'shared memory',
  'copies after fork',
  'other allocator',
  'unknown',
  'steady',
  'nothing unusual',
]);

const MallocSchema = v.strictObject({
  arenas: v.pipe(
    v.array(
      v.strictObject({
        kind: v.picklist(['main', 'thread']),
        address: v.exactOptional(address('of its malloc_state; absent for the main arena')),
        heaps: count('stretches of memory it has'),
        bytes: number('mapped'),
        resident_bytes: number('of them in memory'),
        live_bytes: number('resident and in use'),
        free_bytes: number('resident and free'),
        top_bytes: number('free at the ends of its heaps'),
      }),
    ),
    v.description('arenas of glibc’s malloc, largest first; empty where the C library is another'),
  ),
  mapped_chunks: count('blocks large enough for a mapping of their own'),
  mapped_bytes: number('their size'),
  cached_bytes: number('freed blocks kept in threads’ caches and fast bins'),
});

const FragmentationSchema = v.strictObject({
  allocator: v.picklist(['pymalloc', 'mimalloc', 'none']),
  arenas: count('arenas (segments of mimalloc)'),
  arena_bytes: number('mapped'),
  resident_bytes: number('of them in memory'),
  live_bytes: number('resident and in use'),
  occupancy: share('of the resident bytes, in use'),
  sparse_arenas: count('arenas less than a quarter full'),
  sparse_free_bytes: number('free in those: what they would give back if their few objects went'),
  pinned_by: v.pipe(
    v.array(
      v.strictObject({
        type: text('qualified type name'),
        held_by: text('the variable or module they hang on'),
        objects: count('objects in nearly empty arenas'),
        arenas: count('arenas that have one'),
      }),
    ),
    v.description('which objects keep nearly empty arenas, most first'),
  ),
  size_classes: v.pipe(
    v.array(
      v.strictObject({
        block_bytes: count('size of the blocks'),
        pools: count('pools in use'),
        live_blocks: count('blocks in use'),
        capacity: count('blocks the pools have room for'),
        free_bytes: number('resident and not in use'),
      }),
    ),
    v.description('by size of block, most free bytes first'),
  ),
  map: v.pipe(
    v.array(
      v.strictObject({
        address: address('of the arena'),
        bytes: number('its size'),
        resident_bytes: number('of them in memory'),
        live_bytes: number('resident and in use'),
        pools: text('one character a pool: `.` not in use, `0` to `9` tenths of it in use'),
      }),
    ),
    v.description('every arena in order of address, at most 4,096'),
  ),
});

export const RssReportSchema = v.strictObject({
  schema: v.literal('leakscope.rss/1'),
  target: v.strictObject({
    pid: count('process id'),
    file: v.exactOptional(text('the core file, where the memory is read from one')),
    python: text('interpreter: CPython 3.12.1'),
    app: text('application: gunicorn worker [shop], app.py'),
    uptime_seconds: v.exactOptional(number('age of the process; absent for a core file')),
  }),
  rss_bytes: number('resident memory as the kernel counts it, summed over all mappings'),
  pss_bytes: number('the same, pages shared with other processes counted by their share'),
  uss_bytes: number('pages of this process alone: what ends with it'),
  swap_bytes: number('swapped out; not part of rss_bytes'),
  huge_pages: v.strictObject({
    bytes: number('resident memory in huge pages'),
    zero_bytes: number('pages of zeros in mappings with huge pages: most were never written to'),
  }),
  conclusion: v.strictObject({
    cause: CauseSchema,
    text: text('what the parts mean, in one sentence'),
    remedy: text('what to do; empty where nothing is to be done'),
    notes: v.pipe(v.array(v.string()), v.description('what else is worth knowing, one sentence each')),
  }),
  parts: v.pipe(
    v.array(
      v.strictObject({
        name: PartNameSchema,
        bytes: number('resident'),
        share: share('of rss_bytes'),
        shared_bytes: number('of bytes: in pages that other processes map too'),
        detail: text('what there is of it, in words; may be empty'),
        bytes_per_minute: v.exactOptional(number('with --for: growth from the first to the last look')),
      }),
    ),
    v.description('they add up to rss_bytes; largest first'),
  ),
  owners: v.pipe(
    v.array(
      v.strictObject({
        path: text('the variable, frame or module'),
        objects: count('objects on whose shortest path it is'),
        bytes: number('their own memory, with the buffers they own'),
      }),
    ),
    v.description('live objects by what they hang on, most bytes first'),
  ),
  malloc: MallocSchema,
  fragmentation: FragmentationSchema,
  collector: CollectorReportSchema,
  garbage: GarbageReportSchema,
  references: RefcountReportSchema,
  resources: v.exactOptional(ResourceReportSchema),
  unexplained: v.pipe(
    v.array(
      v.strictObject({
        address: address('where it begins'),
        bytes: number('its length'),
        resident_bytes: number('of it in memory'),
      }),
    ),
    v.description('anonymous memory that nothing explains, largest first'),
  ),
  observed_seconds: number('from the first to the last look; 0 for one look'),
  growth: v.exactOptional(
    v.strictObject({
      rss_bytes_per_minute: number('resident memory added per minute'),
      uss_bytes_per_minute: number('of this process alone'),
    }),
  ),
  pauses_ms: v.pipe(v.array(v.number()), v.description('how long the process was stopped for each look')),
  captures: v.pipe(v.array(CaptureFactsSchema), v.description('what was copied for each look, and when')),
  problems,
});
