// leakscope trace: which lines allocated the memory that grows, as Python's tracemalloc knows it, read from outside.

import { type Command, Option } from 'commander';
import { LeakscopeError } from '../../base/errors.ts';
import { formatDuration, parseDuration } from '../../base/units.ts';
import type { AllocationFilter } from '../../diagnose/allocation-filter.ts';
import type { AppliedFilter, TraceKey, TraceReport } from '../../diagnose/trace-report.ts';
import { TRACE_EXPORT_FORMATS } from '../../protocol/trace.ts';
import { runTrace, type TakenProfile, type TraceOptions } from '../../session/trace-session.ts';
import { parseCountOf, parseMilliseconds, parsePid, parseRunLength } from '../arguments.ts';
import { type CliContext, type Output, openOutput } from '../cli-context.ts';
import { consentOf } from '../consent.ts';
import { runOnCommand } from '../observed-command.ts';
import { renderTraceReport } from '../render/trace-text.ts';
import { askedExport, type TraceExportFlags, writeTraceExport } from '../trace-export.ts';
import { DEFAULT_FRAMES, parseFrames, tracingEnvironment } from '../tracing-command.ts';

interface TraceFlags extends TraceExportFlags {
  readonly for?: number;
  readonly warmUp: number;
  readonly start?: boolean;
  readonly stop?: boolean;
  readonly yes?: boolean;
  readonly frames: number;
  readonly by: TraceKey;
  readonly cumulative?: boolean;
  readonly top: number;
  readonly filter: readonly FilePlace[];
  readonly exclude: readonly FilePlace[];
  readonly allFrames?: boolean;
  readonly domain?: number;
  readonly defaultFilters: boolean;
  readonly holders?: boolean;
  readonly native?: boolean;
  readonly maxPause?: number;
  readonly precopy: boolean;
  readonly keepRunning?: boolean;
}

interface TraceRun extends TraceFlags {
  readonly onProfile?: TraceOptions['onProfile'];
}

type FilePlace = Pick<AllocationFilter, 'pattern' | 'line'>;

/** Of a started command. */
const DEFAULT_RUN_SECONDS = 30;
const DEFAULT_WARM_UP_SECONDS = 5;
/** What Python's documentation of tracemalloc leaves out of its examples. */
const DEFAULT_EXCLUDES = ['<frozen importlib._bootstrap>', '<frozen importlib._bootstrap_external>', '<unknown>'];

const HELP = `
The process must trace its allocations: started with PYTHONTRACEMALLOC=10, or by leakscope with -- COMMAND. Its tables are
read from outside, in a short pause; no snapshot code runs in it. Without --for, a PID is looked at once.
Patterns are of whole file names, as in tracemalloc.Filter: '*/shop/*', '*/users.py:12' for one line.

Exit codes: 0 done, 3 could not tell (E_NOT_TRACING: the process does not trace).

Examples:
  leakscope trace 4242                          which lines allocated what there is
  leakscope trace 4242 --for 2m                 which lines grow
  leakscope trace --for 1m -- python app.py
  leakscope trace 4242 --for 1m --holders       and who holds what they allocated
  leakscope trace 4242 --for 1m --native        what grew outside Python's allocators
  leakscope trace 4242 --start --for 1m --stop  CPython 3.14: traces for a minute, with a line run in it
  leakscope trace 4242 --by traceback --filter '*/shop/*' --all-frames
  leakscope trace 4242 --for 1m --export pprof -o growth.pb.gz && go tool pprof -http=: growth.pb.gz
  leakscope trace 4242 --for 30s --json | jq '.rows[] | {file, line, bytes_per_minute}'`;

