// The output of `leakscope fix --json`.

import * as v from 'valibot';
import { count, flag, text } from './common.ts';
import { ScanFindingSchema, ScanProblemSchema } from './scan.ts';

export const FIX_SCHEMA = 'leakscope.fix/1';

const FixedFindingSchema = v.strictObject({
  rule: text('name of the rule'),
  code: text('its code'),
  line: count('line of the finding, in the file as it was when the fix was made'),
  message: text('the case in one sentence'),
  title: text('what the fix does, in the imperative'),
  safety: v.pipe(v.picklist(['safe', 'unsafe']), v.description('unsafe: a person decides')),
});
export type FixedFinding = v.InferOutput<typeof FixedFindingSchema>;

export const FixReportSchema = v.strictObject({
  schema: v.literal(FIX_SCHEMA),
  applied: flag('whether the files were written; otherwise the diffs say what would be'),
  files: v.pipe(
    v.array(
      v.strictObject({
        path: text('file'),
        fixes: v.array(FixedFindingSchema),
        diff: text('unified diff from the file as it is to the file with its fixes'),
      }),
    ),
    v.description('files that change, in the order of paths'),
  ),
  needs_unsafe: flag('whether what is shown is applied with --unsafe only'),
  remaining: v.pipe(v.array(ScanFindingSchema), v.description('findings that are left with the fixes made')),
  problems: v.array(ScanProblemSchema),
});
export type FixReport = v.InferOutput<typeof FixReportSchema>;
