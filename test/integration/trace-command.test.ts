// `trace` from start to end, with real programs: one it starts, one that traces already, one that does not.

import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TraceReportSchema } from '../../src/protocol/trace.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startCommand } from '../support/target-process.ts';

const python = anyInterpreter().path;
const PROGRAM = `import time

class Shop:
    def __init__(self):
        self.orders = {}

    def take_order(self, n):
        self.orders[n] = bytearray(1000)

shop = Shop()
print("ready", flush=True)
for n in range(10 ** 9):
    shop.take_order(n)
    time.sleep(0.002)
`;
/** Of the bytearray. */
const GROWING_LINE = 8;

let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leakscope-trace-'));
  program = join(folder, 'shop.py');
  writeFileSync(program, PROGRAM);
});

afterAll(() => rm(folder, { recursive: true }));

const asReport = (stdout: string) => v.parse(TraceReportSchema, JSON.parse(stdout));

test('a command it starts: the growing line with its source, and the frames asked for', async () => {
  const words = ['trace', '--for', '4s', '--warm-up', '1s', '--frames', '3', '--json', '--', python, program];
  const run = await runLeakscope(words);
  expect(run.exitCode).toBe(0);
  const report = asReport(run.stdout);
  expect(report).toMatchObject({ by: 'line', frames: 3 });
  const row = report.rows[0]!;
  expect(row).toMatchObject({
    file: program,
    line: GROWING_LINE,
    function: 'Shop.take_order',
    code: 'self.orders[n] = bytearray(1000)',
  });
  expect(row.bytes_diff).toBeGreaterThan(100_000);
  expect(row.bytes_per_minute).toBeCloseTo((row.bytes_diff! * 60) / report.observed_seconds);
  expect(report.summary).toContain(`${program}:${GROWING_LINE} in Shop.take_order grew most`);
  // What it allocates is all traced; tracemalloc's tables and the rest are little.
  expect(report.growth!.bytes).toBeGreaterThan(row.bytes_diff! * 0.8);
});

test('a process that traces: one look, by function, filtered', async () => {
  const target = await startCommand([python, program], { env: { PYTHONTRACEMALLOC: '2' } });
  try {
    const pid = String(target.pid);
    const run = await runLeakscope(['trace', pid, '--by', 'function', '--filter', '*/shop.py', '--json']);
    const report = asReport(run.stdout);
    expect(report).toMatchObject({ frames: 2, observed_seconds: 0, filtered_out: { blocks: expect.any(Number) } });
    expect(report.rows[0]).toMatchObject({ file: program, function: 'Shop.take_order' });
    expect(report.rows.every(({ file }) => file === program)).toBe(true);
    const text = await runLeakscope(['trace', pid, '--by', 'traceback', '--filter', `${program}:${GROWING_LINE}`]);
    expect(text.stdout).toContain(`${program}:${GROWING_LINE} in Shop.take_order`);
    expect(text.stdout).toContain(`${program}:13 in <module>`);
  } finally {
    await target.stop();
  }
});

test('who holds what a line allocated, and what grew untraced', async () => {
  const flags = ['--holders', '--native', '--for', '2s', '--warm-up', '1s', '--frames', '3'];
  const run = await runLeakscope(['trace', ...flags, '--json', '--', python, program]);
  const report = asReport(run.stdout);
  const row = report.rows.find(({ line }) => line === GROWING_LINE)!;
  const [holder] = row.holders!;
  expect(holder).toMatchObject({ kind: 'object', path: 'module __main__ › global shop › .orders', type: 'dict' });
  expect(holder!.new_bytes).toBeGreaterThan(100_000);
  expect(holder!.new_bytes).toBeLessThanOrEqual(holder!.bytes);
  expect(holder!.retained_bytes).toBeGreaterThanOrEqual(holder!.bytes);
  const native = report.native!;
  expect(native.parts.reduce((sum, { bytes_diff }) => sum + bytes_diff, 0)).toBe(native.rss_bytes_diff);
  expect(native.parts.find(({ name }) => name === 'traced')!.bytes_diff).toBeGreaterThan(row.bytes_diff! * 0.8);
  expect(native.parts.find(({ name }) => name === 'native memory')!.bytes_diff).toBeLessThan(100_000);
  const text = await runLeakscope(['trace', ...flags, '--', python, program]);
  expect(text.stdout).toContain('held by  module __main__ › global shop › .orders');
  expect(text.stdout).toContain('not seen by tracemalloc: ');
});

test('a process that does not trace: E_NOT_TRACING, what can be known without, and exit code 3', async () => {
  const target = await startCommand([python, program]);
  try {
    const run = await runLeakscope(['trace', String(target.pid), '--json']);
    expect(run.exitCode).toBe(3);
    const { error } = JSON.parse(run.stdout) as { error: { code: string; hint: string } };
    expect(error.code).toBe('E_NOT_TRACING');
    expect(error.hint).toContain(`leakscope find ${target.pid}`);
    expect(error.hint).toContain('PYTHONTRACEMALLOC');
  } finally {
    await target.stop();
  }
});

test('a command that ignores its environment is told about', async () => {
  const run = await runLeakscope(['trace', '--for', '1s', '--', python, '-I', program]);
  expect(run.exitCode).toBe(3);
  expect(run.stderr).toContain('E_NOT_TRACING');
  expect(run.stderr).toContain('-X tracemalloc');
});

test('a command that ends before the second look: what it had at the first', async () => {
  const short = 'import time; kept = [bytearray(9) for _ in range(99)]; time.sleep(10)';
  const run = await runLeakscope(['trace', '--for', '60s', '--warm-up', '0', '--json', '--', python, '-c', short]);
  const report = asReport(run.stdout);
  expect(report.notes[0]).toContain('ended within');
  expect(report.growth).toBeUndefined();
});

test('wrong usage', async () => {
  for (const words of [
    ['trace'],
    ['trace', '1', '--', 'x'],
    ['trace', '1', '--cumulative', '--by', 'function'],
    ['trace', '1', '--cumulative', '--holders'],
  ]) {
    const run = await runLeakscope(words);
    expect(run.exitCode).toBe(2);
  }
});
