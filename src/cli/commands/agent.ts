// leakscope agent: where the Python module is that runs inside a program, and what the agent of a process answers.

import type { Command } from 'commander';
import { LeakscopeError } from '../../base/errors.ts';
import { AGENT_SCHEMA, type AgentReport } from '../../protocol/agent.ts';
import { agentModulePath, agentStartFolder, copyAgentModule } from '../../session/agent-module.ts';
import { askAgent } from '../../target/agent-socket.ts';
import { parseCountOf, parsePid } from '../arguments.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { renderAgent } from '../render/agent-text.ts';

interface AgentFlags {
  readonly path?: boolean;
  readonly copy?: string;
  readonly frames?: number;
  readonly generation?: number;
  readonly group?: string;
  readonly top?: number;
}

/** What can be asked here; `snapshot` is a command of its own. */
const COMMANDS = [
  'status',
  'ping',
  'gc.status',
  'gc.collect',
  'gc.freeze',
  'gc.unfreeze',
  'gc.enable',
  'gc.disable',
  'tracemalloc.status',
  'tracemalloc.start',
  'tracemalloc.stop',
  'tracemalloc.statistics',
];
/** Statistics of a big program take a while, and so can a collection. */
const PATIENCE_MS = 900_000;

const HELP = `
What can be asked: ${COMMANDS.slice(0, 8).join(', ')},
${COMMANDS.slice(8).join(', ')}.

Examples:
  leakscope agent                        where the module is, and how to start it
  python -m leakscope_agent app.py       with the folder of "leakscope agent --path" in PYTHONPATH
  leakscope agent 4242                   the state of the agent in process 4242
  leakscope agent 4242 tracemalloc.start --frames 10
  leakscope agent 4242 gc.collect`;

export function addAgentCommand(program: Command, context: CliContext): void {
  program
    .command('agent')
    .summary('the module that runs inside a program, and what it answers')
    .description(
      'Tells where the agent is, a Python module for where a process may not be read from outside, or asks it.',
    )
    .argument('[pid]', 'process whose agent is asked', parsePid)
    .argument('[command]', 'what it is asked', 'status')
    .option('--path', 'print the path of the module and nothing else')
    .option('--copy <folder>', 'copy the module into a folder, for an image or a project')
    .option('--frames <n>', 'of tracemalloc.start: frames kept of each traceback', parseCountOf(1))
    .option('--generation <n>', 'of gc.collect: the oldest generation to collect', parseCountOf(0))
    .option('--group <by>', 'of tracemalloc.statistics: lineno, filename or traceback')
    .option('--top <n>', 'of tracemalloc.statistics: rows', parseCountOf(1))
    .addHelpText('after', HELP)
    .action(async (pid: number | undefined, asked: string, flags: AgentFlags, command: Command) => {
      const output = openOutput(context, command);
      const module = { path: agentModulePath(), start_folder: agentStartFolder() };
      const report: AgentReport = { schema: AGENT_SCHEMA, module };
      if (pid !== undefined) {
        if (!COMMANDS.includes(asked)) {
          throw new LeakscopeError('E_USAGE', `an agent cannot be asked for ${asked}`, {
            hint: `it answers ${COMMANDS.join(', ')}; for a snapshot: leakscope snapshot ${pid} --agent -o NAME.heap`,
          });
        }
        const result = await askAgent(pid, asked, {
          parameters: parametersOf(flags),
          timeoutMs: PATIENCE_MS,
          signal: context.signal,
        });
        output.answer({ ...report, answer: { pid, command: asked, result } }, renderAgent);
        return;
      }
      if (flags.copy !== undefined) {
        output.answer({ ...report, copied_to: copyAgentModule(flags.copy) }, renderAgent);
        return;
      }
      output.answer(report, flags.path === true ? (answer) => `${answer.module.path}\n` : renderAgent);
    });
}

function parametersOf({ frames, generation, group, top }: AgentFlags): Record<string, string | number> {
  return {
    ...(frames === undefined ? {} : { frames }),
    ...(generation === undefined ? {} : { generation }),
    ...(group === undefined ? {} : { group }),
    ...(top === undefined ? {} : { top }),
  };
}
