// The output of `leakscope gc --json`; src/diagnose/gc-report.ts is the same shape as a TypeScript type.

import * as v from 'valibot';
import { CaptureFactsSchema, count, flag, number, problems, text } from './common.ts';
import { CollectorReportSchema, GarbageReportSchema, TypeAmountSchema } from './references.ts';

export const GcReportSchema = v.strictObject({
  schema: v.literal('leakscope.gc/1'),
  target: v.strictObject({
    file: v.exactOptional(text('the core or .heap file; absent for a running process')),
    pid: count('process id'),
    python: text('interpreter: CPython 3.12.1'),
    app: text('application: gunicorn worker [shop], app.py'),
    uptime_seconds: v.exactOptional(number('age of the process')),
    rss_bytes: v.exactOptional(number('resident memory')),
  }),
  summary: text('the one thing to know'),
  collector: v.exactOptional(CollectorReportSchema),
  generations: v.pipe(
    v.array(
      v.strictObject({
        generation: v.pipe(
          v.picklist(['0', '1', '2', 'frozen', 'all', 'young', 'old']),
          v.description(
            '0, 1, 2 young to old; frozen; all where the build keeps no lists (free-threaded); of a .heap file young (0 and 1) and old (2 and frozen)',
          ),
        ),
        objects: count('objects it holds'),
        bytes: number('their own memory'),
        references: count('references from them'),
        far_steps: count('steps from object to object, and to referents, that go far through memory'),
        garbage_objects: count('objects of it that no root reaches'),
        garbage_bytes: number('their own memory'),
        types: v.pipe(v.array(TypeAmountSchema), v.description('most bytes first')),
        type_count: count('types in all'),
      }),
    ),
    v.description('what each generation holds'),
  ),
  other_interpreters: v.exactOptional(
    v.pipe(
      v.array(
        v.strictObject({
          interpreter: count('its number, as Python gives it'),
          enabled: flag('gc.isenabled() in it'),
          thresholds: v.pipe(v.array(v.number()), v.description('gc.get_threshold() in it')),
          objects: v.exactOptional(count('objects of its generations')),
          frozen_objects: v.exactOptional(count('objects set aside in it')),
          full_collections: number('full collections so far'),
        }),
      ),
      v.description('collectors of other interpreters in the process; the rest is of the main one'),
    ),
  ),
  full_collection: v.strictObject({
    objects: count('objects that a full collection goes through'),
    references: count('references it follows'),
    far_steps: count('steps of it that go far through memory, which are slow'),
    least_ms: number('how long the program stands still for it, at least'),
    most_ms: number('and at most, as measured on heaps of that many objects and references'),
    last_ms: v.exactOptional(number('how long the last one took, where the interpreter notes it (CPython 3.15)')),
    starts: v.exactOptional(text('what has to happen before the next one starts by itself')),
    long_lived_pending: v.exactOptional(count('objects that grew old since the last one')),
    long_lived_total: v.exactOptional(count('objects that survived the last one')),
  }),
  garbage: GarbageReportSchema,
  watch: v.exactOptional(
    v.strictObject({
      seconds: number('between the two looks'),
      samples: count('times that the collector was looked at in between, without a stop'),
      collecting: count('samples in which a collection was under way'),
      off: count('samples in which the collector was off'),
      generations: v.pipe(
        v.array(
          v.strictObject({
            collections: number('collections meanwhile'),
            per_minute: number('the same per minute'),
            collected: number('objects they freed'),
            collected_per_collection: number('the same for each, on average'),
            uncollectable: number('objects they could not free'),
            spent_ms: v.exactOptional(
              number('time the program stood still for them, where the interpreter notes it (CPython 3.15)'),
            ),
          }),
        ),
        v.description('young to old'),
      ),
      garbage_objects: number('change of what no root reaches'),
      garbage_bytes: number('change of its memory'),
      garbage_objects_per_minute: number('the change, by the minute'),
      garbage_bytes_per_minute: number('the change of its memory, by the minute'),
      garbage_gained: v.pipe(v.array(TypeAmountSchema), v.description('what of it became more, most bytes first')),
      old_objects: v.exactOptional(number('change of what the oldest generation holds')),
      promoted: v.exactOptional(
        v.strictObject({
          objects: count('objects that came into the oldest generation and are still there'),
          bytes: number('their own memory'),
          types: v.pipe(v.array(TypeAmountSchema), v.description('most bytes first')),
        }),
      ),
    }),
  ),
  collection: v.exactOptional(
    v.strictObject({
      by: v.pipe(v.picklist(['remote debugging protocol', 'agent']), v.description('how the process was asked')),
      found: number('what gc.collect() returned: unreachable objects it found'),
      ms: number('how long it took, as measured in the process'),
      uncollectable: number('entries that gc.garbage gained'),
      freed: v.pipe(v.array(TypeAmountSchema), v.description('garbage before and not after, most bytes first')),
      freed_objects: count('their number'),
      freed_bytes: number('their own memory'),
      left_objects: count('garbage that is there after it: new, frozen, or not to be freed'),
      rss_bytes: number('change of resident memory'),
    }),
  ),
  pauses_ms: v.pipe(v.array(v.number()), v.description('how long the process was paused at each look')),
  captures: v.array(CaptureFactsSchema),
  problems,
});
