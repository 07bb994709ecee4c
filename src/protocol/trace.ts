// The output of `leakscope trace --json`; src/diagnose/trace-report.ts is the same shape as a TypeScript type.

import * as v from 'valibot';
import { CaptureFactsSchema, count, FrameSchema, flag, number, problems, share, text } from './common.ts';
import { SiteSchema } from './find.ts';

const difference = (description: string) => v.pipe(v.number(), v.integer(), v.description(description));

const HolderSchema = v.strictObject({
  kind: v.pipe(
    v.picklist(['object', 'garbage', 'none']),
    v.description('none: blocks that no Python object is known to lie in or own; garbage: unreachable objects'),
  ),
  path: text('names from a root to the holder'),
  type: v.exactOptional(text('qualified type name of the holder')),
  holders: v.exactOptional(count('holders that have this path')),
  blocks: count('of the row’s blocks, those held there'),
  bytes: number('their memory'),
  new_blocks: v.exactOptional(count('of these, those that were not there at the first look')),
  new_bytes: v.exactOptional(number('their memory')),
  retained_bytes: v.exactOptional(
    number('memory that would be freed if the holders went, with what other lines allocated'),
  ),
});

const CandidateSchema = v.strictObject({
  module: text('an extension module'),
  reason: v.picklist(['defines the type', 'its data points at them', 'called by the program', 'loaded']),
});

const NativeSchema = v.strictObject({
  rss_bytes_diff: number('change of resident memory'),
  parts: v.pipe(
    v.array(
      v.strictObject({
        name: v.picklist([
          'traced',
          'tracemalloc tables',
          'untraced objects',
          'native memory',
          'free',
          'outside the allocators',
        ]),
        bytes_diff: number('resident memory, in whole blocks'),
      }),
    ),
    v.description('what the change is made of; adds up to it'),
  ),
  unseen_bytes: number('of the change, what tracemalloc neither traces nor needs for itself'),
  unseen_share: v.exactOptional(share('of the growth without tracemalloc’s tables')),
  owners: v.pipe(
    v.array(
      v.strictObject({
        kind: v.pipe(
          v.picklist(['library', 'objects', 'calls', 'nobody']),
          v.description(
            'library: its static data leads there; objects: those of a type own it; calls: only running calls lead ' +
              'there; nobody: nothing does',
          ),
        ),
        name: text('file name of a library, qualified name of a type; empty for the rest'),
        module: v.exactOptional(text('the extension module, where it is one')),
        blocks_diff: difference('change of its untraced blocks in use'),
        bytes_diff: number('change of their memory, as the allocator counts it'),
      }),
    ),
    v.description('untraced memory of the allocators, by what leads to it; most growth first'),
  ),
  sizes: v.pipe(
    v.array(
      v.strictObject({
        block_bytes: number('of each'),
        blocks_diff: difference('more of them than at the first look'),
      }),
    ),
    v.description('untraced blocks that no Python object owns, by size; most growth first'),
  ),
  candidates: v.pipe(
    v.array(CandidateSchema),
    v.description('extension modules that could be behind what grew and is nobody’s, best evidence first'),
  ),
  sites: v.pipe(v.array(SiteSchema), v.description('lines of the program that call them, those seen running first')),
  not_known: v.pipe(v.array(v.string()), v.description('what cannot be told, one sentence each')),
});

const RowSchema = v.strictObject({
  ...FrameSchema.entries,
  bytes: number('traced memory allocated there that is still allocated'),
  blocks: count('number of its blocks'),
  average_bytes: number('of a block; 0 where there is none'),
  bytes_diff: v.exactOptional(number('how much the bytes changed between the two looks')),
  blocks_diff: v.exactOptional(v.pipe(v.number(), v.integer(), v.description('how much the blocks changed'))),
  bytes_per_minute: v.exactOptional(number('the change, by the minute')),
  frames: v.exactOptional(
    v.pipe(v.array(FrameSchema), v.description('the traceback, oldest call first; only with --by traceback')),
  ),
  holders: v.exactOptional(
    v.pipe(
      v.array(HolderSchema),
      v.description('who holds what was allocated there, most first, at most five; only with --holders'),
    ),
  ),
  other_holders: v.exactOptional(
    v.strictObject({
      holders: count('holders that are not in the list'),
      blocks: count('of the row’s blocks, those held there'),
      bytes: number('their memory'),
    }),
  ),
});

