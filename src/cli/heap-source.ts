// Where a graph comes from on the command line: a .heap file, a core file, or a live process by its PID.

import type { Problem } from '../base/problems.ts';
import type { SnapshotFacts } from '../diagnose/snapshot-facts.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import { openCoreTarget } from '../session/core-target.ts';
import { takeSnapshot } from '../session/snapshot-session.ts';
import type { HeapFileMeta } from '../snapshot/heap-file.ts';
import { readHeapFile } from '../snapshot/heap-file-io.ts';
import { coreCompression } from '../target/core-stream.ts';
import { isPid } from './arguments.ts';
import type { CliContext, Output } from './cli-context.ts';

export interface LoadedHeap {
  readonly graph: HeapGraph;
  readonly facts: SnapshotFacts;
  readonly problems: readonly Problem[];
}

/** Flags of the commands that read heaps. */
export interface SourceFlags {
  /** Where the executable and libraries of a core's process are. */
  readonly sysroot?: string;
}

/** The option of every command that takes a core file. */
export const SYSROOT_OPTION = [
  '--sysroot <dir>',
  'for a core file: the folder with the executable and libraries of its process',
] as const;

/** `target` is a PID or the path of a file; a file named like a number is given as `./4242`. */
export async function loadHeap(
  target: string,
  flags: SourceFlags,
  context: CliContext,
  output: Output,
): Promise<LoadedHeap> {
  if (!isPid(target)) return loadStoredHeap(target, flags, context, output);
  const options = { pid: Number(target), signal: context.signal };
  const { graph, meta, problems } = await takeSnapshot(options, output.progress);
  return { graph, facts: factsOf(meta), problems };
}

/** Of a .heap or a core file, which are told apart by how they begin. */
export async function loadStoredHeap(
  file: string,
  flags: SourceFlags,
  context: CliContext,
  output: Output,
): Promise<LoadedHeap> {
  if (coreCompression(file) !== undefined) {
    const { graph, meta, problems } = await loadCore(file, flags, context, output);
    return { graph, facts: { file, ...factsOf(meta) }, problems };
  }
  output.progress.stage(`reading ${file}`);
  const { graph, meta } = await readHeapFile(file);
  return { graph, facts: { file, ...factsOf(meta) }, problems: meta.problems ?? [] };
}

/** The graph of a core file; what it was read from is given up. */
export async function loadCore(
  file: string,
  flags: SourceFlags,
  context: CliContext,
  output: Output,
): Promise<{ readonly graph: HeapGraph; readonly meta: HeapFileMeta; readonly problems: readonly Problem[] }> {
  const options = { sysroot: flags.sysroot, signal: context.signal };
  const target = await openCoreTarget(file, options, output.progress);
  target.close();
  return { graph: target.walk.graph, meta: target.meta, problems: target.problems };
}

export function factsOf(meta: HeapFileMeta): SnapshotFacts {
  return { pid: meta.pid, python: meta.python, app: meta.app, taken_at: meta.takenAt };
}
