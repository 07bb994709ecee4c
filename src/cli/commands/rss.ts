// leakscope rss: where every megabyte of a process's resident memory is, and what that means.

import { type Command, Option } from 'commander';
import { runRss } from '../../session/rss-session.ts';
import { parseCountOf, parseMilliseconds, parsePid, parseRunLength } from '../arguments.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { renderRssReport } from '../render/rss-text.ts';

interface RssFlags {
  readonly for?: number;
  readonly map?: boolean;
  readonly maxPause?: number;
  readonly top: number;
}

const HELP = `
The parts add up to the RSS that the kernel counts. What nothing known explains is called unknown, and never hidden.
--for looks three times and says which part grows.

Examples:
  leakscope rss 4242
  leakscope rss 4242 --for 2m            which part grows
  leakscope rss 4242 --map               arenas and pools, drawn
  leakscope rss 4242 --json | jq '.parts[] | {name, bytes}'`;

export function addRssCommand(program: Command, context: CliContext): void {
  program
    .command('rss')
    .summary('where every megabyte of resident memory is')
    .description('Splits the resident memory of a Python process into parts, and says what that means.')
    .argument('<pid>', 'process to read', parsePid)
    .addOption(new Option('--for <duration>', 'look again over this time: 90s, 5m, 1h').argParser(parseRunLength))
    .option('--map', 'draw the arenas of small blocks, pool by pool')
    .option('--max-pause <ms>', 'give up rather than pause the process longer than this', parseMilliseconds)
    .option('--top <n>', 'rows of each table', parseCountOf(1), 8)
    .addHelpText('after', HELP)
    .action(async (pid: number, flags: RssFlags, command: Command) => {
      const output = openOutput(context, command);
      const report = await runRss(
        { pid, seconds: flags.for, maxPauseMs: flags.maxPause, top: flags.top, signal: context.signal },
        output.progress,
      );
      output.answer(report, (data, style) => renderRssReport(data, style, { map: flags.map === true }));
    });
}
