// The command line as a script sees it: words in; output, errors and exit code out.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeHeapFile } from '../../src/snapshot/heap-file-io.ts';
import { drawServiceHeap } from '../support/drawn-heaps.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { type CliRun, runLeakscope } from '../support/run-leakscope.ts';
import { startPython } from '../support/target-process.ts';

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leakscope-cli-'));
  for (const [name, users, minute] of [
    ['a', 20, 10],
    ['b', 40, 20],
    ['c', 60, 30],
  ] as const) {
    await writeHeapFile(join(folder, `${name}.heap`), {
      graph: drawServiceHeap(users),
      meta: {
        toolVersion: '0.1.0',
        python: 'CPython 3.12.1',
        app: 'app.py',
        pid: 4242,
        takenAt: `2026-11-20T08:${minute}:00Z`,
      },
    });
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function heap(name: string): string {
  return join(folder, `${name}.heap`);
}

function jsonOf(run: CliRun): Record<string, unknown> {
  return JSON.parse(run.stdout) as Record<string, unknown>;
}

test('usage errors: code, suggestion, exit code 2', async () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['fnd'], "error E_USAGE: unknown command 'fnd'\nhint: Did you mean find?\n"],
    [['find', '42', '--fro', '3'], "error E_USAGE: unknown option '--fro'\nhint: Did you mean --for?\n"],
    [['find', 'abc'], 'error E_USAGE: abc is not a process id\nhint: leakscope ps lists the Python processes\n'],
    [['find', '42', '--for', '3x'], 'error E_USAGE: 3x is not a duration\nhint: write 90s, 5m or 1h\n'],
  ];
  for (const [words, stderr] of cases) {
    expect(await runLeakscope(words)).toEqual({ exitCode: 2, stdout: '', stderr });
  }
  for (const words of [
    ['find'],
    ['find', '1', '--', 'x'],
    ['rss'],
    ['rss', 'app.core', '--for', '3s'],
    ['rss', 'app.core', '--dry-run'],
    ['capture', '1'],
    ['ps', '--', 'x'],
    ['ps', 'extra'],
    ['diff', 'a.heap'],
    ['snapshot', '1'],
    ['find', '0'],
    ['find', '1', '--snapshots', '2'],
    ['find', '1', '--max-pause', '-3'],
  ]) {
    const run = await runLeakscope(words);
    expect([run.exitCode, run.stdout], words.join(' ')).toEqual([2, '']);
    expect(run.stderr, words.join(' ')).toMatch(/^error E_USAGE: /);
  }
});

test('--json turns an error into an object on stdout, and nothing else', async () => {
  const run = await runLeakscope(['report', join(folder, 'missing.heap'), '--json']);
  expect([run.exitCode, run.stderr]).toEqual([3, '']);
  expect(jsonOf(run)).toMatchObject({ schema: 'leakscope.error/1', error: { code: 'E_FILE_READ' } });
});

test('--help and --version are answers, not errors', async () => {
  const packageVersion = (
    JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as { version: string }
  ).version;
  expect(await runLeakscope(['--version'])).toEqual({ exitCode: 0, stdout: `${packageVersion}\n`, stderr: '' });
  for (const words of [[], ['--help'], ['find', '--help'], ['why', '-h']]) {
    const run = await runLeakscope(words);
    expect([run.exitCode, run.stderr]).toEqual([0, '']);
    expect(run.stdout).toContain('Examples:');
  }
});

test('report reads a file and names the holder', async () => {
  const run = await runLeakscope(['report', heap('c'), '--top', '3', '--quiet']);
  expect([run.exitCode, run.stderr]).toEqual([0, '']);
  expect(run.stdout).toContain('module shop.users › global user_cache');
  const json = await runLeakscope(['--json', 'report', heap('c'), '--top', '2']);
  expect(jsonOf(json)).toMatchObject({
    schema: 'leakscope.report/1',
    snapshot: { file: heap('c'), pid: 4242 },
    holders: [{ path: 'module shop.users › global user_cache', entries: 60 }, { rank: 2 }],
  });
});

test('diff orders by time, whatever the order given', async () => {
  const run = await runLeakscope(['diff', heap('c'), heap('a'), heap('b'), '--json']);
  expect(run.exitCode).toBe(0);
  expect(jsonOf(run)).toMatchObject({
    schema: 'leakscope.diff/1',
    same_process: true,
    growth: { seconds: 1200, objects: 120 },
    // Users 20 to 39 came between the first two and stayed: three objects each.
    new_objects: 60,
    holders: [{ path: 'module shop.users › global user_cache', entries_before: 20, entries_after: 60 }],
  });
});

