// The output of `--dry-run --json` of the commands that stop a process.

import * as v from 'valibot';
import { count, flag, number, problems, text } from './common.ts';

export const PAUSE_ESTIMATE_SCHEMA = 'leakscope.pause-estimate/1';

export const PauseEstimateSchema = v.strictObject({
  schema: v.literal(PAUSE_ESTIMATE_SCHEMA),
  target: v.strictObject({
    pid: count('process id'),
    python: text('interpreter: CPython 3.12.1'),
    app: text('application: gunicorn worker [shop], python -m app, app.py'),
    uptime_seconds: number('age of the process'),
    rss_bytes: number('resident memory'),
  }),
  pause_ms: number('how long the process would be stopped, when all is copied while it is'),
  early_copy: v.strictObject({
    possible: flag('whether memory would be copied before the pause, and in it only what was written since'),
    reason: v.exactOptional(text('why not')),
    least_pause_ms: v.exactOptional(number('the pause of a process that writes to nothing meanwhile')),
  }),
  copy_bytes: count('memory that would be copied'),
  skipped_bytes: count('big raw data that would be sized and not copied'),
  bytes_per_second: number('how fast memory of this process was read now, while it ran'),
  threads: count('threads that would be stopped'),
  needed_bytes: count(
    'memory that leakscope would need for the copy; the analysis takes about 80 bytes per object more',
  ),
  available_bytes: v.exactOptional(count('memory free for it')),
  problems,
});
export type PauseEstimate = v.InferOutput<typeof PauseEstimateSchema>;
