// leakscope rss: where every megabyte of a process's resident memory is, and what that means.

import { type Command, Option } from 'commander';
import { LeakscopeError } from '../../base/errors.ts';
import { estimatePause } from '../../session/pause-estimate.ts';
import { rssOfCore, runRss } from '../../session/rss-session.ts';
import { isPid, parseCountOf, parseMilliseconds, parseRunLength } from '../arguments.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { type SourceFlags, SYSROOT_OPTION } from '../heap-source.ts';
import { renderPauseEstimate } from '../render/pause-estimate-text.ts';
import { renderRssReport } from '../render/rss-text.ts';

interface RssFlags extends SourceFlags {
  readonly for?: number;
  readonly map?: boolean;
  readonly maxPause?: number;
  readonly precopy: boolean;
  readonly dryRun?: boolean;
  readonly top: number;
}

const HELP = `
The parts add up to the RSS that the kernel counts. What nothing known explains is called unknown, and never hidden.
--for looks three times and says which part grows.

Examples:
  leakscope rss 4242
  leakscope rss 4242 --for 2m            which part grows
  leakscope rss 4242 --map               arenas and pools, drawn
  leakscope rss app.core                 of a process that is gone
  leakscope rss 4242 --json | jq '.parts[] | {name, bytes}'`;

export function addRssCommand(program: Command, context: CliContext): void {
  program
    .command('rss')
    .summary('where every megabyte of resident memory is')
    .description('Splits the resident memory of a Python process into parts, and says what that means.')
    .argument('<target>', 'the PID of a process, or a core file')
    .addOption(new Option('--for <duration>', 'look again over this time: 90s, 5m, 1h').argParser(parseRunLength))
    .option('--map', 'draw the arenas of small blocks, pool by pool')
    .option('--max-pause <ms>', 'give up rather than pause the process longer than this', parseMilliseconds)
    .option('--no-precopy', 'copy nothing before the pause (for a process that CRIU tracks)')
    .option('--dry-run', 'only tell which pause to expect; stops nothing')
    .option(...SYSROOT_OPTION)
    .option('--top <n>', 'rows of each table', parseCountOf(1), 8)
    .addHelpText('after', HELP)
    .action(async (target: string, flags: RssFlags, command: Command) => {
      const output = openOutput(context, command);
      const { signal } = context;
      const { precopy } = flags;
      if (!isPid(target) && (flags.for !== undefined || flags.dryRun === true)) {
        const flag = flags.for === undefined ? '--dry-run' : '--for';
        throw new LeakscopeError('E_USAGE', `a core file is of one moment: ${flag} needs a running process`);
      }
      if (flags.dryRun === true) {
        output.answer(
          await estimatePause({ pid: Number(target), precopy, signal }, output.progress),
          renderPauseEstimate,
        );
        return;
      }
      const report = isPid(target)
        ? await runRss(
            { pid: Number(target), seconds: flags.for, maxPauseMs: flags.maxPause, precopy, top: flags.top, signal },
            output.progress,
          )
        : await rssOfCore(target, { sysroot: flags.sysroot, top: flags.top, signal }, output.progress);
      output.answer(report, (data, style) => renderRssReport(data, style, { map: flags.map === true }));
    });
}
