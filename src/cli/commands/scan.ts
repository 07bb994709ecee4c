// leakscope scan: what in the source of a project will leak.

import { type Command, Option } from 'commander';
import { ExitCode } from '../../base/errors.ts';
import { CONFIDENCES, type Confidence } from '../../scan/finding.ts';
import { runScan } from '../../session/scan-session.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { renderScan } from '../render/scan-text.ts';

interface ScanFlags {
  readonly select: readonly string[];
  readonly ignore: readonly string[];
  readonly confidence: Confidence;
  readonly inventory?: boolean;
}

const HELP = `
Examples:
  leakscope scan
  leakscope scan src tests/load.py --select C,open-resource`;

export function addScanCommand(program: Command, context: CliContext): void {
  program
    .command('scan')
    .summary('which lines of a project will leak, without running it')
    .description('Reads Python source and finds code that keeps memory or resources for longer than they are needed.')
    .argument('[paths...]', 'files and folders', ['.'])
    .option('--select <rules>', 'only these rules: names, codes, beginnings of codes, causes', parseList, [])
    .option('--ignore <rules>', 'not these rules', parseList, [])
    .addOption(
      new Option('--confidence <level>', 'the least confidence shown').choices([...CONFIDENCES]).default('medium'),
    )
    .option('--inventory', 'list containers that can grow, too')
    .addHelpText('after', HELP)
    .action(async (paths: readonly string[], flags: ScanFlags, command: Command) => {
      const output = openOutput(context, command);
      const report = await runScan({
        paths,
        select: flags.select,
        ignore: flags.ignore,
        confidence: flags.confidence,
        inventory: flags.inventory === true,
        signal: context.signal,
      });
      output.answer(report, renderScan);
      context.outcome.exitCode = report.findings.length > 0 ? ExitCode.leak : ExitCode.healthy;
    });
}

function parseList(text: string, before: readonly string[]): readonly string[] {
  return [...before, ...text.split(',').flatMap((word) => (word.trim() === '' ? [] : [word.trim()]))];
}
