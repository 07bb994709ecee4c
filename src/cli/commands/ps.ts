// leakscope ps: which Python processes run here.

import type { Command } from 'commander';
import { listProcesses } from '../../session/process-list.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { renderProcesses } from '../render/process-table.ts';

const HELP = `
A process is recognised by the CPython runtime in its memory, not by its file name.

Examples:
  leakscope ps
  leakscope ps --json | jq '.processes[] | select(.rss_bytes > 1e9) | .pid'`;

export function addPsCommand(program: Command, context: CliContext): void {
  program
    .command('ps')
    .summary('which Python processes run here, how big, since when')
    .description('Lists the Python processes of this host, the largest first.')
    .addHelpText('after', HELP)
    .action((_flags: unknown, command: Command) => {
      openOutput(context, command).answer(listProcesses(), renderProcesses);
    });
}
