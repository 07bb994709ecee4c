// Runs `find` on the programs of test/targets and knows what the answer should name.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FindReport } from '../../src/diagnose/find-report.ts';
import { runFind } from '../../src/session/find-session.ts';
import { silentProgress } from '../../src/session/session-options.ts';
import { listPids, readProcessStat } from '../../src/target/process-info.ts';
import type { Interpreter } from './interpreters.ts';
import { startCommand } from './target-process.ts';

const targets = join(import.meta.dirname, '../targets');

export const targetProgram = (name: string): string => join(targets, name);

/** Kinds of a target program: its functions called `PREFIX_KIND`, but for those of `except`. */
export function kindsOf(program: string, prefix: string): string[] {
  const text = readFileSync(targetProgram(program), 'utf8');
  const names = [...text.matchAll(new RegExp(`^(?:def )?${prefix}_(\\w+)(?:\\(| = )`, 'gm'))].map((match) => match[1]!);
  return names.map((name) => name.replaceAll('_', '-')).sort();
}

/** Lines (1-based) of a target program that end in `# grows`. */
export function markedLines(program: string): ReadonlySet<number> {
  const lines = readFileSync(targetProgram(program), 'utf8').split('\n');
  return new Set(lines.flatMap((line, index) => (line.endsWith('# grows') ? [index + 1] : [])));
}

export async function findIn(
  interpreter: Interpreter,
  program: string,
  args: readonly string[],
  seconds: number,
  env: Readonly<Record<string, string>> = {},
): Promise<FindReport> {
  const target = await startCommand([interpreter.path, targetProgram(program), ...args], { env });
  try {
    const options = { pid: target.pid, seconds, showValues: false, signal: new AbortController().signal };
    return await runFind(options, silentProgress);
  } finally {
    // Its own children would outlive it, and hold its output open.
    const children = listPids().filter((pid) => readProcessStat(pid)?.parentPid === target.pid);
    await target.stop();
    for (const pid of children) process.kill(pid, 'SIGKILL');
  }
}
