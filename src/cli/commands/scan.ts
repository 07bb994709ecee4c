// leakscope scan: what in the source of a project will leak.

import type { Command } from 'commander';
import { ExitCode } from '../../base/errors.ts';
import { runScan } from '../../session/scan-session.ts';
import { scanSettings } from '../../session/scan-settings.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { renderScan } from '../render/scan-text.ts';
import { addSelectionFlags, cacheFolderOf, type SelectionFlags, scanFlags } from '../scan-flags.ts';

interface ScanCommandFlags extends SelectionFlags {
  readonly inventory?: boolean;
  readonly baseline?: string;
  readonly writeBaseline?: boolean | string;
  readonly reportUnusedIgnores?: boolean;
}

const HELP = `
Examples:
  leakscope scan
  leakscope scan src tests/load.py --select C,open-resource`;

export function addScanCommand(program: Command, context: CliContext): void {
  const command = program
    .command('scan')
    .summary('which lines of a project will leak, without running it')
    .description('Reads Python source and finds code that keeps memory or resources for longer than they are needed.')
    .argument('[paths...]', 'files and folders', ['.']);
  addSelectionFlags(command)
    .option('--inventory', 'list containers that can grow, too')
    .option('--report-unused-ignores', 'list comments that silence nothing')
    .addHelpText('after', HELP)
    .action(async (paths: readonly string[], flags: ScanCommandFlags, self: Command) => {
      const output = openOutput(context, self);
      const report = await runScan(
        {
          settings: scanSettings({ ...scanFlags(paths, flags), baseline: flags.baseline }),
          inventory: flags.inventory === true,
          reportUnusedIgnores: flags.reportUnusedIgnores === true,
          newBaseline: undefined,
          cacheFolder: cacheFolderOf(flags, context),
          signal: context.signal,
        },
        output.progress,
      );
      output.answer(report, renderScan);
      context.outcome.exitCode = report.findings.length > 0 ? ExitCode.leak : ExitCode.healthy;
    });
}
