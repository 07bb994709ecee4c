// leakscope report: which types and which holders take the memory.

import type { Command } from 'commander';
import { reportHeap } from '../../diagnose/heap-report.ts';
import { computeRetention } from '../../diagnose/retention.ts';
import { parseCountOf } from '../arguments.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { loadHeap, type SourceFlags, SYSROOT_OPTION } from '../heap-source.ts';
import { renderHeapReport } from '../render/census-table.ts';

const HELP = `
RETAINS is the memory that would be freed if the holder (or all objects of the type) went.

Examples:
  leakscope report a.heap
  leakscope report 4242 --top 30
  leakscope report app.core --sysroot /srv/image
  leakscope report a.heap --json | jq '.holders[0].path'`;

export function addReportCommand(program: Command, context: CliContext): void {
  program
    .command('report')
    .summary('which types and which holders take the memory')
    .description('Shows where the memory of one snapshot is: the largest holders, and the types.')
    .argument('<target>', 'a .heap file, a core file, or the PID of a process')
    .option('--top <n>', 'rows of each table', parseCountOf(1), 15)
    .option(...SYSROOT_OPTION)
    .addHelpText('after', HELP)
    .action(async (target: string, flags: SourceFlags & { readonly top: number }, command: Command) => {
      const output = openOutput(context, command);
      const { graph, facts, problems } = await loadHeap(target, flags, context, output);
      output.progress.stage('computing retained sizes');
      const report = reportHeap(computeRetention(graph), { snapshot: facts, top: flags.top, problems });
      output.answer(report, renderHeapReport);
    });
}
