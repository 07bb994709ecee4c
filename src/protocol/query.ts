// The output of `leakscope query --json`; src/query/query-answer.ts is the same shape as a TypeScript type.

import * as v from 'valibot';
import { address, count, number, problems, SnapshotFactsSchema, text } from './common.ts';

export const HeapQuerySchema = v.strictObject({
  schema: v.literal('leakscope.query/1'),
  snapshot: SnapshotFactsSchema,
  query: text('the query, as asked; empty for all objects'),
  order: v.pipe(
    v.picklist(['retained', 'size', 'objects', 'entries', 'referrers']),
    v.description('what the matches are ordered by, most first'),
  ),
  objects: count('objects that match'),
  bytes: number('their own memory'),
  retained_bytes: number('memory freed if all of them went; what one retains of another counts once'),
  types: v.pipe(
    v.array(
      v.strictObject({
        type: text('qualified type name'),
        objects: count('matching objects of the type'),
        bytes: number('their own memory'),
      }),
    ),
    v.description('types of the matching objects, most bytes first'),
  ),
  type_count: count('types in all'),
  matches: v.pipe(
    v.array(
      v.strictObject({
        type: text('qualified type name'),
        address: address('of the object'),
        name: v.exactOptional(text('of a module, class, function, thread or frame')),
        entries: v.exactOptional(count('entries of a container')),
        bytes: number('its own memory'),
        retained_bytes: number('memory freed if it went'),
        retained_objects: count('objects freed if it went, itself included'),
        path: text('the shortest retaining path; empty when nothing keeps it alive'),
      }),
    ),
    v.description('the first of the matching objects'),
  ),
  notes: v.pipe(v.array(v.string()), v.description('names in the query that nothing in this heap has')),
  problems,
});
