// Makes core files of real processes, in each of the ways people come by them, and compares what they tell.

import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemLog } from '../../src/base/problems.ts';
import { type HeapReport, reportHeap } from '../../src/diagnose/heap-report.ts';
import { explainRetention, type HeapWhy } from '../../src/diagnose/heap-why.ts';
import { computeRetention } from '../../src/diagnose/retention.ts';
import type { HeapGraph } from '../../src/graph/heap-graph.ts';
import { AttachedTarget } from '../../src/session/attached-target.ts';
import { startCommand, type TargetProcess } from './target-process.ts';

/**
 * A process with a holder to find, a second thread, mapped chunks, a reserved quarter of a gigabyte, and memory that it
 * could share with its children. Waits for its input.
 */
export const PLANTED = `
import mmap, sys, threading
class User:
    def __init__(self, n): self.number, self.tags = n, {'a': [n]}
user_cache = {n: User(n) for n in range(3000)}
buffers = [bytearray(300_000 + n) for n in range(4)]
reserved = mmap.mmap(-1, 256 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
shared = mmap.mmap(-1, 8 << 20)
shared.write(b'x' * (8 << 20))
local = threading.Event()
def wait_long(own): own.append(User(-1)); ready.set(); local.wait()
ready = threading.Event()
threading.Thread(target=wait_long, args=([],), daemon=True).start()
ready.wait()
print('ready', flush=True)
sys.stdin.read()
`;

/** Why this machine cannot make a kernel core in the folder of the process, or undefined. */
export function noKernelCores(): string | undefined {
  const pattern = readFileSync('/proc/sys/kernel/core_pattern', 'utf8').trim();
  if (pattern !== 'core') return `kernel.core_pattern is ${pattern}, not core`;
  const limit = spawnSync('sh', ['-c', 'ulimit -c unlimited']);
  return limit.status === 0 ? undefined : 'the hard limit of core files is not unlimited';
}

/** Why a program is not to be had here, or undefined. */
export function missingProgram(name: string): string | undefined {
  return spawnSync('sh', ['-c', `command -v ${name}`]).status === 0 ? undefined : `${name} is not installed`;
}

export interface DumpableOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** What the kernel is to leave out: /proc/PID/coredump_filter. */
  readonly filter?: string;
}

/** Runs a command in `folder` that may leave a core there. */
export function startDumpable(
  command: readonly string[],
  folder: string,
  options: DumpableOptions = {},
): Promise<TargetProcess> {
  const filter = options.filter === undefined ? '' : `echo ${options.filter} > /proc/self/coredump_filter; `;
  const script = `ulimit -c unlimited 2>/dev/null; ${filter}exec "$0" "$@"`;
  return startCommand(['sh', '-c', script, ...command], { cwd: folder, env: options.env ?? {} });
}

/** The core gdb writes; the process runs on. */
export function gdbCore(target: TargetProcess, folder: string, name = 'gdb.core'): string {
  const prefix = join(folder, 'gcore');
  const run = spawnSync('gcore', ['-o', prefix, `${target.pid}`], { encoding: 'utf8', timeout: 60_000 });
  const written = `${prefix}.${target.pid}`;
  if (!existsSync(written)) throw new Error(`gcore wrote nothing: ${run.stderr}`);
  renameSync(written, join(folder, name));
  return join(folder, name);
}

/** The core the kernel writes when the process aborts, which is its end. */
export async function kernelCore(target: TargetProcess, folder: string, name = 'kernel.core'): Promise<string> {
  target.child.kill('SIGABRT');
  // The parent hears of the end when the core is complete.
  for (let i = 0; i < 600 && target.child.signalCode === null && target.child.exitCode === null; i++) await sleep(50);
  const written = readdirSync(folder).find((file) => /^core(\.\d+)?$/.test(file));
  if (written === undefined) throw new Error('the kernel wrote no core');
  renameSync(join(folder, written), join(folder, name));
  return join(folder, name);
}

/** Everything report and why say about a graph. */
export interface HeapAnswers {
  readonly report: HeapReport;
  readonly why: HeapWhy;
}

export function answersOf(graph: HeapGraph): HeapAnswers {
  const snapshot = { pid: 1, python: '', app: '', taken_at: '2026-01-01T00:00:00Z' };
  const retention = computeRetention(graph);
  const options = { snapshot, problems: [], top: 200 };
  return { report: reportHeap(retention, options), why: explainRetention(retention, 'User', options) };
}

/** The same of the living process. */
export async function liveAnswers(pid: number): Promise<HeapAnswers> {
  const target = await AttachedTarget.attach(pid, new ProblemLog());
  try {
    return answersOf((await target.capture()).walk.graph);
  } finally {
    target.close();
  }
}
