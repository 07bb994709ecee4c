// The output of `leakscope capture --json`.

import * as v from 'valibot';
import { CaptureFactsSchema, count, number, problems, SnapshotFactsSchema, text } from './common.ts';

export const CAPTURE_SCHEMA = 'leakscope.capture/1';

export const CaptureReportSchema = v.strictObject({
  schema: v.literal(CAPTURE_SCHEMA),
  snapshot: v.strictObject({ ...SnapshotFactsSchema.entries, file: text('the core file that was written') }),
  file_bytes: count('length of the file, holes included'),
  written_bytes: count('what of it is no hole: about what it takes on disk'),
  pause_ms: number('how long the process was stopped'),
  threads: count('threads of the process'),
  capture: CaptureFactsSchema,
  problems,
});
export type CaptureReport = v.InferOutput<typeof CaptureReportSchema>;
