// The output of `leakscope export --json`.

import * as v from 'valibot';
import { count, number, problems, SnapshotFactsSchema, text } from './common.ts';

export const EXPORT_SCHEMA = 'leakscope.export/1';
export const EXPORT_FORMATS = ['heapsnapshot', 'pprof', 'speedscope', 'collapsed', 'html', 'csv'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export const ExportReportSchema = v.strictObject({
  schema: v.literal(EXPORT_SCHEMA),
  snapshot: SnapshotFactsSchema,
  format: v.pipe(v.picklist(EXPORT_FORMATS), v.description('what was written')),
  table: v.exactOptional(v.pipe(v.picklist(['types', 'holders', 'roots']), v.description('which table, for csv'))),
  file: text('the file that was written'),
  file_bytes: count('its size'),
  heap: v.strictObject({
    objects: count('objects in the graph'),
    references: count('references between them'),
    bytes: number('memory of the objects'),
  }),
  open_with: text('how to open the file'),
  problems,
});
export type ExportReport = v.InferOutput<typeof ExportReportSchema>;