export function addTraceCommand(program: Command, context: CliContext): void {
  program
    .command('trace')
    .summary('which lines allocated what grows, by tracemalloc, read from outside')
    .description('Tells which source lines allocated the memory of a Python process that runs under tracemalloc.')
    .usage('[options] PID\n       leakscope trace [options] -- COMMAND…')
    .argument('[pid]', 'process to read', parsePid)
    .addOption(
      new Option('--for <duration>', 'compare two looks this far apart (default for a COMMAND: 30s)').argParser(
        parseRunLength,
      ),
    )
    .addOption(
      new Option('--warm-up <duration>', 'least time before the first look at a started COMMAND')
        .argParser(parseWarmUp)
        .default(DEFAULT_WARM_UP_SECONDS, '5s'),
    )
    .option('--start', 'switch tracing on in the process first (CPython 3.14 and later; runs a line of code in it)')
    .option('--stop', 'switch tracing off after the last look (the same)')
    .option('--yes', 'run what --start and --stop need without asking')
    .option('--frames <n>', 'frames of each stack kept by --start or in a started COMMAND', parseFrames, DEFAULT_FRAMES)
    .addOption(
      new Option('--by <what>', 'sum up by').choices(['line', 'file', 'function', 'traceback']).default('line'),
    )
    .option('--cumulative', 'count a block at every frame of its traceback (by line or file)')
    .option('--top <n>', 'rows to list', parseCountOf(1), 15)
    .option('--filter <pattern>', 'only what files of this pattern allocated; may be repeated', collectPlace, [])
    .option('--exclude <pattern>', 'without what files of this pattern allocated; may be repeated', collectPlace, [])
    .option('--all-frames', 'patterns look at every kept frame, not only at the line that allocated')
    .option('--domain <n>', 'only blocks of this allocator domain', parseCountOf(0))
    .option('--no-default-filters', 'with what the import system and unknown places allocated')
    .option('--holders', 'say who holds what each listed line allocated')
    .option('--native', 'say what grew and is not traced, and whose it is')
    .addOption(
      new Option('--export <format>', 'write every stack as a profile, to the file of -o').choices(
        TRACE_EXPORT_FORMATS,
      ),
    )
    .option('-o, --output <file>', 'file of --export; replaces an older one when it is complete')
    .option('--max-pause <ms>', 'give up rather than pause the process longer than this', parseMilliseconds)
    .option('--no-precopy', 'copy nothing before a pause (for a process that CRIU tracks)')
    .option('--keep-running', 'leave the started COMMAND running afterwards')
    .addHelpText('after', HELP)
    .action(async (pid: number | undefined, flags: TraceFlags, command: Command) => {
      if (flags.cumulative === true && flags.by !== 'line' && flags.by !== 'file') {
        throw new LeakscopeError('E_USAGE', '--cumulative needs --by line or --by file');
      }
      if (flags.cumulative === true && flags.holders === true) {
        throw new LeakscopeError(
          'E_USAGE',
          '--holders goes with no --cumulative: a block counts at several lines there',
        );
      }
      const output = openOutput(context, command);
      const asked = await askedExport(flags);
      if (asked === undefined) {
        output.answer(await trace(pid, flags, output, context), renderTraceReport);
        return;
      }
      let profile: TakenProfile | undefined;
      const onProfile: TraceOptions['onProfile'] = (found) => {
        profile = found;
      };
      const report = await trace(pid, { ...flags, onProfile }, output, context);
      output.progress.stage(`writing ${asked.file}`);
      const written = await writeTraceExport(profile!, asked, { target: report.target, signal: context.signal });
      output.answer({ ...report, export: written }, renderTraceReport);
    });
}

