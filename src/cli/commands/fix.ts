// leakscope fix: edits that remove what scan finds, shown as diffs or written.

import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { type Command, Option } from 'commander';
import { ExitCode, LeakscopeError } from '../../base/errors.ts';
import type { SourceLine } from '../../session/fix-plan.ts';
import { type FixOptions, runFix } from '../../session/fix-session.ts';
import { projectFolders } from '../../session/project-folder.ts';
import { importRoot } from '../../session/python-modules.ts';
import { scanSettings } from '../../session/scan-settings.ts';
import { parseRunLength } from '../arguments.ts';
import { type CliContext, type Output, openOutput } from '../cli-context.ts';
import { proveFix } from '../fix-proof.ts';
import { renderFixProof } from '../render/fix-proof-text.ts';
import { renderFix } from '../render/fix-text.ts';
import { addSelectionFlags, cacheFolderOf, type SelectionFlags, scanFlags } from '../scan-flags.ts';

interface FixFlags extends SelectionFlags {
  readonly at?: string;
  readonly unsafe?: boolean;
  readonly apply?: boolean;
  readonly baseline?: string;
  readonly prove?: boolean;
  readonly for: number;
}

const HELP = `
Every fix was tried before it is offered: the file still parses, the finding is gone and none is new. A safe fix changes
nothing but the leak; an unsafe one chooses something for you, such as the size of a cache.

Examples:
  leakscope fix                        show the safe fixes of the project in this folder
  leakscope fix src --apply            make them
  leakscope fix shop/users.py:31       show the fix of one finding, safe or not
  leakscope fix shop/users.py:31 --unsafe --apply
  leakscope fix | git apply
  leakscope fix shop/users.py:31 --prove -- python load_test.py

Exit codes: 0 nothing is left, 1 findings are left, 2 wrong usage or configuration, 3 nothing could be read.
With --prove: 0 proved, 1 it still grows, 3 the command did not show the leak.`;

export function addFixCommand(program: Command, context: CliContext): void {
  const command = program
    .command('fix')
    .summary('remove what scan finds, where that can be done for sure')
    .description('Shows the edits that remove what scan finds as a unified diff; with --apply, writes them.')
    .argument('[paths...]', 'files and folders, or FILE:LINE of one finding', ['.']);
  addSelectionFlags(command)
    .option('--at <file:line>', 'only the finding at this line, as scan names it')
    .option('--unsafe', 'make fixes that need a decision, too')
    .option('--apply', 'write the files')
    .option('--baseline <file>', 'leave alone what this file knows')
    .option('--prove', 'run the command after -- without the fixes and with them, and compare what grows')
    .addOption(
      new Option('--for <duration>', 'with --prove, how long to watch each run: 30s, 5m')
        .argParser(parseRunLength)
        .default(30, '30s'),
    )
    .addHelpText('after', HELP)
    .action(async (paths: readonly string[], flags: FixFlags, self: Command) => {
      const output = openOutput(context, self);
      const at = askedLine(paths, flags);
      const options: FixOptions = {
        settings: fixSettings(paths, at, flags),
        at,
        unsafe: flags.unsafe === true,
        apply: flags.apply === true,
        cacheFolder: cacheFolderOf(flags, context),
        signal: context.signal,
      };
      if (flags.prove === true) {
        await prove(options, flags, output, context);
        return;
      }
      const { report } = await runFix(options, output.progress);
      output.answer(report, renderFix);
      const isLeft = report.remaining.length > 0 || (flags.apply === true && report.needs_unsafe);
      context.outcome.exitCode = isLeft ? ExitCode.leak : ExitCode.healthy;
    });
}

