// The output of `leakscope diff --json`; src/diagnose/heap-diff.ts is the same shape as a TypeScript type.

import * as v from 'valibot';
import { address, count, flag, number, problems, SnapshotFactsSchema, text } from './common.ts';

export const HeapDiffSchema = v.strictObject({
  schema: v.literal('leakscope.diff/1'),
  snapshots: v.pipe(v.array(SnapshotFactsSchema), v.minLength(2), v.maxLength(3), v.description('oldest first')),
  same_process: flag('otherwise types are compared by name, and holders is empty'),
  growth: v.strictObject({
    objects: number('from the first snapshot to the last'),
    bytes: number('from the first snapshot to the last'),
    seconds: number('between the first snapshot and the last'),
  }),
  new_objects: count('not in the first snapshot; with three, those of them that were in both others'),
  new_bytes: number('their memory'),
  types: v.pipe(
    v.array(
      v.strictObject({
        type: text('qualified type name'),
        objects_before: count('in the first snapshot'),
        objects_after: count('in the last'),
        bytes_before: number('in the first snapshot'),
        bytes_after: number('in the last'),
      }),
    ),
    v.description('most bytes gained first'),
  ),
  holders: v.pipe(
    v.array(
      v.strictObject({
        rank: count('1 gained most'),
        path: text('names from a root to the holder'),
        type: text('qualified type name'),
        address: address('of the holder'),
        entries_before: v.exactOptional(count('entries in the first snapshot')),
        entries_after: v.exactOptional(count('entries in the last')),
        new_objects: count('new objects that this holder alone keeps alive'),
        new_bytes: number('their memory'),
      }),
    ),
    v.description('most new bytes first'),
  ),
  problems,
});

export type HeapDiff = v.InferOutput<typeof HeapDiffSchema>;
