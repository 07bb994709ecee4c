// leakscope query: which objects meet a condition, and how much they keep.

import { type Command, Option } from 'commander';
import { computeRetention } from '../../diagnose/retention.ts';
import { HeapIndex } from '../../query/heap-index.ts';
import { answerQuery, QUERY_ORDERS, type QueryOrder } from '../../query/query-answer.ts';
import { parseQuery } from '../../query/query-syntax.ts';
import { parseCountOf } from '../arguments.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { loadHeap, type SourceFlags, SYSROOT_OPTION } from '../heap-source.ts';
import { renderQuery } from '../render/query-text.ts';

const HELP = `
Conditions stand side by side; or, not and parentheses join them. docs/query-language.md lists all fields.

Examples:
  leakscope query a.heap 'type:Session retained>1MB'
  leakscope query a.heap 'under:shop.users (type:dict or type:list) entries>=1000'
  leakscope query 4242 'is:garbage has:__del__'
  leakscope query a.heap 'module:shop not is:code' --order objects --json`;

interface QueryFlags extends SourceFlags {
  readonly order: QueryOrder;
  readonly top: number;
}

export function addQueryCommand(program: Command, context: CliContext): void {
  program
    .command('query')
    .summary('which objects meet a condition')
    .description('Lists the objects that meet a condition: by type, module, size, retained size, names, referrers.')
    .argument('<target>', 'a .heap file, a core file, or the PID of a process')
    .argument('[query...]', 'the condition; all objects without one')
    .addOption(new Option('--order <by>', 'most of what comes first').choices(QUERY_ORDERS).default('retained'))
    .option('--top <n>', 'objects and types to show', parseCountOf(1), 20)
    .option(...SYSROOT_OPTION)
    .addHelpText('after', HELP)
    .action(async (target: string, words: readonly string[], flags: QueryFlags, command: Command) => {
      const output = openOutput(context, command);
      const query = words.join(' ');
      // A mistake in it is told before anything is read.
      parseQuery(query);
      const { graph, facts, problems } = await loadHeap(target, flags, context, output);
      output.progress.stage('computing retained sizes');
      const heap = new HeapIndex(computeRetention(graph));
      output.progress.stage('asking each object');
      const options = { snapshot: facts, order: flags.order, top: flags.top, problems };
      output.answer(answerQuery(heap, query, options), renderQuery);
    });
}
