// leakscope capture: the memory of a live process, values included, in a core file.

import type { Command } from 'commander';
import { LeakscopeError } from '../../base/errors.ts';
import { CAPTURE_SCHEMA, type CaptureReport } from '../../protocol/capture.ts';
import { captureCore } from '../../session/capture-session.ts';
import { estimatePause } from '../../session/pause-estimate.ts';
import { parseMilliseconds, parsePid } from '../arguments.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { renderCapture } from '../render/capture-text.ts';
import { renderPauseEstimate } from '../render/pause-estimate-text.ts';

interface CaptureFlags {
  readonly output?: string;
  readonly precopy: boolean;
  readonly dryRun?: boolean;
  readonly maxPause?: number;
}

const HELP = `
The file is an ELF core: report, why, diff and snapshot --core read it, on another machine too, and gdb opens it. It holds
every value of the process, passwords too; a .heap file (leakscope snapshot) holds none.

Examples:
  leakscope capture 4242 -o app.core
  leakscope capture 4242 -o app.core --max-pause 500 && leakscope report app.core`;

export function addCaptureCommand(program: Command, context: CliContext): void {
  program
    .command('capture')
    .summary('keep the whole memory of a process, with values, as a core file')
    .description('Writes the memory of a Python process to a core file, values included, pausing it like a snapshot.')
    .argument('<pid>', 'process to read', parsePid)
    .option('-o, --output <file>', 'file to write, usually NAME.core; needed unless --dry-run')
    .option('--max-pause <ms>', 'give up rather than pause the process longer than this', parseMilliseconds)
    .option('--no-precopy', 'copy nothing before the pause (for a process that CRIU tracks)')
    .option('--dry-run', 'only tell which pause to expect; stops and writes nothing')
    .addHelpText('after', HELP)
    .action(async (pid: number, flags: CaptureFlags, command: Command) => {
      const output = openOutput(context, command);
      const { signal } = context;
      const { output: file, precopy } = flags;
      if (flags.dryRun === true) {
        const estimate = await estimatePause({ pid, precopy, copiesRawData: true, signal }, output.progress);
        output.answer(estimate, renderPauseEstimate);
        return;
      }
      if (file === undefined) throw new LeakscopeError('E_USAGE', 'capture needs -o FILE, or --dry-run');
      const options = { pid, file, maxPauseMs: flags.maxPause, precopy, signal };
      const core = await captureCore(options, output.progress);
      const report: CaptureReport = {
        schema: CAPTURE_SCHEMA,
        snapshot: {
          file,
          pid: core.pid,
          python: core.python,
          app: core.app,
          taken_at: core.takenAt,
        },
        file_bytes: core.fileBytes,
        written_bytes: core.writtenBytes,
        pause_ms: core.pauseMs,
        threads: core.threads,
        capture: { ...core.facts, phases: [...core.facts.phases] },
        problems: core.problems.map((problem) => ({ ...problem, examples: [...problem.examples] })),
      };
      output.answer(report, renderCapture);
    });
}
