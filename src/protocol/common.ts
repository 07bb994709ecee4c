// Parts shared by several outputs, and the short forms in which the schemas of this folder are written.
// Objects are strict, so that a test of a real output finds a field that is not documented.

import * as v from 'valibot';

/** A string with what it holds. */
export const text = (description: string) => v.pipe(v.string(), v.description(description));
/** A number with its meaning and unit. */
export const number = (description: string) => v.pipe(v.number(), v.description(description));
/** A whole number from 0. */
export const count = (description: string) =>
  v.pipe(v.number(), v.integer(), v.minValue(0), v.description(description));
export const share = (description: string) =>
  v.pipe(v.number(), v.minValue(0), v.maxValue(1), v.description(description));
export const flag = (description: string) => v.pipe(v.boolean(), v.description(description));
export const address = (description: string) =>
  v.pipe(v.string(), v.regex(/^0x[0-9a-f]+$/), v.description(description));

export const ProblemSchema = v.strictObject({
  code: text('stable name of the kind of problem'),
  message: text('what was met'),
  count: count('how often'),
  examples: v.pipe(v.array(v.string()), v.description('the first places: addresses or files')),
});

export const problems = v.pipe(
  v.array(ProblemSchema),
  v.description('what could not be read as it should; the answer was made without it'),
);

export const CaptureFactsSchema = v.strictObject({
  copied_bytes: count('memory copied, with what was copied twice'),
  skipped_bytes: count('big raw data (NumPy arrays, payloads of bytes and str) that was sized and not copied'),
  phases: v.pipe(
    v.array(
      v.strictObject({
        name: v.picklist(['copy while running', 'stop', 'copy while stopped']),
        bytes: count('memory copied in it'),
        ms: number('how long it took'),
      }),
    ),
    v.description('in order; the last two are the pause'),
  ),
  no_early_copy: v.exactOptional(text('why nothing was copied before the pause')),
});

export const SnapshotFactsSchema = v.strictObject({
  file: v.exactOptional(text('the .heap or core file; absent when the graph was just read from a process')),
  pid: count('process id, as the host that took the snapshot saw it'),
  python: text('interpreter: CPython 3.12.1'),
  app: text('application: gunicorn worker [shop], app.py'),
  taken_at: v.pipe(v.string(), v.isoTimestamp(), v.description('when the process was paused, UTC')),
});

/** A line of a traceback. */
export const FrameSchema = v.strictObject({
  file: text('path as the program knows it'),
  line: count('line in it; 0 where a whole file is meant, or the line is not known'),
  function: v.exactOptional(text('qualified name of the function that runs the line, from its source')),
  code: v.exactOptional(text('text of the line')),
});
