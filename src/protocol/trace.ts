// The output of `leakscope trace --json`; src/diagnose/trace-report.ts is the same shape as a TypeScript type.

import * as v from 'valibot';
import { CaptureFactsSchema, count, flag, number, problems, text } from './common.ts';

const FrameSchema = v.strictObject({
  file: text('path as the program knows it'),
  line: count('line in it; 0 where a whole file is meant, or the line is not known'),
  function: v.exactOptional(text('qualified name of the function that runs the line, from its source')),
  code: v.exactOptional(text('text of the line')),
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
