// The output of `leakscope ps --json`.

import * as v from 'valibot';
import { count, flag, number, text } from './common.ts';

export const PS_SCHEMA = 'leakscope.ps/1';

export const PsProcessSchema = v.strictObject({
  pid: count('process id'),
  parent_pid: count('process id of its parent'),
  python: text('interpreter: CPython 3.12.1'),
  app: text('application: gunicorn worker [shop], python -m app, app.py'),
  user: text('name of the user it runs as'),
  uptime_seconds: number('age of the process'),
  rss_bytes: number('resident memory'),
  supported: flag('whether leakscope can read this interpreter, permission given'),
  note: v.exactOptional(text('why it cannot be read')),
});
export type PsProcess = v.InferOutput<typeof PsProcessSchema>;

export const PsReportSchema = v.strictObject({
  schema: v.literal(PS_SCHEMA),
  processes: v.pipe(v.array(PsProcessSchema), v.description('largest resident memory first')),
  unreadable_processes: count('processes of other users that could not be looked into; some may be Python'),
});
export type PsReport = v.InferOutput<typeof PsReportSchema>;
