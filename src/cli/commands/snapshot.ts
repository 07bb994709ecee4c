// leakscope snapshot: the object graph of a live process, without values, in a file.

import type { Command } from 'commander';
import { LeakscopeError } from '../../base/errors.ts';
import { WORD_BYTES } from '../../graph/heap-graph.ts';
import { SNAPSHOT_SCHEMA, type SnapshotReport } from '../../protocol/snapshot.ts';
import { takeAgentSnapshot } from '../../session/agent-session.ts';
import { estimatePause } from '../../session/pause-estimate.ts';
import { takeSnapshot } from '../../session/snapshot-session.ts';
import { writeHeapFile } from '../../snapshot/heap-file-io.ts';
import { parseMilliseconds, parsePid } from '../arguments.ts';
import { type CliContext, type Output, openOutput } from '../cli-context.ts';
import { factsOf, loadCore, type SourceFlags, SYSROOT_OPTION } from '../heap-source.ts';
import { renderPauseEstimate } from '../render/pause-estimate-text.ts';
import { renderSnapshot } from '../render/snapshot-text.ts';

interface SnapshotFlags extends SourceFlags {
  readonly output?: string;
  readonly maxPause?: number;
  readonly core?: string;
  readonly precopy: boolean;
  readonly dryRun?: boolean;
  readonly agent?: boolean;
  readonly force?: boolean;
}

const HELP = `
The file holds structure only: types, references and names of modules, classes, functions, attributes and variables.
Contents of strings, keys of dicts and numbers are not read. It replaces an older file only when it is complete.

Examples:
  leakscope snapshot 4242 -o before.heap
  leakscope snapshot 4242 -o after.heap --max-pause 200
  leakscope snapshot --core core.4242.zst -o crash.heap
  leakscope snapshot 4242 --agent -o before.heap
  leakscope snapshot 4242 --dry-run`;

export function addSnapshotCommand(program: Command, context: CliContext): void {
  program
    .command('snapshot')
    .summary('keep the object graph of a process, without values')
    .description('Writes the object graph of a Python process to a file, for report, diff and why.')
    .usage('[options] PID -o FILE\n       leakscope snapshot [options] --core CORE -o FILE')
    .argument('[pid]', 'process to read', parsePid)
    .option('-o, --output <file>', 'file to write, usually NAME.heap; needed unless --dry-run')
    .option('--max-pause <ms>', 'give up rather than pause the process longer than this', parseMilliseconds)
    .option('--no-precopy', 'copy nothing before the pause (for a process that CRIU tracks)')
    .option('--dry-run', 'only tell which pause to expect; stops and writes nothing')
    .option('--agent', 'let the agent inside the process take it, where it cannot be read from outside')
    .option('--force', 'with --agent: also where memory may be too short for the copy that the kernel makes')
    .option('--core <file>', 'read a core file instead of a process')
    .option(...SYSROOT_OPTION)
    .addHelpText('after', HELP)
    .action(async (pid: number | undefined, flags: SnapshotFlags, command: Command) => {
      const output = openOutput(context, command);
      checkAgentFlags(flags);
      if (flags.dryRun === true) {
        const options = { pid: pidOf(pid, flags), precopy: flags.precopy, signal: context.signal };
        output.answer(await estimatePause(options, output.progress), renderPauseEstimate);
        return;
      }
      const file = flags.output;
      if (file === undefined) throw new LeakscopeError('E_USAGE', 'snapshot needs -o FILE, or --dry-run');
      const { graph, meta, capture, problems } = await readGraph(pid, flags, output, context);
      output.progress.stage(`writing ${file}`);
      const fileBytes = await writeHeapFile(file, { graph, meta });
      const report: SnapshotReport = {
        schema: SNAPSHOT_SCHEMA,
        snapshot: { ...factsOf(meta), file },
        file_bytes: fileBytes,
        pause_ms: meta.pauseMs ?? 0,
        ...(capture === undefined ? {} : { capture: { ...capture, phases: [...capture.phases] } }),
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

async function readGraph(pid: number | undefined, flags: SnapshotFlags, output: Output, context: CliContext) {
  if (flags.core !== undefined) {
    if (pid !== undefined) throw new LeakscopeError('E_USAGE', 'snapshot takes a PID or --core, not both');
    return { ...(await loadCore(flags.core, flags, context, output)), capture: undefined };
  }
  if (flags.agent === true) {
    const options = { signal: context.signal, force: flags.force === true };
    return { ...(await takeAgentSnapshot(pidOf(pid, flags), options, output.progress)), capture: undefined };
  }
  const options = {
    pid: pidOf(pid, flags),
    maxPauseMs: flags.maxPause,
    precopy: flags.precopy,
    signal: context.signal,
  };
  return takeSnapshot(options, output.progress);
}

/** The agent copies nothing by itself, and pauses nothing. */
function checkAgentFlags(flags: SnapshotFlags): void {
  if (flags.agent !== true) {
    if (flags.force === true) throw new LeakscopeError('E_USAGE', '--force is about --agent');
    return;
  }
  const other =
    flags.core !== undefined
      ? '--core'
      : flags.maxPause !== undefined
        ? '--max-pause'
        : flags.dryRun
          ? '--dry-run'
          : '';
  if (other !== '') throw new LeakscopeError('E_USAGE', `--agent and ${other} exclude each other`);
}

function pidOf(pid: number | undefined, flags: SnapshotFlags): number {
  if (pid !== undefined) return pid;
  const what = flags.core === undefined ? 'snapshot needs a PID, or a core file with --core' : '--dry-run needs a PID';
  throw new LeakscopeError('E_USAGE', what, { hint: 'leakscope ps lists the Python processes' });
}
