// The output of `leakscope snapshot --json`.

import * as v from 'valibot';
import { CaptureFactsSchema, count, number, problems, SnapshotFactsSchema, text } from './common.ts';

export const SNAPSHOT_SCHEMA = 'leakscope.snapshot/1';

export const SnapshotReportSchema = v.strictObject({
  schema: v.literal(SNAPSHOT_SCHEMA),
  snapshot: v.strictObject({ ...SnapshotFactsSchema.entries, file: text('the file that was written') }),
  file_bytes: count('size of the file'),
  pause_ms: number('how long the process was stopped; 0 for a core file'),
  capture: v.exactOptional(CaptureFactsSchema),
  heap: v.strictObject({
    objects: count('objects in the graph'),
    references: count('references between them'),
    bytes: number('memory of the objects'),
  }),
  problems,
});
export type SnapshotReport = v.InferOutput<typeof SnapshotReportSchema>;
