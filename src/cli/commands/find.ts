// leakscope find: is it a leak, who holds the memory, which line grows it.

import { closeSync, openSync, writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { ExitCode, LeakscopeError } from '../../base/errors.ts';
import type { FindReport } from '../../diagnose/find-report.ts';
import { runFind } from '../../session/find-session.ts';
import { estimatePause } from '../../session/pause-estimate.ts';
import type { FindOptions } from '../../session/session-options.ts';
import { coreCompression } from '../../target/core-stream.ts';
import { isPid, parseCountOf, parseMilliseconds, parsePid, parseRunLength } from '../arguments.ts';
import { type CliContext, type Output, openOutput } from '../cli-context.ts';
import { type ObservationOptions, observeCommand } from '../observed-command.ts';
import { renderFindReport } from '../render/find-text.ts';
import { renderPauseEstimate } from '../render/pause-estimate-text.ts';
import { safeJson } from '../render/sanitize.ts';
import { DEFAULT_FRAMES, parseFrames, tracingEnvironment } from '../tracing-command.ts';

interface FindFlags {
  readonly for: number;
  readonly maxPause?: number;
  readonly precopy: boolean;
  readonly dryRun?: boolean;
  readonly snapshots?: number;
  readonly showValues?: boolean;
  readonly output?: string;
  readonly strict?: boolean;
  readonly keepRunning?: boolean;
  readonly trace?: boolean;
  readonly frames: number;
}

const HELP = `
The process is paused for a moment at each snapshot (see --max-pause) and otherwise runs on undisturbed:
nothing is loaded into it or run in it. With -- COMMAND the command is started first, which needs no privilege.
Where it runs under tracemalloc, findings also say which lines allocated what their holders gained.

Exit codes: 0 healthy (and suspect, unless --strict), 1 leak, 3 could not tell.

Examples:
  leakscope find 4242
  leakscope find 4242 --for 10m --json > report.json
  leakscope find 4242 --max-pause 50
  leakscope find 4242 --dry-run
  leakscope find --for 30s -- python -m shop.worker
  leakscope find --trace --for 30s -- python app.py`;

export function addFindCommand(program: Command, context: CliContext): void {
  program
    .command('find')
    .summary('is it a leak, who holds the memory, which line grows it')
    .description('Tells whether a Python process leaks, who holds the memory, and which source line makes it grow.')
    .usage('[options] PID\n       leakscope find [options] -- COMMAND…')
    .argument('[pid]', 'process to observe', parseLivePid)
    .addOption(
      new Option('--for <duration>', 'how long to observe: 90s, 5m, 1h').argParser(parseRunLength).default(60, '60s'),
    )
    .option('--max-pause <ms>', 'give up rather than pause the process longer than this', parseMilliseconds)
    .option('--no-precopy', 'copy nothing before a pause (for a process that CRIU tracks)')
    .option('--dry-run', 'only tell which pause to expect of each snapshot; stops nothing')
    .option('--snapshots <n>', 'snapshots to take, at least 3', parseCountOf(3))
    .option('--show-values', 'read and show values of the program’s data, such as dict keys')
    .option('-o, --output <file>', 'also write the report to this file, as JSON')
    .option('--strict', 'exit with 1 for a suspect too')
    .option('--trace', 'start the COMMAND under tracemalloc: says who allocated what each holder gained')
    .option('--frames <n>', 'with --trace: frames of each stack to keep', parseFrames, DEFAULT_FRAMES)
    .option('--keep-running', 'leave the started COMMAND running afterwards')
    .addHelpText('after', HELP)
    .action(async (pid: number | undefined, flags: FindFlags, command: Command) => {
      const output = openOutput(context, command);
      if (flags.dryRun === true) {
        const options = findOptions(pidOnly(pid, context), flags, context);
        output.answer(await estimatePause(options, output.progress), renderPauseEstimate);
        return;
      }
      // Said before the wait, not after it; opening for appending keeps an earlier report until there is a new one.
      if (flags.output !== undefined) writing(flags.output, (file) => closeSync(openSync(file, 'a')));
      const report = await observe(pid, flags, output, context);
      output.answer(report, renderFindReport);
      if (flags.output !== undefined) writing(flags.output, (file) => writeFileSync(file, `${safeJson(report)}\n`));
      context.outcome.exitCode = findExitCode(report, flags.strict === true);
    });
}

/** A core file is a likely guess, and deserves to be told what to do with it. */
function parseLivePid(text: string): number {
  if (!isPid(text) && coreCompression(text) !== undefined) {
    throw new LeakscopeError('E_USAGE', `find watches a process grow, and ${text} is a core file: one moment of it`, {
      hint: `leakscope report ${text} tells what takes the memory; leakscope diff OLDER.heap ${text} what grew since`,
    });
  }
  return parsePid(text);
}

/** A command is not started only to be looked at. */
function pidOnly(pid: number | undefined, context: CliContext): number {
  if (pid !== undefined && context.childCommand === undefined) return pid;
  throw new LeakscopeError('E_USAGE', '--dry-run needs the PID of a process that runs');
}

/** What the verdict means to a script; docs/exit-codes.md. */
export function findExitCode(report: FindReport, strict: boolean): ExitCode {
  switch (report.verdict) {
    case 'leak':
      return ExitCode.leak;
    case 'suspect':
      return strict ? ExitCode.leak : ExitCode.healthy;
    case 'healthy':
      return ExitCode.healthy;
    case 'inconclusive':
      return ExitCode.couldNotTell;
  }
}

async function observe(
  pid: number | undefined,
  flags: FindFlags,
  output: Output,
  context: CliContext,
): Promise<FindReport> {
  const words = context.childCommand;
  if (flags.trace === true && words === undefined) {
    throw new LeakscopeError('E_USAGE', '--trace starts a command under tracemalloc, and none is given', {
      hint: 'find --trace -- python app.py; a PID that traces already is asked without it',
    });
  }
  if (words === undefined || words.length === 0) {
    if (pid !== undefined && words === undefined) return runFind(findOptions(pid, flags, context), output.progress);
    throw new LeakscopeError('E_USAGE', 'find needs a PID, or a command after --', {
      hint: 'leakscope ps lists the Python processes; leakscope find -- python app.py starts one',
    });
  }
  if (pid !== undefined) {
    throw new LeakscopeError('E_USAGE', 'find takes a PID or a command after --, not both');
  }
  const env = flags.trace === true ? tracingEnvironment(flags.frames) : undefined;
  const options = { find: observation(flags, context), keepRunning: flags.keepRunning, env };
  return observeCommand(words, options, output, context);
}

function findOptions(pid: number, flags: FindFlags, context: CliContext): FindOptions {
  return { pid, ...observation(flags, context) };
}

function observation(flags: FindFlags, context: CliContext): ObservationOptions {
  return {
    seconds: flags.for,
    maxPauseMs: flags.maxPause,
    precopy: flags.precopy,
    showValues: flags.showValues === true,
    trace: flags.trace,
    snapshots: flags.snapshots,
    signal: context.signal,
  };
}

function writing(file: string, write: (file: string) => void): void {
  try {
    write(file);
  } catch (error) {
    throw new LeakscopeError('E_FILE_WRITE', `cannot write ${file}: ${(error as Error).message}`, { cause: error });
  }
}
