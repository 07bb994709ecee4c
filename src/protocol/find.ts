// The output of `leakscope find --json`. src/diagnose/find-report.ts is the same shape as a TypeScript type, with the
// meaning of each field; a test holds the two together.

import * as v from 'valibot';
import { address, CaptureFactsSchema, count, FrameSchema, flag, number, problems, share, text } from './common.ts';
import { PartNameSchema } from './rss.ts';

export const VerdictSchema = v.pipe(
  v.picklist(['leak', 'suspect', 'healthy', 'inconclusive']),
  v.description(
    'leak: grows without a bound in sight; suspect: grows, but a bound or an end is possible; ' +
      'healthy: does not grow; inconclusive: not enough evidence',
  ),
);

const FindingKindSchema = v.picklist([
  'global container',
  'class container',
  'function cache',
  'instance container',
  'closure',
  'default argument',
  'listener registry',
  'exception or traceback',
  'frame',
  'generator or task',
  'thread-local or context variable',
  'thread',
  'uncollectable cycle',
  'uncollected cycle',
  'dynamic classes, modules or code',
  'interned strings',
  'native hold (reference leak: no Python owner)',
  'lost references (missing DECREF)',
  'native memory (no Python owner)',
  'file descriptors',
  'child processes',
  'memory maps',
  'shared memory',
  'temporary files',
  'object graph',
]);

export const SiteSchema = v.strictObject({
  file: text('path as the process knows it'),
  line: v.pipe(v.number(), v.integer(), v.minValue(1), v.description('1-based')),
  function: text('qualified name of the function; <module> at top level'),
  basis: v.pipe(
    v.picklist(['writes holder', 'calls writer', 'creates', 'running']),
    v.description('how the line is known to add to the holder'),
  ),
  code_excerpt_allowed: flag('whether the line may be shown'),
  code: v.exactOptional(text('the source line')),
  source_changed: v.exactOptional(flag('the file is newer than the running process')),
});

const HolderSchema = v.strictObject({
  path: text('names from a root to the holder'),
  name: text('dotted short form of the path'),
  type: text('qualified type name'),
  address: v.exactOptional(address('absent for groups of objects and for native memory')),
  entries: v.exactOptional(count('entries at the end of the run')),
  bound: v.exactOptional(count('bound found on the object itself: maxsize, maxlen')),
  retained_bytes: v.exactOptional(number('bytes freed if the holder went')),
  retained_share: v.exactOptional(share('of all live object memory')),
});

const GrowthSchema = v.strictObject({
  entries_per_minute: number('entries added per minute'),
  bytes_per_minute: number('bytes added per minute'),
  objects_per_minute: number('objects added per minute'),
  types: v.pipe(
    v.array(
      v.strictObject({
        type: text('qualified type name'),
        objects_per_minute: number('objects added per minute'),
        bytes_per_minute: number('bytes added per minute'),
      }),
    ),
    v.description('what it grows by, most bytes first, at most five'),
  ),
  series: v.pipe(
    v.array(v.tuple([v.number(), v.number()])),
    v.description('seconds since the start of the run, entries'),
  ),
});

const AllocationsSchema = v.strictObject({
  blocks: count('traced blocks allocated since the first snapshot, or enlarged, that the holder keeps'),
  bytes: number('their memory'),
  tracebacks: v.pipe(
    v.array(
      v.strictObject({
        blocks: count('blocks of this traceback'),
        bytes: number('their memory'),
        frames: v.pipe(v.array(FrameSchema), v.description('oldest call first; the last allocated')),
      }),
    ),
    v.description('most bytes first, at most five'),
  ),
  other_tracebacks: v.strictObject({
    tracebacks: count('tracebacks that are not in the list'),
    blocks: count('their blocks'),
    bytes: number('their memory'),
  }),
});

export const FindingSchema = v.strictObject({
  rank: v.pipe(v.number(), v.integer(), v.minValue(1), v.description('1 is the worst')),
  kind: FindingKindSchema,
  confidence: v.picklist(['high', 'medium', 'low']),
  verdict: VerdictSchema,
  holder: HolderSchema,
  growth: GrowthSchema,
  sites: v.pipe(v.array(SiteSchema), v.description('lines that add to the holder')),
  shrinks: v.pipe(v.array(SiteSchema), v.description('lines that remove from the holder')),
  other_paths: v.pipe(v.array(v.string()), v.description('other retaining paths of the holder')),
  because: v.pipe(v.array(v.string()), v.description('why this is believed, one sentence each')),
  advice: text('what to write instead'),
  allocations: v.exactOptional(
    v.pipe(AllocationsSchema, v.description('who allocated what it gained, where the process ran under tracemalloc')),
  ),
  scan: v.exactOptional(
    v.pipe(
      v.strictObject({
        rule: text('name of the rule'),
        file: text('path as the process knows it'),
        line: count('1-based'),
        message: text('what the rule says'),
        fix: v.exactOptional(
          v.strictObject({
            title: text('what leakscope fix FILE:LINE would do'),
            safety: v.picklist(['safe', 'unsafe']),
          }),
        ),
      }),
      v.description('what leakscope scan says of the source that grows it'),
    ),
  ),
});

export const FindReportSchema = v.strictObject({
  schema: v.literal('leakscope.find/1'),
  target: v.strictObject({
    pid: count('process id'),
    python: text('interpreter: CPython 3.12.1'),
    app: text('application: gunicorn worker [shop], python -m app, app.py'),
    uptime_seconds: number('age of the process'),
    rss_bytes: number('resident memory at the end of the run'),
    memory_limit_bytes: v.exactOptional(number('the smaller of the memory limits of the cgroup and the process')),
  }),
  verdict: VerdictSchema,
  summary: text('why this verdict, in one sentence'),
  observed_seconds: number('from the first to the last snapshot'),
  growth: v.strictObject({
    bytes_per_minute: number('live object memory added per minute'),
    objects_per_minute: number('objects added per minute'),
    rss_bytes_per_minute: number('resident memory added per minute'),
    seconds_to_limit: v.exactOptional(number('until the memory limit, or the free memory, is reached at this rate')),
  }),
  pauses_ms: v.pipe(v.array(v.number()), v.description('how long the process was stopped for each snapshot')),
  captures: v.pipe(v.array(CaptureFactsSchema), v.description('what was copied for each snapshot, and when')),
  heap: v.strictObject({
    objects: count('live objects in the last snapshot'),
    bytes: number('their memory'),
    garbage_objects: count('objects waiting for the collector'),
    garbage_bytes: number('their memory'),
  }),
  tracing: v.exactOptional(
    v.pipe(
      v.strictObject({
        frames: count('frames kept of each stack'),
        table_bytes: number('memory of tracemalloc’s own tables, about'),
      }),
      v.description('present where the process ran under tracemalloc'),
    ),
  ),
  findings: v.array(FindingSchema),
  resident: v.pipe(
    v.array(
      v.strictObject({
        name: PartNameSchema,
        bytes: number('resident at the end of the run'),
        bytes_per_minute: number('growth over the run'),
      }),
    ),
    v.description('parts of the resident memory as leakscope rss splits it, largest first; may be empty'),
  ),
  not_leaking: v.pipe(v.array(v.string()), v.description('what was looked at and is not a leak, one sentence each')),
  problems,
});
