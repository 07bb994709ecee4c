// How a failure is told: `error CODE: message` and a hint on stderr, or an error object on stdout under --json.

import { CommanderError } from 'commander';
import { ExitCode, LeakscopeError } from '../base/errors.ts';
import { type CliContext, outputColumns } from './cli-context.ts';
import { clampWidth, wrap } from './render/layout.ts';
import { createRenderStyle, wantsColour } from './render/render-style.ts';
import { safeJson, sanitize } from './render/sanitize.ts';

export const ERROR_SCHEMA = 'leakscope.error/1';

/** Turns anything thrown into an expected failure; what was not expected becomes E_INTERNAL. */
export function toFailure(thrown: unknown): LeakscopeError {
  if (thrown instanceof LeakscopeError) return thrown;
  if (thrown instanceof CommanderError) return usageFailure(thrown);
  if (thrown instanceof Error && thrown.name === 'AbortError') {
    // What Node throws when a signal is aborted carries the reason.
    if (thrown.cause instanceof LeakscopeError) return thrown.cause;
    return new LeakscopeError('E_CANCELLED', 'stopped before there was an answer', { cause: thrown });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new LeakscopeError('E_INTERNAL', `leakscope failed in a way it should not: ${message}`, {
    hint: 'run it again with --verbose and report the output at the project’s issue tracker; the process was resumed',
    cause: thrown,
  });
}

/** Prints the failure and returns the exit code. */
export function reportFailure(
  failure: LeakscopeError,
  context: CliContext,
  flags: { readonly json: boolean; readonly noColour: boolean; readonly verbose: boolean },
): ExitCode {
  const { code, message, hint } = failure;
  if (flags.json) {
    const error = hint === undefined ? { code, message } : { code, message, hint };
    context.stdout.write(`${safeJson({ schema: ERROR_SCHEMA, error })}\n`);
    return failure.exitCode;
  }
  const { paint } = createRenderStyle({
    colour: wantsColour({ isTty: context.stderr.isTTY === true, disabled: flags.noColour, env: context.env }),
  });
  // A log is searched for a message by its words: only a terminal gets it wrapped.
  const columns = outputColumns(context.stderr, context.env);
  const width = columns === undefined ? Number.POSITIVE_INFINITY : clampWidth(columns);
  const lines = wrapLabelled(`error ${code}:`, sanitize(message), width, (label) => paint('leak', label));
  if (hint !== undefined) {
    // A remedy may take several lines, one per way out.
    for (const [index, line] of hint.split('\n').entries()) {
      const label = index === 0 ? 'hint:' : '     ';
      lines.push(...wrapLabelled(label, sanitize(line), width, (text) => paint('name', text)));
    }
  }
  if (flags.verbose && failure.exitCode === ExitCode.internal && failure.cause instanceof Error) {
    for (const line of (failure.cause.stack ?? '').split('\n')) lines.push(sanitize(line));
  }
  context.stderr.write(`${lines.join('\n')}\n`);
  return failure.exitCode;
}

/** Commander's complaint in our form: its first line is the message, its suggestion the hint. */
function usageFailure(error: CommanderError): LeakscopeError {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest.join(' ').replace(/^\(|\)$/g, '');
  return new LeakscopeError('E_USAGE', first, {
    hint: suggestion === '' ? 'leakscope --help lists the commands, leakscope COMMAND --help the flags' : suggestion,
  });
}

function wrapLabelled(label: string, text: string, width: number, paint: (label: string) => string): string[] {
  const [first = '', ...rest] = wrap(text, width - label.length - 1);
  return [`${paint(label)} ${first}`, ...rest.map((line) => `${' '.repeat(label.length + 1)}${line}`)];
}
