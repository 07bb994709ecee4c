// Where a graph comes from on the command line: a .heap file, or a live process by its PID.

import type { Problem } from '../base/problems.ts';
import type { SnapshotFacts } from '../diagnose/snapshot-facts.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import { takeSnapshot } from '../session/snapshot-session.ts';
import type { HeapFileMeta } from '../snapshot/heap-file.ts';
import { readHeapFile } from '../snapshot/heap-file-io.ts';
import { isPid } from './arguments.ts';
import type { CliContext, Output } from './cli-context.ts';

export interface LoadedHeap {
  readonly graph: HeapGraph;
  readonly facts: SnapshotFacts;
  readonly problems: readonly Problem[];
}

/** `target` is a PID or the path of a file; a file named like a number is given as `./4242`. */
export async function loadHeap(target: string, context: CliContext, output: Output): Promise<LoadedHeap> {
  if (!isPid(target)) return loadHeapFile(target, output);
  const options = { pid: Number(target), signal: context.signal };
  const { graph, meta, problems } = await takeSnapshot(options, output.progress);
  return { graph, facts: factsOf(meta), problems };
}

export async function loadHeapFile(file: string, output: Output): Promise<LoadedHeap> {
  output.progress.stage(`reading ${file}`);
  const { graph, meta } = await readHeapFile(file);
  return { graph, facts: { file, ...factsOf(meta) }, problems: meta.problems ?? [] };
}

export function factsOf(meta: HeapFileMeta): SnapshotFacts {
  return { pid: meta.pid, python: meta.python, app: meta.app, taken_at: meta.takenAt };
}
