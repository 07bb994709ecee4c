// What `leakscope open --json` prints once it can be reached; it then runs until it is stopped.

import * as v from 'valibot';
import { text } from './common.ts';

export const OPEN_SCHEMA = 'leakscope.open/1';

export const OpenReportSchema = v.strictObject({
  schema: v.literal(OPEN_SCHEMA),
  url: text('address of the page with its token; lets one browser in, once'),
  socket: v.exactOptional(text('path of the Unix socket it is reached at, with --unix')),
});
export type OpenReport = v.InferOutput<typeof OpenReportSchema>;