/** With --apply, fixes are written once they are proved. */
async function prove(options: FixOptions, flags: FixFlags, output: Output, context: CliContext): Promise<void> {
  const command = context.childCommand ?? [];
  if (command.length === 0) {
    throw new LeakscopeError('E_USAGE', '--prove needs a command that shows the leak', {
      hint: 'leakscope fix shop/users.py:31 --prove -- python load_test.py',
    });
  }
  const { report, changed } = await runFix({ ...options, apply: false }, output.progress);
  const root = realpathSync('.');
  const outside = [...changed.keys()].find((path) => isOutside(relative(root, path)));
  if (changed.size === 0 || outside !== undefined) {
    throw outside === undefined
      ? new LeakscopeError('E_NO_MATCH', 'there is no fix to prove', {
          hint: 'unsafe fixes are tried with --unsafe, or one by one: leakscope fix FILE:LINE --prove -- COMMAND',
        })
      : new LeakscopeError('E_USAGE', `${outside} is not below this folder`, {
          hint: 'run it in the project’s folder, a copy of which is what the fix is tried in',
        });
  }
  const proof = await proveFix(
    {
      root,
      changed,
      importRoots: [...new Set([...changed.keys()].map((path) => importRoot(path, root)))],
      fixes: report.files.flatMap(({ path, fixes }) =>
        fixes.map(({ rule, line, title }) => ({ rule, path, line, title })),
      ),
      command,
    },
    { seconds: flags.for, showValues: false, signal: context.signal },
    output,
    context,
  );
  output.answer(proof, renderFixProof);
  context.outcome.exitCode = PROOF_EXIT_CODES[proof.verdict];
  if (proof.verdict !== 'proved' || !options.apply) return;
  await runFix({ ...options, unsafe: options.unsafe || options.at !== undefined }, output.progress);
  output.note(`wrote ${report.files.map(({ path }) => path).join(', ')}`);
}

const PROOF_EXIT_CODES = {
  proved: ExitCode.healthy,
  'not proved': ExitCode.leak,
  'not reproduced': ExitCode.couldNotTell,
} as const;

/** A line's finding hangs on the whole project, which is what it was found in. */
function fixSettings(paths: readonly string[], at: SourceLine | undefined, flags: FixFlags) {
  if (at === undefined) return scanSettings({ ...scanFlags(paths, flags), baseline: flags.baseline });
  return scanSettings({ ...scanFlags([projectOf(at)], flags), confidence: flags.confidence ?? 'low' });
}

/** The folder of the project that the file is of, named so that scan names the file as it was given. */
function projectOf({ path }: SourceLine): string {
  const file = resolve(path);
  const root = projectFolders()(dirname(file)) ?? importRoot(file, dirname(file));
  if (isAbsolute(path)) return root;
  const way = relative('.', root);
  // In a folder of the project, that folder is what is scanned.
  return way === '' || (isOutside(way) && !isOutside(path)) ? '.' : way;
}

function askedLine(paths: readonly string[], { at }: FixFlags): SourceLine | undefined {
  if (at !== undefined) {
    const line = parseLine(at);
    if (line === undefined) throw new LeakscopeError('E_USAGE', `${at} is not a place`, { hint: 'write FILE:LINE' });
    return line;
  }
  const lines = paths.map((path) => (existsSync(path) ? undefined : parseLine(path)));
  const [first] = lines;
  if (lines.every((line) => line === undefined)) return undefined;
  if (paths.length > 1) {
    throw new LeakscopeError('E_USAGE', 'fix takes one FILE:LINE, or files and folders', {
      hint: 'leakscope fix FILE fixes all that is found in the file',
    });
  }
  return first;
}

/** `shop/users.py:31`, and as scan prints it, `shop/users.py:31:5`. */
function parseLine(text: string): SourceLine | undefined {
  const [, file, line] = /^(.+?):(\d{1,9})(?::\d{1,9})?$/.exec(text) ?? [];
  if (file === undefined || statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
  // As the scan of this folder names it.
  const below = relative('.', file);
  return { path: isOutside(below) ? join(file) : below, line: Number(line) };
}

function isOutside(path: string): boolean {
  return path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);
}
