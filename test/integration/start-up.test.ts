// Programs that import for seconds before they work: what comes meanwhile is not what is found.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { FindReportSchema } from '../../src/protocol/find.ts';
import { TraceReportSchema } from '../../src/protocol/trace.ts';
import { runFind } from '../../src/session/find-session.ts';
import { silentProgress } from '../../src/session/session-options.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startCommand } from '../support/target-process.ts';
import { temporaryProject } from '../support/temporary-project.ts';

const python = anyInterpreter().path;

/** Imported one by one, each with libraries and interned names of its own. */
const LIBRARIES = [
  'json.decoder',
  'http.client',
  'decimal',
  'sqlite3',
  'asyncio',
  'xml.etree.ElementTree',
  'unittest.mock',
  'ctypes',
  'logging.config',
  'concurrent.futures',
  'zipfile',
  'csv',
];

/** Time between two imports, in seconds: far less than a second, so that the start is one. */
const GAP = 0.3;

const LEAK = `
class User:
    def __init__(self, n): self.visits = [n] * 50
user_cache = {}
def visit(n):
    user_cache[n] = User(n)
`;

const WORK = `
import itertools, time
for n in itertools.count():
    visit(n)
    time.sleep(0.002)
`;

/** A program that imports for several seconds, the module that leaks last, and prints a line when it begins. */
function slowProgram(work: string): string {
  const imports = LIBRARIES.map((name) => `import ${name}; time.sleep(${GAP})`);
  return temporaryProject({
    'app.py': ['import time', 'print("started", flush=True)', ...imports, work].join('\n'),
    'users.py': LEAK,
  });
}

const LEAKING = `from users import visit\n${WORK}`;

test('the first snapshot of a started command waits until it has started', async () => {
  const program = slowProgram(LEAKING);
  const file = join(program, 'report.json');
  const run = await runLeakscope(['find', '--for', '6s', '-o', file, '--', python, join(program, 'app.py')]);
  const report = v.parse(FindReportSchema, JSON.parse(readFileSync(file, 'utf8')));
  expect(report.findings.map(({ holder }) => holder.name)).toEqual(['users.user_cache']);
  expect([report.verdict, run.exitCode]).toEqual(['leak', 1]);
  expect(run.stderr).toContain('waiting for the program to finish starting');
  // The time to observe begins with the first snapshot, and all it has seen is the program at its work.
  expect(report.observed_seconds).toBeGreaterThan(5);
  expect(report.target.uptime_seconds).toBeGreaterThan(report.observed_seconds + LIBRARIES.length * GAP - 1);
});

test('a healthy program is healthy, however much it imports first', async () => {
  const app = join(slowProgram('while True: time.sleep(0.01)'), 'app.py');
  const run = await runLeakscope(['find', '--for', '5s', '--json', '--', python, app]);
  const report = v.parse(FindReportSchema, JSON.parse(run.stdout));
  expect([report.verdict, report.findings, run.exitCode]).toEqual(['healthy', [], 0]);
});

test('a process that is attached to while it starts is looked at anew when it has', async () => {
  const target = await startCommand([python, join(slowProgram(LEAKING), 'app.py')]);
  try {
    const options = { pid: target.pid, seconds: 6, showValues: false, signal: new AbortController().signal };
    const report = await runFind(options, silentProgress);
    expect(report.findings.map(({ holder }) => holder.name)).toEqual(['users.user_cache']);
    expect(report.verdict).toBe('leak');
    expect(report.not_leaking.join('; ')).toContain('taken while the program still imported its modules');
  } finally {
    await target.stop();
  }
});

test('a module that takes long to run is part of the start', async () => {
  const program = temporaryProject({
    'app.py': `import slow\n${LEAKING}`,
    // Nothing is imported for longer than a start is waited for, but that an import goes on.
    'slow.py':
      'import time\ntables = []\nfor n in range(250):\n    tables.append(str(n) * 100)\n    time.sleep(0.01)\n',
    'users.py': LEAK,
  });
  const run = await runLeakscope(['find', '--for', '5s', '--json', '--', python, join(program, 'app.py')]);
  const report = v.parse(FindReportSchema, JSON.parse(run.stdout));
  expect(report.findings.map(({ holder }) => holder.name)).toEqual(['users.user_cache']);
});

test('a program that does its work inside an import is looked at all the same', async () => {
  const program = temporaryProject({ 'app.py': 'import service\n', 'service.py': LEAKING, 'users.py': LEAK });
  const run = await runLeakscope(['find', '--for', '5s', '--json', '--', python, join(program, 'app.py')]);
  const report = v.parse(FindReportSchema, JSON.parse(run.stdout));
  expect(report.findings[0]?.holder.name).toBe('users.user_cache');
});

test('a launcher that becomes the program (exec) is followed', async () => {
  const program = slowProgram(LEAKING);
  mkdirSync(join(program, 'bin'));
  const launcher = join(program, 'bin', 'launch.py');
  const app = join(program, 'app.py');
  writeFileSync(
    launcher,
    `import os, sys, json, time\ntime.sleep(0.5)\nos.execv(sys.executable, [sys.executable, ${JSON.stringify(app)}])\n`,
  );
  const run = await runLeakscope(['find', '--for', '5s', '--json', '--', python, launcher]);
  const report = v.parse(FindReportSchema, JSON.parse(run.stdout));
  expect(report.findings[0]?.holder.name).toBe('users.user_cache');
});

test('a program that ends while it starts: could not tell, with how it ended', async () => {
  const imports = LIBRARIES.map((name) => `import ${name}; time.sleep(${GAP})`).join('\n');
  const program = temporaryProject({ 'app.py': `import sys, time\n${imports}\nsys.exit(7)\n` });
  const run = await runLeakscope(['find', '--for', '30s', '--json', '--', python, join(program, 'app.py')]);
  const report = v.parse(FindReportSchema, JSON.parse(run.stdout));
  expect([report.verdict, run.exitCode]).toEqual(['inconclusive', 3]);
  // On a busy host one import may take long enough to pass for the end of the start.
  expect(report.summary).toMatch(/the program ended \(exit status 7\)|the process exited/);
});

test('a program that ends soon after its start: could not tell, with what was seen', async () => {
  const words = ['find', '--for', '60s', '--json', '--', python, '-c', 'import time; time.sleep(10)'];
  const run = await runLeakscope(words);
  const report = v.parse(FindReportSchema, JSON.parse(run.stdout));
  expect([report.verdict, run.exitCode]).toEqual(['inconclusive', 3]);
  expect(report.summary).toMatch(/the process exited after/);
  expect(report.heap.objects).toBeGreaterThan(1000);
});

test('trace compares what is there after the start', async () => {
  const app = join(slowProgram(LEAKING), 'app.py');
  const run = await runLeakscope(['trace', '--warm-up', '1s', '--for', '4s', '--json', '--', python, app]);
  const report = v.parse(TraceReportSchema, JSON.parse(run.stdout));
  expect(report.rows[0]?.file).toMatch(/users\.py$/);
  expect(report.rows.filter(({ file }) => /importlib|sqlite3|asyncio|unittest/.test(file))).toEqual([]);
});