export const TRACE_EXPORT_FORMATS = ['pprof', 'speedscope', 'collapsed'] as const;
export type TraceExportFormat = (typeof TRACE_EXPORT_FORMATS)[number];

export const TraceReportSchema = v.strictObject({
  schema: v.literal('leakscope.trace/1'),
  target: v.strictObject({
    pid: count('process id'),
    python: text('interpreter: CPython 3.12.1'),
    app: text('application: gunicorn worker [shop], app.py'),
    uptime_seconds: number('how long it has been running'),
    rss_bytes: number('resident memory at the last look'),
  }),
  summary: text('the answer in one sentence'),
  notes: v.pipe(v.array(v.string()), v.description('what limits the answer')),
  observed_seconds: number('time between the two looks; 0 for one'),
  by: v.picklist(['line', 'file', 'function', 'traceback']),
  cumulative: flag('a block counts at every frame of its traceback'),
  frames: count('frames that tracemalloc keeps of each stack'),
  traced: v.strictObject({
    bytes: number('all memory that is traced'),
    blocks: count('number of its blocks'),
    peak_bytes: v.exactOptional(number('the most there was, as tracemalloc counts it')),
    table_bytes: number('memory of tracemalloc’s own tables, about'),
  }),
  growth: v.exactOptional(
    v.strictObject({
      bytes: number('change of the traced memory'),
      blocks: v.pipe(v.number(), v.integer(), v.description('change of the number of blocks')),
      bytes_per_minute: number('the change, by the minute'),
      rss_bytes: number('change of resident memory'),
      table_bytes: number('change of tracemalloc’s own tables'),
      unseen_bytes: number(
        'change of resident memory that neither explains: memory allocated outside Python’s allocators',
      ),
    }),
  ),
  native: v.exactOptional(v.pipe(NativeSchema, v.description('what grew and is not traced; only with --native'))),
  filters: v.pipe(
    v.array(
      v.strictObject({
        inclusive: flag('keeps what it matches; otherwise what it does not'),
        pattern: v.exactOptional(text('of file names')),
        line: v.exactOptional(count('line in them')),
        all_frames: flag('looks at every frame that was kept'),
        domain: v.exactOptional(count('of the allocator')),
        is_default: flag('applied without being asked for'),
      }),
    ),
    v.description('with the meaning of tracemalloc.Filter and DomainFilter'),
  ),
  filtered_out: v.strictObject({
    bytes: number('traced memory that the filters leave out'),
    blocks: count('number of its blocks'),
    bytes_diff: v.exactOptional(number('how much it changed')),
  }),
  rows: v.pipe(v.array(RowSchema), v.description('largest first; with two looks, most changed first')),
  other_rows: v.strictObject({
    rows: count('places that are not in the list'),
    bytes: number('their memory'),
    bytes_diff: v.exactOptional(number('how much it changed')),
  }),
  pauses_ms: v.pipe(v.array(v.number()), v.description('how long the process was stopped at each look')),
  captures: v.array(CaptureFactsSchema),
  export: v.exactOptional(
    v.strictObject({
      format: v.pipe(v.picklist(TRACE_EXPORT_FORMATS), v.description('what was written')),
      file: text('the file that was written'),
      file_bytes: count('its size'),
      stacks: count('different stacks of calls in it'),
      values: v.pipe(
        v.array(v.string()),
        v.description('what the file gives of each stack, as pprof names it; first what is shown first'),
      ),
      open_with: text('how to open the file'),
    }),
  ),
  problems,
});
