// The output of `leakscope scan --json`.

import * as v from 'valibot';
import { count, number, text } from './common.ts';

export const SCAN_SCHEMA = 'leakscope.scan/1';

const EvidenceSchema = v.strictObject({
  path: text('file'),
  line: count('1-based'),
  column: count('1-based, in UTF-16 units'),
  text: text('what that line has to do with it: grows here'),
  source: text('the source line, white space at its ends taken off'),
});

const EditSchema = v.strictObject({
  start: count('offset of the first character replaced, in UTF-16 units, a byte order mark not counted'),
  end: count('offset just past the last'),
  text: text('what takes their place'),
});

export const ScanFixSchema = v.strictObject({
  title: text('what applying it does, in the imperative'),
  safety: v.pipe(
    v.picklist(['safe', 'unsafe']),
    v.description('safe: the program means the same but for the leak; unsafe: a person decides'),
  ),
  edits: v.pipe(v.array(EditSchema), v.description('of one file, none overlapping another')),
});
export type ScanFix = v.InferOutput<typeof ScanFixSchema>;

/** As HolderReference in src/source/growth-site-query.ts. */
const SubjectSchema = v.variant('form', [
  v.strictObject({ form: v.literal('global'), module: text('module'), name: text('variable') }),
  v.strictObject({
    form: v.literal('class attribute'),
    module: text('module'),
    class_name: text('qualified name of the class'),
    name: text('attribute'),
  }),
  v.strictObject({
    form: v.literal('instance attribute'),
    module: text('module'),
    class_name: text('qualified name of the class'),
    name: text('attribute'),
    owner: v.optional(v.strictObject({ module: text('module'), name: text('variable that keeps the instance') })),
  }),
  v.strictObject({ form: v.literal('function cache'), module: text('module'), qualname: text('function') }),
  v.strictObject({
    form: v.literal('closure'),
    module: text('module'),
    qualname: text('function'),
    name: text('variable'),
  }),
  v.strictObject({
    form: v.literal('default argument'),
    module: text('module'),
    qualname: text('function'),
    name: text('parameter'),
  }),
]);

const LiveSchema = v.strictObject({
  state: v.pipe(
    v.picklist(['growing', 'still', 'unseen']),
    v.description('growing: rises steadily; still: seen, and does not; unseen: the process has no such object'),
  ),
  objects: count('objects the name stands for: one for each instance that has the attribute'),
  entries: count('their entries at the end'),
  entries_per_minute: number('entries gained'),
  retained_bytes: number('bytes freed if they went'),
  bytes_per_minute: number('bytes gained'),
});

export const ScanFindingSchema = v.strictObject({
  rule: text('name of the rule; docs/rules explains each'),
  code: text('its code: C01'),
  cause: v.picklist(['global state', 'unbounded cache', 'circular reference', 'open resource', 'long-running process']),
  confidence: v.pipe(
    v.picklist(['high', 'medium', 'low']),
    v.description('how sure the rule is; low is shown on request only'),
  ),
  path: text('file, relative to the current folder where it is below it'),
  line: count('1-based'),
  column: count('1-based, in UTF-16 units'),
  end_line: count('line of the end'),
  end_column: count('column just past the end'),
  message: text('the case in one sentence'),
  remedy: text('what to write instead, in the imperative'),
  context: text('qualified name of the function or class around; <module> at top level'),
  source: text('the source line, white space at its end taken off'),
  fingerprint: text('stays the same when lines move; what a baseline holds'),
  subject: v.pipe(v.nullable(SubjectSchema), v.description('what a live process would show of it')),
  evidence: v.pipe(v.array(EvidenceSchema), v.description('other lines that make the case')),
  fix: v.pipe(v.nullable(ScanFixSchema), v.description('edits that remove it; tried before they are offered')),
  live: v.pipe(v.nullable(LiveSchema), v.description('with --live: what the process shows of the subject')),
});
export type ScanFinding = v.InferOutput<typeof ScanFindingSchema>;

export const ScanProblemSchema = v.strictObject({
  path: text('file or folder'),
  line: v.pipe(v.nullable(v.number()), v.description('1-based; null where it is about the whole file')),
  message: text('what could not be read or parsed; the answer was made without it'),
});
export type ScanProblem = v.InferOutput<typeof ScanProblemSchema>;

export const ScanReportSchema = v.strictObject({
  schema: v.literal(SCAN_SCHEMA),
  files: count('files read'),
  lines: count('their lines'),
  findings: v.pipe(v.array(ScanFindingSchema), v.description('in the order of paths and lines')),
  inventory: v.pipe(
    v.array(ScanFindingSchema),
    v.description('with --inventory: containers that can grow, of low confidence'),
  ),
  hidden: v.strictObject({
    low: count('findings below the confidence asked for'),
    suppressed: count('findings that a comment in the source silences'),
    baseline: count('findings that the baseline knows'),
  }),
  problems: v.array(ScanProblemSchema),
});
export type ScanReport = v.InferOutput<typeof ScanReportSchema>;
