// The command line as a function: words in, exit code out. Everything it touches comes from its context.

import { Command, CommanderError } from 'commander';
import { ExitCode, LeakscopeError } from '../base/errors.ts';
import { VERSION } from '../base/version.ts';
import { type CliContext, createOutcome, type OutputStream } from './cli-context.ts';
import { addAgentCommand } from './commands/agent.ts';
import { addCaptureCommand } from './commands/capture.ts';
import { addDiffCommand } from './commands/diff.ts';
import { addExportCommand } from './commands/export.ts';
import { addFindCommand } from './commands/find.ts';
import { addFixCommand } from './commands/fix.ts';
import { addGcCommand } from './commands/gc.ts';
import { addOpenCommand } from './commands/open.ts';
import { addPsCommand } from './commands/ps.ts';
import { addQueryCommand } from './commands/query.ts';
import { addReportCommand } from './commands/report.ts';
import { addRssCommand } from './commands/rss.ts';
import { addScanCommand } from './commands/scan.ts';
import { addSnapshotCommand } from './commands/snapshot.ts';
import { addTraceCommand } from './commands/trace.ts';
import { addWhyCommand } from './commands/why.ts';
import { reportFailure, toFailure } from './failure.ts';

/** Names of the commands that take a command line after `--`. */
const STARTS_COMMANDS: ReadonlySet<string> = new Set(['find', 'fix', 'trace']);

export interface CliEnvironment {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdinIsTty: boolean;
  readonly signal: AbortSignal;
}

const EXAMPLES = `
Examples:
  leakscope ps                           which Python processes run here
  leakscope find 4242                    does it leak, who holds the memory, which line grows it
  leakscope find --for 5m -- python app.py
  leakscope scan                         which lines of the project in this folder will leak
  leakscope rss 4242                     where every megabyte of its memory is
  leakscope trace -- python app.py       which lines allocate what grows
  leakscope gc 4242                      what waits for the garbage collector, and why
  leakscope snapshot 4242 -o a.heap      keep the object graph, without values
  leakscope why a.heap shop.users.User   what keeps these objects alive
  leakscope open 4242                    look at all of it in the browser
  leakscope query a.heap 'type:dict entries>1000'

Exit codes: 0 healthy or done, 1 leak, 2 wrong usage, 3 could not tell, 4 internal error.`;

/** Runs one command line (without the interpreter and script words) and returns its exit code; never throws. */
export async function runCli(words: readonly string[], environment: CliEnvironment): Promise<ExitCode> {
  // Split here, not by commander: what follows `--` is another program's command line and is not ours to read.
  const dashes = words.indexOf('--');
  const own = dashes < 0 ? words : words.slice(0, dashes);
  const context: CliContext = {
    ...environment,
    childCommand: dashes < 0 ? undefined : words.slice(dashes + 1),
    outcome: createOutcome(),
  };
  const flags = {
    json: own.includes('--json'),
    noColour: own.includes('--no-color'),
    verbose: own.includes('--verbose'),
  };
  try {
    const program = createProgram(context);
    // `leakscope` alone is a question, not a mistake.
    await program.parseAsync(own.length === 0 ? ['--help'] : [...own], { from: 'user' });
    context.outcome.progress.done();
    return context.outcome.exitCode;
  } catch (thrown) {
    context.outcome.progress.done();
    // Help and version end in an exception too.
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return ExitCode.healthy;
    return reportFailure(failureOf(thrown, context.signal), context, flags);
  }
}

/** However a run words its being cancelled: what is said is which signal did it. */
function failureOf(thrown: unknown, signal: AbortSignal): LeakscopeError {
  const failure = toFailure(thrown);
  return failure.code === 'E_CANCELLED' && signal.reason instanceof LeakscopeError ? signal.reason : failure;
}

export function createProgram(context: CliContext): Command {
  const program = new Command('leakscope')
    .description('Finds who holds the memory of a live Python process, and which source line makes it grow.')
    .version(VERSION, '-V, --version', 'print the version')
    .option('--json', 'print the answer as JSON')
    .option('--no-color', 'print without colour')
    .option('-q, --quiet', 'print no progress')
    .option('--verbose', 'print every finding, path and problem')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES);
  addPsCommand(program, context);
  addFindCommand(program, context);
  addSnapshotCommand(program, context);
  addCaptureCommand(program, context);
  addReportCommand(program, context);
  addDiffCommand(program, context);
  addWhyCommand(program, context);
  addQueryCommand(program, context);
  addRssCommand(program, context);
  addExportCommand(program, context);
  addOpenCommand(program, context);
  addScanCommand(program, context);
  addFixCommand(program, context);
  addTraceCommand(program, context);
  addGcCommand(program, context);
  addAgentCommand(program, context);
  for (const command of [program, ...program.commands]) configure(command, context);
  return program;
}

/** Makes commander throw instead of ending the process, and print to the context's streams. */
function configure(command: Command, context: CliContext): void {
  command.exitOverride().showSuggestionAfterError(true).configureHelp({ showGlobalOptions: true });
  command.configureOutput({
    writeOut: (text) => context.stdout.write(text),
    // Usage errors are told by reportFailure.
    writeErr: () => {},
  });
  if (command.parent !== null) {
    command.hook('preAction', () => {
      if (context.childCommand !== undefined && !STARTS_COMMANDS.has(command.name())) {
        throw new LeakscopeError('E_USAGE', `${command.name()} takes no command after --`, {
          hint: 'find and trace start a command: leakscope find -- python app.py',
        });
      }
    });
  }
}
