// leakscope snapshot: the object graph of a live process, without values, in a file.

import type { Command } from 'commander';
import { WORD_BYTES } from '../../graph/heap-graph.ts';
import { SNAPSHOT_SCHEMA, type SnapshotReport } from '../../protocol/snapshot.ts';
import { takeSnapshot } from '../../session/snapshot-session.ts';
import { writeHeapFile } from '../../snapshot/heap-file-io.ts';
import { parseMilliseconds, parsePid } from '../arguments.ts';
import { type CliContext, openOutput } from '../cli-context.ts';
import { factsOf } from '../heap-source.ts';
import { renderSnapshot } from '../render/snapshot-text.ts';

interface SnapshotFlags {
  readonly output: string;
  readonly maxPause?: number;
}

const HELP = `
The file holds structure only: types, references and names of modules, classes, functions, attributes and variables.
Contents of strings, keys of dicts and numbers are not read. It replaces an older file only when it is complete.

Examples:
  leakscope snapshot 4242 -o before.heap
  leakscope snapshot 4242 -o after.heap --max-pause 200`;

export function addSnapshotCommand(program: Command, context: CliContext): void {
  program
    .command('snapshot')
    .summary('keep the object graph of a process, without values')
    .description('Writes the object graph of a Python process to a file, for report, diff and why.')
    .argument('<pid>', 'process to read', parsePid)
    .requiredOption('-o, --output <file>', 'file to write, usually NAME.heap')
    .option('--max-pause <ms>', 'give up rather than pause the process longer than this', parseMilliseconds)
    .addHelpText('after', HELP)
    .action(async (pid: number, flags: SnapshotFlags, command: Command) => {
      const output = openOutput(context, command);
      const options = { pid, maxPauseMs: flags.maxPause, signal: context.signal };
      const { graph, meta, pauseMs, problems } = await takeSnapshot(options, output.progress);
      output.progress.stage(`writing ${flags.output}`);
      const fileBytes = await writeHeapFile(flags.output, { graph, meta });
      const report: SnapshotReport = {
        schema: SNAPSHOT_SCHEMA,
        snapshot: { ...factsOf(meta), file: flags.output },
        file_bytes: fileBytes,
        pause_ms: pauseMs,
        heap: {
          objects: graph.nodeCount,
          references: graph.edgeCount,
          bytes: graph.shallowWords.reduce((sum, words) => sum + words, 0) * WORD_BYTES,
        },
        problems: problems.map((problem) => ({ ...problem, examples: [...problem.examples] })),
      };
      output.answer(report, renderSnapshot);
    });
}
