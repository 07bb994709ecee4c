// leakscope scan: what in the source of a project will leak.

import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { ExitCode, LeakscopeError } from '../../base/errors.ts';
import type { Observation } from '../../diagnose/observation.ts';
import { RULES } from '../../scan/rules/catalogue.ts';
import { observe } from '../../session/find-session.ts';
import { runScan, type ScanOptions } from '../../session/scan-session.ts';
import { scanSettings } from '../../session/scan-settings.ts';
import { watchSource } from '../../session/source-watch.ts';
import { parsePid, parseRunLength } from '../arguments.ts';
import { type CliContext, type Output, openOutput } from '../cli-context.ts';
import { renderRulePage } from '../render/rule-page.ts';
import { renderRules } from '../render/rules-text.ts';
import { addSelectionFlags, cacheFolderOf, type SelectionFlags, scanFlags } from '../scan-flags.ts';
import { formatScan, SCAN_FORMATS, type ScanFormat, writeReport } from '../scan-formats.ts';

interface ScanCommandFlags extends SelectionFlags {
  readonly format?: ScanFormat;
  readonly output?: string;
  readonly inventory?: boolean;
  readonly statistics?: boolean;
  readonly baseline?: string;
  readonly writeBaseline?: boolean;
  readonly reportUnusedIgnores?: boolean;
  readonly watch?: boolean;
  readonly explain?: string;
  readonly listRules?: boolean;
  readonly live?: number;
  readonly for: number;
}

/** Where --write-baseline writes when neither --baseline nor the configuration says. */
const BASELINE = 'leakscope-baseline.json';

const HELP = `
A comment "# leakscope: ignore[rule] reason" on the line silences a finding. [tool.leakscope] in pyproject.toml sets select,
ignore, confidence, exclude, baseline and per-file-ignores; flags go before it.

Examples:
  leakscope scan                                   the project in this folder
  leakscope scan src --select C,open-resource      caches and open resources only
  leakscope scan --write-baseline                  from now on, only what is new
  leakscope scan --format sarif --output leaks.sarif
  leakscope scan --live 4242                       which of it grows in a process that runs it
  leakscope scan --explain cache-on-method

Exit codes: 0 nothing found, 1 something found, 2 wrong usage or configuration, 3 nothing could be read.`;

export function addScanCommand(program: Command, context: CliContext): void {
  const command = program
    .command('scan')
    .summary('which lines of a project will leak, without running it')
    .description('Reads Python source and finds code that keeps memory or resources for longer than they are needed.')
    .argument('[paths...]', 'files and folders', ['.']);
  addSelectionFlags(command)
    .addOption(new Option('--format <format>', 'how to answer (default: text)').choices(SCAN_FORMATS))
    .option('-o, --output <file>', 'write the answer to a file')
    .option('--inventory', 'list containers that can grow, too')
    .option('--statistics', 'count findings by rule instead of listing them')
    .option('--baseline <file>', 'show only what this file does not know')
    .option('--write-baseline', `write what is found to the baseline (default: ${BASELINE})`)
    .option('--report-unused-ignores', 'list comments that silence nothing')
    .option('--watch', 'scan again at every change, until Ctrl-C')
    .option('--live <pid>', 'join with a process that runs the source: what grows in it, what does not', parsePid)
    .addOption(
      new Option('--for <duration>', 'with --live, how long to watch: 30s, 5m')
        .argParser(parseRunLength)
        .default(30, '30s'),
    )
    .option('--explain <rule>', 'print what a rule is about')
    .option('--list-rules', 'print all rules')
    .addHelpText('after', HELP)
    .action(async (paths: readonly string[], flags: ScanCommandFlags, self: Command) => {
      const output = openOutput(context, self);
      if (flags.explain !== undefined) context.stdout.write(explain(flags.explain));
      else if (flags.listRules === true) context.stdout.write(renderRules(RULES, output.style));
      else if (flags.watch === true) await scanAtEveryChange(paths, flags, output, context);
      else await scanOnce(paths, flags, output, context);
    });
}

async function scanOnce(
  paths: readonly string[],
  flags: ScanCommandFlags,
  output: Output,
  context: CliContext,
  onFolders: NonNullable<ScanOptions['onFolders']> = () => {},
): Promise<void> {
  const settings = scanSettings({ ...scanFlags(paths, flags), baseline: flags.baseline });
  const newBaseline = flags.writeBaseline === true ? (settings.baseline ?? resolve(BASELINE)) : undefined;
  const report = await runScan(
    {
      settings,
      newBaseline,
      inventory: flags.inventory === true,
      reportUnusedIgnores: flags.reportUnusedIgnores === true,
      cacheFolder: cacheFolderOf(flags, context),
      observe: flags.live === undefined ? undefined : () => watchProcess(flags.live!, flags.for, output, context),
      onFolders,
      signal: context.signal,
    },
    output.progress,
  );
  output.progress.done();
  const format = flags.format ?? (output.json ? 'json' : 'text');
  const text = formatScan(report, format, { style: output.style, statistics: flags.statistics === true });
  if (flags.output === undefined) context.stdout.write(text);
  else {
    await writeReport(flags.output, text);
    output.note(`wrote ${flags.output}`);
  }
  if (newBaseline !== undefined) output.note(`wrote ${newBaseline}`);
  context.outcome.exitCode = report.findings.length > 0 ? ExitCode.leak : ExitCode.healthy;
}

function watchProcess(pid: number, seconds: number, output: Output, { signal }: CliContext): Promise<Observation> {
  return observe({ pid, seconds, showValues: false, signal }, output.progress);
}

/** Ctrl-C is how it is meant to end: the exit code is that of the last scan. */
async function scanAtEveryChange(
  paths: readonly string[],
  flags: ScanCommandFlags,
  output: Output,
  context: CliContext,
): Promise<void> {
  const watch = watchSource(context.signal);
  try {
    for (;;) {
      await scanOnce(paths, flags, output, context, watch.follow);
      output.note('waiting for changes; Ctrl-C ends');
      await watch.nextChange();
    }
  } catch (error) {
    if (!context.signal.aborted) throw error;
  } finally {
    watch.close();
  }
}

function explain(name: string): string {
  const rule = RULES.find((each) => each.name === name || each.code === name.toUpperCase());
  if (rule === undefined) {
    throw new LeakscopeError('E_USAGE', `no rule is called ${name}`, {
      hint: 'leakscope scan --list-rules lists them',
    });
  }
  return renderRulePage(rule);
}
