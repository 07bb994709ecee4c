// The one error class for expected failures: a stable code, the user's words, a hint, an exit code.
// Programmer errors use assert; bad data becomes a counted problem (problems.ts), never an exception.

/** Process exit codes, as documented in docs/exit-codes.md. */
export const ExitCode = {
  healthy: 0,
  leak: 1,
  usage: 2,
  couldNotTell: 3,
  internal: 4,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Every expected failure has one of these codes; docs/error-codes.md explains each. */
export type ErrorCode =
  | 'E_USAGE'
  | 'E_CONFIG'
  | 'E_NO_SUCH_PROCESS'
  | 'E_NOT_PYTHON'
  | 'E_PYTHON_TOO_OLD'
  | 'E_NOT_CPYTHON'
  | 'E_UNKNOWN_LAYOUT'
  | 'E_PERMISSION'
  | 'E_TARGET_EXITED'
  | 'E_TARGET_BUSY'
  | 'E_PAUSE_TOO_LONG'
  | 'E_PAUSE_FAILED'
  | 'E_NOT_ENOUGH_MEMORY'
  | 'E_COMMAND_FAILED'
  | 'E_UNSUPPORTED_HOST'
  | 'E_FILE_READ'
  | 'E_FILE_WRITE'
  | 'E_HEAP_FILE'
  | 'E_CORE_FILE'
  | 'E_HEAP_VERSION'
  | 'E_NO_MATCH'
  | 'E_NOT_TRACING'
  | 'E_NO_REMOTE_CALLS'
  | 'E_NO_CONSENT'
  | 'E_CALL_NOT_RUN'
  | 'E_CALL_FAILED'
  | 'E_NO_AGENT'
  | 'E_AGENT'
  | 'E_FORBIDDEN'
  | 'E_CANCELLED'
  | 'E_INTERNAL';

/** An expected failure. `message` says what happened in the user's words, `hint` what to do next. */
export class LeakscopeError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly exitCode: ExitCode;

  constructor(code: ErrorCode, message: string, options: { hint?: string; exitCode?: ExitCode; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LeakscopeError';
    this.code = code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? exitCodeOf(code);
  }
}

function exitCodeOf(code: ErrorCode): ExitCode {
  switch (code) {
    case 'E_USAGE':
    case 'E_CONFIG':
      return ExitCode.usage;
    case 'E_INTERNAL':
      return ExitCode.internal;
    default:
      return ExitCode.couldNotTell;
  }
}

/** E_CANCELLED of what was looking at a process, or was about to. */
export function cancelled(): LeakscopeError {
  return new LeakscopeError('E_CANCELLED', 'cancelled; processes run on');
}

/** Throws E_CANCELLED where the signal was given. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw cancelled();
}
