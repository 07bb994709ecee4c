// The output of `leakscope fix --prove --json -- COMMAND`.

import * as v from 'valibot';
import { count, number, text } from './common.ts';

export const FIX_PROOF_SCHEMA = 'leakscope.fix-proof/1';

const RunSchema = v.strictObject({
  verdict: v.picklist(['leak', 'suspect', 'healthy', 'inconclusive']),
  bytes_per_minute: number('growth of the live objects'),
  rss_bytes_per_minute: number('growth of the resident memory'),
});

export const FixProofSchema = v.strictObject({
  schema: v.literal(FIX_PROOF_SCHEMA),
  verdict: v.pipe(
    v.picklist(['proved', 'not proved', 'not reproduced']),
    v.description('proved: it leaked before and no longer does; not reproduced: it did not leak before either'),
  ),
  summary: text('the verdict in one sentence'),
  command: v.pipe(v.array(v.string()), v.description('what was run, once without the fixes and once with them')),
  seconds: number('how long each run was observed'),
  fixes: v.array(
    v.strictObject({
      rule: text('name of the rule'),
      path: text('file the fix edits'),
      line: count('line of the finding it removes'),
      title: text('what it does'),
    }),
  ),
  before: RunSchema,
  after: RunSchema,
  holders: v.pipe(
    v.array(
      v.strictObject({
        name: text('what grew without the fixes'),
        fixed: v.pipe(v.boolean(), v.description('whether the fixes are in a file that grows it')),
        bytes_per_minute_before: number('its growth without the fixes'),
        bytes_per_minute_after: number('its growth with them'),
        entries_per_minute_before: number('entries it gained without them'),
        entries_per_minute_after: number('entries it gained with them'),
      }),
    ),
    v.description('largest growth first'),
  ),
});
export type FixProof = v.InferOutput<typeof FixProofSchema>;
