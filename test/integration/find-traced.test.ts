// `find` on programs that run under tracemalloc: findings say which lines allocated what their holders gained, those
// without a Python holder too.

import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FindReportSchema } from '../../src/protocol/find.ts';
import { buildCExtension } from '../support/c-extension.ts';
import { findIn, markedLines } from '../support/growing-target.ts';
import { anyInterpreter, interpreters } from '../support/interpreters.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startCommand } from '../support/target-process.ts';

const PROGRAM = `import time

users = {}

def load(n):
    return bytearray(1000)

def get(n):
    users[n] = load(n)

print("ready", flush=True)
for n in range(10 ** 9):
    get(n)
    time.sleep(0.002)
`;
const ALLOCATING_LINE = 6;
const HOLDING_LINE = 9;
const CALLING_LINE = 13;

const python = anyInterpreter();
const withExtension = interpreters().findLast(({ isLauncher, freeThreaded }) => !isLauncher && !freeThreaded)!;
let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leakscope-find-traced-'));
  program = join(folder, 'users.py');
  writeFileSync(program, PROGRAM);
});

afterAll(() => rm(folder, { recursive: true }));

test('a command started with --trace: who holds and who allocated are two lines', async () => {
  const words = ['find', '--trace', '--frames', '3', '--for', '8s', '--json', '--', python.path, program];
  const run = await runLeakscope(words);
  const report = v.parse(FindReportSchema, JSON.parse(run.stdout));
  const said = JSON.stringify(report, undefined, 1);
  expect(report.tracing, said).toMatchObject({ frames: 3 });
  const [finding] = report.findings;
  expect(finding!.holder.path, said).toBe('module __main__ › global users');
  expect(finding!.sites[0], said).toMatchObject({ line: HOLDING_LINE, basis: 'writes holder' });
  const { tracebacks, bytes } = finding!.allocations!;
  expect(tracebacks[0]!.frames.map(({ line }) => line)).toEqual([CALLING_LINE, HOLDING_LINE, ALLOCATING_LINE]);
  expect(tracebacks[0]!.frames.at(-1)).toMatchObject({ file: program, function: 'load' });
  expect(tracebacks[0]!.bytes).toBeGreaterThan(bytes * 0.8);
  // Two blocks each: the bytearray and its data.
  expect(tracebacks[0]!.blocks).toBeGreaterThan(finding!.holder.entries!);
});

test('of a process that traces already, the text shows the line that allocated below the one that holds', async () => {
  const target = await startCommand([python.path, program], { env: { PYTHONTRACEMALLOC: '5' } });
  try {
    const run = await runLeakscope(['find', String(target.pid), '--for', '6s']);
    expect(run.stdout).toMatch(/allocated {2}.* new blocks/);
    expect(run.stdout).toContain(`${program}:${ALLOCATING_LINE} in load`);
    expect(run.stdout).toContain(`called from ${program}:${HOLDING_LINE} in get`);
  } finally {
    await target.stop();
  }
});

test('a command that does not trace all the same is told about, and judged', async () => {
  const words = ['find', '--trace', '--for', '3s', '--json', '--', python.path, '-I', program];
  const report = v.parse(FindReportSchema, JSON.parse((await runLeakscope(words)).stdout));
  expect(report.problems.map(({ code }) => code)).toContain('not-tracing');
  expect(report.tracing).toBeUndefined();
});

test('--trace needs a command', async () => {
  const run = await runLeakscope(['find', '--trace', '1']);
  expect(run.exitCode).toBe(2);
});

test.for([
  ['container', 'native hold (reference leak: no Python owner)'],
  ['raw-malloc', 'native memory (no Python owner)'],
] as const)('what an extension loses (%s) has the line that allocated it', async ([kind, expected], { skip }) => {
  const extension = buildCExtension(withExtension);
  if (extension === undefined) return skip('the C extension cannot be built for this interpreter');
  try {
    const env = { ...extension.env, PYTHONTRACEMALLOC: '3' };
    const report = await findIn(withExtension, 'native.py', [kind], 7, env);
    const said = JSON.stringify(report, undefined, 1);
    const finding = report.findings.find((one) => one.kind === expected);
    expect(finding, said).toBeDefined();
    const line = finding!.allocations!.tracebacks[0]!.frames.at(-1)!;
    expect(line.file, said).toMatch(/native\.py$/);
    const lines = markedLines('native.py');
    const ways = finding!.allocations!.tracebacks.flatMap(({ frames }) => frames.map((frame) => frame.line));
    expect(
      ways.some((at) => lines.has(at)),
      said,
    ).toBe(true);
  } finally {
    extension.remove();
  }
});
