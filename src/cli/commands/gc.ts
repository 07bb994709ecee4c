// leakscope gc: the cyclic collector of a process, from outside, and a collection run in it where that is agreed on.

import { type Command, Option } from 'commander';
import { LeakscopeError } from '../../base/errors.ts';
import { gcOfCore, gcOfHeapFile, runGc } from '../../session/gc-session.ts';
import { coreCompression } from '../../target/core-stream.ts';
import { isPid, parseCountOf, parseMilliseconds, parseRunLength } from '../arguments.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { consentOf } from '../consent.ts';
import { type SourceFlags, SYSROOT_OPTION } from '../heap-source.ts';
import { renderGc } from '../render/gc-text.ts';

interface GcFlags extends SourceFlags {
  readonly for?: number;
  readonly collect?: boolean;
  readonly yes?: boolean;
  readonly top: number;
  readonly maxPause?: number;
  readonly precopy: boolean;
}

const HELP = `
Everything is read from outside, in one short pause; only --collect runs something in the process: gc.collect().

Examples:
  leakscope gc 4242
  leakscope gc 4242 --for 1m             how often it collects, and what waits for it meanwhile
  leakscope gc 4242 --collect            what a collection frees, by type (asks before it runs one)
  leakscope gc app.core                  of a process that is gone; of a .heap file, what it holds
  leakscope gc 4242 --json | jq '.generations[] | {generation, objects}'`;

export function addGcCommand(program: Command, context: CliContext): void {
  program
    .command('gc')
    .summary('the cyclic collector: what it holds, what waits for it, why it does not start')
    .description('Reads the cyclic garbage collector of a Python process from outside: settings, generations, garbage.')
    .argument('<target>', 'the PID of a process, a core file, or a .heap file')
    .addOption(new Option('--for <duration>', 'look again after this time: 90s, 5m, 1h').argParser(parseRunLength))
    .option('--collect', 'run gc.collect() in the process, and say what it freed (before 3.14 by the agent)')
    .option('--yes', 'run what --collect needs without asking')
    .option('--top <n>', 'rows of each table', parseCountOf(1), 8)
    .option('--max-pause <ms>', 'give up rather than pause the process longer than this', parseMilliseconds)
    .option('--no-precopy', 'copy nothing before a pause (for a process that CRIU tracks)')
    .option(...SYSROOT_OPTION)
    .addHelpText('after', HELP)
    .action(async (target: string, flags: GcFlags, command: Command) => {
      const output = openOutput(context, command);
      const { signal } = context;
      if (isPid(target)) {
        const report = await runGc(
          {
            pid: Number(target),
            seconds: flags.for,
            ...(flags.collect === true ? { collect: consentOf(flags, context, output) } : {}),
            top: flags.top,
            maxPauseMs: flags.maxPause,
            precopy: flags.precopy,
            signal,
          },
          output.progress,
        );
        output.answer(report, renderGc);
        return;
      }
      if (flags.for !== undefined || flags.collect === true) {
        const flag = flags.for === undefined ? '--collect' : '--for';
        throw new LeakscopeError('E_USAGE', `a file is of one moment: ${flag} needs a running process`);
      }
      const report =
        coreCompression(target) === undefined
          ? await gcOfHeapFile(target, { top: flags.top }, output.progress)
          : await gcOfCore(target, { sysroot: flags.sysroot, top: flags.top, signal }, output.progress);
      output.answer(report, renderGc);
    });
}
