// The output of `leakscope why --json`; src/diagnose/heap-why.ts is the same shape as a TypeScript type.

import * as v from 'valibot';
import { address, count, number, problems, SnapshotFactsSchema, text } from './common.ts';

const RelatedObjectSchema = v.strictObject({
  name: v.exactOptional(text('what a referrer calls the object; empty when the referrer is garbage')),
  type: text('qualified type name'),
  address: address('of this object'),
  retained_bytes: number('memory freed if it went'),
});

export const HeapWhySchema = v.strictObject({
  schema: v.literal('leakscope.why/1'),
  snapshot: SnapshotFactsSchema,
  subject: text('the type or address, as asked'),
  matches: v.pipe(
    v.array(
      v.strictObject({
        type: text('qualified type name'),
        objects: count('objects of the type'),
        bytes: number('their own memory'),
        unreachable_objects: count('those that no root reaches'),
      }),
    ),
    v.description('types that the asked name means'),
  ),
  groups: v.pipe(
    v.array(
      v.strictObject({
        path: text('the shortest path among them'),
        objects: count('objects held this way'),
        bytes: number('their own memory'),
        example: address('of the object with that path'),
      }),
    ),
    v.description('objects by how they are held, most bytes first'),
  ),
  group_count: count('groups in all'),
  object: v.exactOptional(
    v.strictObject({
      type: text('qualified type name'),
      address: address('of the object'),
      entries: v.exactOptional(count('entries of a container')),
      bytes: number('its own memory'),
      retained_bytes: number('memory freed if it went'),
      retained_objects: count('objects freed if it went, itself included'),
      paths: v.pipe(v.array(v.string()), v.description('retaining paths, shortest first')),
      dominators: v.pipe(v.array(RelatedObjectSchema), v.description('what would have to go first, nearest first')),
      referrers: v.array(RelatedObjectSchema),
      referrer_count: count('referrers in all'),
    }),
  ),
  problems,
});
