// Failures between threads and over HTTP: the code, words and hint of a LeakscopeError as plain data, and back.

import { type ErrorCode, LeakscopeError } from '../base/errors.ts';
import { ERROR_SCHEMA, type ErrorReport } from '../protocol/error.ts';
import type { Failure } from '../protocol/web/workspace.ts';

/** What was not expected becomes E_INTERNAL. */
export function describeFailure(thrown: unknown): Failure {
  if (thrown instanceof LeakscopeError) {
    const { code, message, hint } = thrown;
    return hint === undefined ? { code, message } : { code, message, hint };
  }
  if (thrown instanceof Error && thrown.name === 'AbortError') {
    return { code: 'E_CANCELLED', message: 'given up before there was an answer' };
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'E_INTERNAL', message: `leakscope failed in a way it should not: ${message}` };
}

export function failureError({ code, message, hint }: Failure): LeakscopeError {
  return new LeakscopeError(code as ErrorCode, message, hint === undefined ? {} : { hint });
}

export function errorReport(thrown: unknown): ErrorReport {
  return { schema: ERROR_SCHEMA, error: describeFailure(thrown) };
}

export type ErrorStatus = 400 | 403 | 404 | 409 | 413 | 500;

export function statusOf(code: string): ErrorStatus {
  switch (code) {
    case 'E_USAGE':
      return 400;
    case 'E_FORBIDDEN':
      return 403;
    case 'E_NO_MATCH':
    case 'E_NO_SUCH_PROCESS':
      return 404;
    case 'E_INTERNAL':
      return 500;
    default:
      return 409;
  }
}
