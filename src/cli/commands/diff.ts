// leakscope diff: what grew between two or three snapshots, and who holds it.

import type { Command } from 'commander';
import { LeakscopeError } from '../../base/errors.ts';
import { diffHeaps, isSameProcess } from '../../diagnose/heap-diff.ts';
import { computeRetention } from '../../diagnose/retention.ts';
import { parseCountOf } from '../arguments.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { loadStoredHeap, type SourceFlags, SYSROOT_OPTION } from '../heap-source.ts';
import { renderHeapDiff } from '../render/comparison-text.ts';

const HELP = `
With three files, only objects that came after the first and were in both others count against a holder: what was always
there, and what comes and goes, is left out.

Examples:
  leakscope diff before.heap after.heap
  leakscope diff yesterday.heap app.core
  leakscope diff start.heap an-hour-later.heap two-hours-later.heap`;

export function addDiffCommand(program: Command, context: CliContext): void {
  program
    .command('diff')
    .summary('what grew between snapshots, and who holds it')
    .description('Compares two or three snapshots of one process: what is new, what stayed, who holds it.')
    .usage('[options] OLDEST.heap [MIDDLE.heap] NEWEST.heap')
    .argument('<files...>', 'two or three .heap or core files, oldest first')
    .option('--top <n>', 'rows of each table', parseCountOf(1), 15)
    .option(...SYSROOT_OPTION)
    .addHelpText('after', HELP)
    .action(async (files: readonly string[], flags: SourceFlags & { readonly top: number }, command: Command) => {
      if (files.length < 2 || files.length > 3) {
        throw new LeakscopeError('E_USAGE', `diff compares two or three files, not ${files.length}`, {
          hint: 'leakscope diff before.heap after.heap',
        });
      }
      const output = openOutput(context, command);
      const heaps = [];
      for (const file of files) heaps.push(await loadStoredHeap(file, flags, context, output));
      heaps.sort((a, b) => Date.parse(a.facts.taken_at) - Date.parse(b.facts.taken_at));
      const first = heaps[0]!;
      const last = heaps[heaps.length - 1]!;
      output.progress.stage('comparing');
      const diff = diffHeaps(
        heaps.slice(0, -1).map((heap) => heap.graph),
        computeRetention(last.graph),
        {
          snapshots: heaps.map((heap) => heap.facts),
          sameProcess: heaps.every(
            (heap) => heap.facts.pid === first.facts.pid && isSameProcess(heap.graph, first.graph),
          ),
          seconds: (Date.parse(last.facts.taken_at) - Date.parse(first.facts.taken_at)) / 1000,
          top: flags.top,
          problems: heaps.flatMap((heap) => heap.problems),
        },
      );
      output.answer(diff, renderHeapDiff);
    });
}
