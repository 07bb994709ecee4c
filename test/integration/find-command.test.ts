// `find -- COMMAND…` from start to end, with real programs.

import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { cancelledBy } from '../../src/cli/cancellation.ts';
import { FindReportSchema } from '../../src/protocol/find.ts';
import { listPids, readProcessInfo } from '../../src/target/process-info.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { runLeakscope } from '../support/run-leakscope.ts';

const python = anyInterpreter().path;

/** A program that leaks about 100 KB/s and carries a mark to be found by. */
function leakingProgram(mark: string): string {
  return [
    `mark = ${JSON.stringify(mark)}`,
    'import time',
    'class Order:',
    '    def __init__(self, n): self.lines = [n] * 100',
    'orders = {}',
    'def take_order(n):',
    '    orders[n] = Order(n)',
    'n = 0',
    'while True:',
    '    for _ in range(10):',
    '        take_order(n); n += 1',
    '    time.sleep(0.1)',
  ].join('\n');
}

function isRunning(mark: string): boolean {
  return listPids().some(
    (pid) => pid !== process.pid && readProcessInfo(pid)?.argv.some((word) => word.includes(mark)),
  );
}

test('a leaking command: verdict, holder, exit code 1, and nothing left running', async () => {
  const mark = `leaking-${process.pid}`;
  const run = await runLeakscope(['find', '--for', '6s', '--json', '--', python, '-c', leakingProgram(mark)]);
  const report = v.parse(FindReportSchema, JSON.parse(run.stdout));
  expect(report.verdict).toBe('leak');
  expect(report.findings[0]?.holder).toMatchObject({ path: 'module __main__ › global orders', type: 'dict' });
  expect(run.exitCode).toBe(1);
  expect(isRunning(mark)).toBe(false);
});

test('a command that ends too early: could not tell, with the reason', async () => {
  const run = await runLeakscope(['find', '--for', '30s', '--json', '--', python, '-c', 'import time; time.sleep(5)']);
  const report = v.parse(FindReportSchema, JSON.parse(run.stdout));
  expect(report.verdict).toBe('inconclusive');
  expect(report.summary).toMatch(/exited|ended/);
  expect(run.exitCode).toBe(3);
});

test('a command that ends at once: the same, with how it ended', async () => {
  const run = await runLeakscope(['find', '--json', '--', python, '-c', 'import sys; sys.exit(4)']);
  const answer = JSON.parse(run.stdout) as { schema: string; summary?: string; error?: { message: string } };
  expect(run.exitCode).toBe(3);
  // Whether its Python was seen at all is a matter of milliseconds.
  expect(answer.summary ?? answer.error?.message).toContain('ended (exit status 4)');
});

test('Ctrl-C: the command ends too, and it is said', async () => {
  const mark = `cancelled-${process.pid}`;
  const cancellation = new AbortController();
  const words = ['find', '--for', '1h', '--', python, '-c', leakingProgram(mark)];
  const running = runLeakscope(words, { signal: cancellation.signal });
  while (!isRunning(mark)) await delay(50);
  await delay(2000);
  cancellation.abort(cancelledBy('SIGINT'));
  const run = await running;
  expect([run.exitCode, run.stdout]).toEqual([3, '']);
  expect(run.stderr).toContain('error E_CANCELLED: stopped by SIGINT before there was an answer');
  expect(isRunning(mark)).toBe(false);
});

test('--keep-running leaves the command to itself', async () => {
  const mark = `kept-${process.pid}`;
  await runLeakscope(['find', '--for', '3s', '--keep-running', '--quiet', '--', python, '-c', leakingProgram(mark)]);
  const kept = listPids().filter((pid) => readProcessInfo(pid)?.argv.some((word) => word.includes(mark)));
  expect(kept).toHaveLength(1);
  for (const pid of kept) process.kill(pid, 'SIGKILL');
});
