// What a command is given: streams, environment, cancellation, and the global flags turned into ways to answer.
// Commands print through `Output` only, so that --json, --quiet and colour mean the same everywhere.

import type { Command } from 'commander';
import { ExitCode } from '../base/errors.ts';
import { type Progress, silentProgress } from '../session/session-options.ts';
import { createProgress } from './progress.ts';
import { createRenderStyle, type RenderStyle, wantsColour } from './render/render-style.ts';
import { safeJson } from './render/sanitize.ts';

/** A stream the tool writes to; a terminal when `isTTY`. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

export interface CliContext {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether Ctrl-C reaches the whole process group by itself. */
  readonly stdinIsTty: boolean;
  /** What stands after `--` on the command line, if there is one. */
  readonly childCommand: readonly string[] | undefined;
  /** Aborted on SIGINT and SIGTERM; cancellation.ts. */
  readonly signal: AbortSignal;
  readonly outcome: Outcome;
}

/** What the command that runs leaves for the program to end with. */
export interface Outcome {
  exitCode: ExitCode;
  /** Ended by the program too, as a command may fail in the middle of a stage. */
  progress: Progress;
}

/** Flags every command takes. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly color?: boolean;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

export interface Output {
  readonly json: boolean;
  readonly style: RenderStyle;
  readonly progress: Progress;
  /** Prints the answer: as JSON under --json, else as the text `render` makes of it. */
  answer<T>(data: T, render: (data: T, style: RenderStyle) => string): void;
  /** A line to the person waiting, on stderr; nothing under --quiet or --json. */
  note(text: string): void;
}

export function openOutput(context: CliContext, command: Command): Output {
  const options = command.optsWithGlobals<GlobalOptions>();
  const json = options.json === true;
  const quiet = options.quiet === true;
  const style = createRenderStyle({
    columns: outputColumns(context.stdout, context.env),
    colour: wantsColour({ isTty: context.stdout.isTTY === true, disabled: options.color === false, env: context.env }),
    verbose: options.verbose,
  });
  // A started command writes to the same terminal: a line that redraws itself would run into its output.
  const interactive = isInteractive(context.stderr, context.env) && context.childCommand === undefined;
  const progress = quiet || (json && !interactive) ? silentProgress : createProgress(context.stderr, interactive);
  context.outcome.progress = progress;
  return {
    json,
    style,
    progress,
    answer(data, render) {
      progress.done();
      context.stdout.write(json ? `${safeJson(data)}\n` : render(data, style));
    },
    note(text) {
      if (!quiet && !json) context.stderr.write(`${text}\n`);
    },
  };
}

/** The terminal's width; COLUMNS when it is not a terminal or does not say. */
export function outputColumns(
  stream: OutputStream,
  env: Readonly<Record<string, string | undefined>>,
): number | undefined {
  if (stream.columns !== undefined && stream.columns > 0) return stream.columns;
  const columns = Number(env.COLUMNS);
  return Number.isInteger(columns) && columns > 0 ? columns : undefined;
}

function isInteractive(stream: OutputStream, env: Readonly<Record<string, string | undefined>>): boolean {
  return stream.isTTY === true && env.TERM !== 'dumb' && (env.CI ?? '') === '';
}

export function createOutcome(): Outcome {
  return { exitCode: ExitCode.healthy, progress: silentProgress };
}