async function trace(
  pid: number | undefined,
  flags: TraceRun,
  output: Output,
  context: CliContext,
): Promise<TraceReport> {
  const words = context.childCommand;
  const options = traceOptions(flags, context);
  if (words === undefined && pid !== undefined)
    return runTrace({ pid, ...options, ...switched(flags, output, context) }, output.progress);
  if (words === undefined || words.length === 0) {
    throw new LeakscopeError('E_USAGE', 'trace needs a PID, or a command after --', {
      hint: 'leakscope trace -- python app.py starts a program with tracemalloc on',
    });
  }
  if (pid !== undefined) throw new LeakscopeError('E_USAGE', 'trace takes a PID or a command after --, not both');
  if (flags.start === true || flags.stop === true) {
    throw new LeakscopeError(
      'E_USAGE',
      '--start and --stop are for a PID: a started command traces from its first line',
    );
  }
  const started = { ...options, seconds: flags.for ?? DEFAULT_RUN_SECONDS, warmUpSeconds: flags.warmUp };
  return runOnCommand(
    words,
    {
      run: (found) => runTrace({ pid: found, ...started }, output.progress).catch(explainUntraced),
      endedEarly(python, seconds, ending) {
        const age = formatDuration(python.uptimeSeconds + seconds);
        throw new LeakscopeError('E_TARGET_EXITED', `the program ended (${ending ?? 'gone'}) after ${age}`, {
          hint: 'choose a shorter --warm-up and --for, or let the program run longer',
        });
      },
      env: tracingEnvironment(flags.frames),
      keepRunning: flags.keepRunning,
    },
    output,
    context,
  );
}

/** Switched on there is nothing to see at first: two looks then, as for a command. */
function switched(flags: TraceFlags, output: Output, context: CliContext): Partial<TraceOptions> {
  if (flags.start !== true && flags.stop !== true) return {};
  return {
    ...(flags.start === true ? { seconds: flags.for ?? DEFAULT_RUN_SECONDS } : {}),
    tracing: {
      startFrames: flags.start === true ? flags.frames : undefined,
      stop: flags.stop === true,
      ask: consentOf(flags, context, output),
    },
  };
}

/** It was told to trace, by a variable of its environment. */
function explainUntraced(error: unknown): never {
  if (!(error instanceof LeakscopeError) || error.code !== 'E_NOT_TRACING') throw error;
  throw new LeakscopeError('E_NOT_TRACING', 'the command does not trace, although PYTHONTRACEMALLOC is set for it', {
    hint: 'python -I and -E do not read the environment: add -X tracemalloc=10 to its options',
    cause: error,
  });
}

function traceOptions(flags: TraceRun, context: CliContext): Omit<TraceOptions, 'pid'> {
  return {
    // What is not traced is told from what grew.
    seconds: flags.for ?? (flags.native === true ? DEFAULT_RUN_SECONDS : undefined),
    holders: flags.holders,
    native: flags.native,
    by: flags.by,
    cumulative: flags.cumulative === true,
    filters: appliedFilters(flags),
    top: flags.top,
    onProfile: flags.onProfile,
    maxPauseMs: flags.maxPause,
    precopy: flags.precopy,
    signal: context.signal,
  };
}

/** What was asked for, and, unless that is everything, what is left out by default. */
function appliedFilters(flags: TraceFlags): AppliedFilter[] {
  const allFrames = flags.allFrames === true;
  const asked = (places: readonly FilePlace[], inclusive: boolean): AppliedFilter[] =>
    places.map((place) => ({ ...place, inclusive, allFrames, isDefault: false }));
  return [
    ...asked(flags.filter, true),
    ...asked(flags.exclude, false),
    ...(flags.domain === undefined ? [] : [{ inclusive: true, domain: flags.domain, isDefault: false }]),
    ...(flags.defaultFilters
      ? DEFAULT_EXCLUDES.map((pattern): AppliedFilter => ({ inclusive: false, pattern, isDefault: true }))
      : []),
  ];
}

/** `PATTERN`, or `PATTERN:LINE`. */
function collectPlace(text: string, before: readonly FilePlace[]): FilePlace[] {
  const match = /^(.+):(\d{1,9})$/.exec(text);
  return [...before, match === null ? { pattern: text } : { pattern: match[1], line: Number(match[2]) }];
}

/** May be none, other than the time to observe. */
function parseWarmUp(text: string): number {
  return parseDuration(text) === 0 ? 0 : parseRunLength(text);
}
