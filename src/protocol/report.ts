// The output of `leakscope report --json`; src/diagnose/heap-report.ts is the same shape as a TypeScript type.

import * as v from 'valibot';
import { address, count, number, problems, SnapshotFactsSchema, share, text } from './common.ts';

export const HeapReportSchema = v.strictObject({
  schema: v.literal('leakscope.report/1'),
  snapshot: SnapshotFactsSchema,
  heap: v.strictObject({
    objects: count('objects in the graph'),
    references: count('references between them'),
    bytes: number('memory of the objects'),
    unreachable_objects: count('garbage: objects no root reaches'),
    unreachable_bytes: number('their memory'),
  }),
  types: v.pipe(
    v.array(
      v.strictObject({
        type: text('qualified type name'),
        objects: count('objects of the type'),
        bytes: number('their own memory'),
        retained_bytes: number('memory freed if they all went'),
        share: share('of all heap memory, by bytes'),
      }),
    ),
    v.description('most bytes first'),
  ),
  holders: v.pipe(
    v.array(
      v.strictObject({
        rank: count('1 retains most'),
        path: text('names from a root to the holder'),
        type: text('qualified type name'),
        address: address('of the holder'),
        entries: v.exactOptional(count('entries of a container')),
        retained_objects: count('objects freed if it went, itself included'),
        retained_bytes: number('their memory'),
        retained_share: share('of all heap memory'),
      }),
    ),
    v.description('where memory piles up, most retained first'),
  ),
  problems,
});
