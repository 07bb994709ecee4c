// What --json prints when a command fails. The codes are those of src/base/errors.ts.

import * as v from 'valibot';
import { text } from './common.ts';

export const ERROR_SCHEMA = 'leakscope.error/1';

export const ErrorReportSchema = v.strictObject({
  schema: v.literal(ERROR_SCHEMA),
  error: v.strictObject({
    code: v.pipe(v.string(), v.regex(/^E_[A-Z_]+$/), v.description('stable; docs/error-codes.md lists them')),
    message: text('what happened'),
    hint: v.exactOptional(text('what to do next; may hold several lines')),
  }),
});
export type ErrorReport = v.InferOutput<typeof ErrorReportSchema>;