test('why explains a type and an address', async () => {
  const type = await runLeakscope(['why', heap('a'), 'users.User', '-q']);
  expect([type.exitCode, type.stderr]).toEqual([0, '']);
  expect(type.stdout).toContain("20 objects, 960 B  module shop.users › global user_cache › ['…']");
  const address = await runLeakscope(['why', heap('a'), '0x8080', '--json']);
  expect(jsonOf(address)).toMatchObject({
    object: { paths: ["module shop.users › global user_cache › ['…'] › .profile"] },
  });
  const nothing = await runLeakscope(['why', heap('a'), 'NoSuchType']);
  expect([nothing.exitCode, nothing.stdout]).toEqual([3, '']);
  expect(nothing.stderr).toContain('E_NO_MATCH');
});

test('a damaged file is an error that names the file, not a crash', async () => {
  const damaged = join(folder, 'damaged.heap');
  writeFileSync(damaged, readFileSync(heap('a')).subarray(0, 300));
  const run = await runLeakscope(['report', damaged, '-q']);
  expect(run.exitCode).toBe(3);
  expect(run.stderr).toMatch(/^error E_HEAP_FILE: .*damaged\.heap/);
});

test('without a terminal, progress is one plain line per stage on stderr', async () => {
  const run = await runLeakscope(['report', heap('a')]);
  expect(run.stderr).toBe(`reading ${heap('a')}\ncomputing retained sizes\n`);
  const quiet = await runLeakscope(['report', heap('a'), '--json']);
  expect(quiet.stderr).toBe('');
});

test('colour only where it is wanted', async () => {
  const colour = '\u001b[';
  expect((await runLeakscope(['report', heap('a')])).stdout).not.toContain(colour);
  expect((await runLeakscope(['report', heap('a')], { env: { FORCE_COLOR: '1' } })).stdout).toContain(colour);
  expect(
    (await runLeakscope(['report', heap('a')], { env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).stdout,
  ).not.toContain(colour);
  expect((await runLeakscope(['report', heap('a'), '--no-color'], { env: { FORCE_COLOR: '1' } })).stdout).not.toContain(
    escape,
  );
});

test('snapshot, report and why of a live process', async () => {
  const target = await startPython(
    anyInterpreter().path,
    [
      'import time',
      'class Session:',
      '    def __init__(self): self.basket = [None] * 100',
      'sessions = {i: Session() for i in range(500)}',
      "print('ready')",
      'time.sleep(600)',
    ].join('\n'),
  );
  try {
    const file = join(folder, 'live.heap');
    const taken = await runLeakscope(['snapshot', `${target.pid}`, '-o', file, '--json']);
    expect([taken.exitCode, taken.stderr]).toEqual([0, '']);
    expect(jsonOf(taken)).toMatchObject({ snapshot: { file, pid: target.pid, app: 'python -c …' } });
    const report = jsonOf(await runLeakscope(['report', file, '--json']));
    expect(report.holders).toContainEqual(
      expect.objectContaining({ path: 'module __main__ › global sessions', type: 'dict', entries: 500 }),
    );
    const why = await runLeakscope(['why', `${target.pid}`, '__main__.Session', '--json']);
    expect(jsonOf(why)).toMatchObject({
      matches: [{ type: '__main__.Session', objects: 500, unreachable_objects: 0 }],
      groups: [{ path: "module __main__ › global sessions › ['…']", objects: 500 }],
      group_count: 1,
    });
  } finally {
    await target.stop();
  }
});

test('processes that cannot be observed', async () => {
  const gone = await runLeakscope(['find', '4194304', '--for', '1s']);
  expect([gone.exitCode, gone.stdout]).toEqual([3, '']);
  expect(gone.stderr).toContain('error E_NO_SUCH_PROCESS');
  const self = await runLeakscope(['find', `${process.pid}`, '--for', '1s']);
  expect([self.exitCode, self.stdout]).toEqual([3, '']);
  expect(self.stderr).toContain('error E_NOT_PYTHON');
});

test('find -- COMMAND: what cannot be started, and what ends too early', async () => {
  const missing = await runLeakscope(['find', '--', 'no-such-command-here']);
  expect([missing.exitCode, missing.stdout]).toEqual([3, '']);
  expect(missing.stderr).toContain(
    'error E_COMMAND_FAILED: cannot start no-such-command-here: there is no such command',
  );
  const short = await runLeakscope(['find', '--json', '--', 'true']);
  expect(short.exitCode).toBe(3);
  expect(jsonOf(short)).toMatchObject({ error: { code: 'E_COMMAND_FAILED' } });
});

test('an output file that cannot be written is said before the wait', async () => {
  const run = await runLeakscope(['find', '1', '--for', '1h', '--output', join(folder, 'no/such/folder.json')]);
  expect(run.exitCode).toBe(3);
  expect(run.stderr).toContain('error E_FILE_WRITE');
});
