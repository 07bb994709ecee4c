// leakscope why: what keeps the objects of a type, or one object, alive.

import type { Command } from 'commander';
import { explainRetention } from '../../diagnose/heap-why.ts';
import { computeRetention } from '../../diagnose/retention.ts';
import { parseCountOf } from '../arguments.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { loadHeap, type SourceFlags, SYSROOT_OPTION } from '../heap-source.ts';
import { renderWhy } from '../render/paths-text.ts';

const HELP = `
A type goes by its qualified name (shop.users.User), the end of it (users.User) or its bare name (User).
Addresses hold for one snapshot: take them from a report on the same file.

Examples:
  leakscope why a.heap shop.users.User
  leakscope why 4242 Session
  leakscope why core.4242.zst Session
  leakscope why a.heap 0x7f31c0a41200 --json`;

export function addWhyCommand(program: Command, context: CliContext): void {
  program
    .command('why')
    .summary('what keeps these objects alive')
    .description(
      'Shows what keeps the objects of a type, or one object, alive: retaining paths, dominators, referrers.',
    )
    .argument('<target>', 'a .heap file, a core file, or the PID of a process')
    .argument('<subject>', 'a type’s name, or an address: 0x…')
    .option('--top <n>', 'ways of being held, and referrers, to show', parseCountOf(1), 10)
    .option(...SYSROOT_OPTION)
    .addHelpText('after', HELP)
    .action(
      async (target: string, subject: string, flags: SourceFlags & { readonly top: number }, command: Command) => {
        const output = openOutput(context, command);
        const { graph, facts, problems } = await loadHeap(target, flags, context, output);
        output.progress.stage('computing retaining paths');
        const options = { snapshot: facts, top: flags.top, problems };
        output.answer(explainRetention(computeRetention(graph), subject, options), renderWhy);
      },
    );
}
