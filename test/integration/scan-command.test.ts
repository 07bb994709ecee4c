// leakscope scan as a user runs it: real files, the exit code, the forms of the answer, and the built program with its workers.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { type ScanReport, ScanReportSchema } from '../../src/protocol/scan.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { temporaryProject, workIn, writeFiles } from '../support/temporary-project.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/leakscope');
const LEAK = 'def add(item, items=[]):\n    items.append(item)\n';
const FINE = 'def add(item, items=None):\n    return [*(items or []), item]\n';

async function scan(...words: readonly string[]) {
  return runLeakscope(['scan', '--no-cache', ...words]);
}

async function report(...words: readonly string[]): Promise<ScanReport> {
  return v.parse(ScanReportSchema, JSON.parse((await scan('--json', ...words)).stdout));
}

async function places(...words: readonly string[]): Promise<string[]> {
  return (await report(...words)).findings.map(({ path, line, rule }) => `${path}:${line} ${rule}`);
}

describe('exit codes', () => {
  test('0 for nothing, 1 for something', async () => {
    const folder = workIn(temporaryProject({ 'a.py': FINE }));
    expect(await scan()).toEqual({ exitCode: 0, stdout: 'no leak found in 1 file, 3 lines\n', stderr: '' });
    writeFiles(folder, { 'a.py': LEAK });
    expect((await scan()).exitCode).toBe(1);
  });

  test('2 for wrong flags and wrong configuration, 3 when there is nothing to read', async () => {
    const folder = workIn(temporaryProject({ 'notes.txt': '', 'bad/a.py': new Uint8Array([0x22, 0xff]) }));
    expect(await scan('--select', 'nonsense')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('E_USAGE'),
    });
    expect(await scan('--format', 'xml')).toMatchObject({ exitCode: 2 });
    expect(await scan('gone')).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('gone does not exist') });
    expect(await scan('bad')).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('is not UTF-8 text') });
    expect(await scan('notes.txt', 'bad')).toMatchObject({ exitCode: 0 });
    writeFiles(folder, { 'pyproject.toml': '[tool.leakscope]\nselct = []\n' });
    expect(await scan()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('unknown key selct') });
    rmSync(join(folder, 'pyproject.toml'));
    rmSync(join(folder, 'bad'), { recursive: true });
    expect(await scan()).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('no Python file in .') });
  });
});

test('what cannot be parsed is told beside what can', async () => {
  workIn(temporaryProject({ 'a.py': LEAK, 'broken.py': 'def (:\n', 'latin.py': Buffer.from('x = "\xe9"', 'latin1') }));
  const { findings, problems, files } = await report();
  expect(findings.length).toBe(1);
  expect(files).toBe(2);
  expect(problems.map(({ path }) => path)).toEqual(expect.arrayContaining(['broken.py', 'latin.py']));
});

test('the configuration decides, flags go before it', async () => {
  workIn(
    temporaryProject({
      'pyproject.toml': `[tool.leakscope]
exclude = ["vendor/"]
[tool.leakscope.per-file-ignores]
"tests/" = ["G"]
`,
      'app.py': LEAK,
      'tests/a.py': LEAK,
      'vendor/a.py': LEAK,
    }),
  );
  expect(await places()).toEqual(['app.py:1 mutable-default-grows']);
  expect(await places('--ignore', 'G')).toEqual([]);
  expect(await places('--exclude', 'app.py')).toEqual([]);
  expect(await places('vendor/a.py', '--select', 'global-state,C01')).toEqual(['vendor/a.py:1 mutable-default-grows']);
});

test('a baseline hides what was there, wherever it has moved', async () => {
  const folder = workIn(temporaryProject({ 'a.py': LEAK, 'pyproject.toml': '' }));
  const written = await scan('--write-baseline');
  expect(written.exitCode).toBe(0);
  expect(written.stderr).toContain('leakscope-baseline.json');
  const baseline = ['--baseline', 'leakscope-baseline.json'];
  writeFiles(folder, { 'a.py': `import os\n\n${LEAK}` });
  expect(await report(...baseline)).toMatchObject({ findings: [], hidden: { baseline: 1 } });
  writeFiles(folder, { 'a.py': `${LEAK}\ndef more(x, seen=[]):\n    seen.append(x)\n` });
  expect(await places(...baseline)).toEqual(['a.py:4 mutable-default-grows']);
  writeFiles(folder, {
    'leakscope-baseline.json': '{}',
    'pyproject.toml': '[tool.leakscope]\nbaseline = "leakscope-baseline.json"',
  });
  expect(await scan()).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is not a baseline') });
  expect((await scan('--write-baseline')).exitCode).toBe(0);
  expect(await places()).toEqual([]);
});

test('comments that silence nothing are listed on request', async () => {
  workIn(temporaryProject({ 'a.py': `${LEAK}x = 1  # leakscope: ignore[dict-cache]\n` }));
  expect((await report()).problems).toEqual([]);
  expect((await report('--report-unused-ignores')).problems).toEqual([
    { path: 'a.py', line: 3, message: 'the comment silences nothing: dict-cache' },
  ]);
});

test('every form goes to standard output or a file', async () => {
  const folder = workIn(temporaryProject({ 'a.py': LEAK }));
  expect((await scan('--format', 'github')).stdout).toMatch(/^::error file=a\.py,line=1,/);
  expect((await scan('--statistics')).stdout).toContain('mutable-default-grows');
  const written = await scan('--format', 'sarif', '--output', 'out.sarif');
  expect(written).toMatchObject({ exitCode: 1, stdout: '', stderr: 'wrote out.sarif\n' });
  expect(JSON.parse(readFileSync(join(folder, 'out.sarif'), 'utf8')).runs[0].results.length).toBe(1);
  const junit = (await scan('--format', 'junit')).stdout;
  expect(() => parseXml(junit)).not.toThrow();
});

test('rules are listed and explained', async () => {
  expect((await scan('--list-rules')).stdout).toContain('finalize-captures-self');
  expect((await scan('--explain', 'x07')).stdout).toMatch(/^# finalize-captures-self\n/);
  expect(await scan('--explain', 'nonsense')).toMatchObject({ exitCode: 2 });
});

test('the built program gives the same answer from workers, from this thread and from the cache', async () => {
  const filler = 'def f(a, b):\n    return [a, b]\n\n\n'.repeat(2000);
  const files = Object.fromEntries(Array.from({ length: 14 }, (_, i) => [`m${i}.py`, `${LEAK}${filler}`]));
  const folder = temporaryProject(files);
  const run = async (...words: readonly string[]) => {
    const options = { cwd: folder, env: { ...process.env, XDG_CACHE_HOME: join(folder, '.cache') } };
    const failed = await promisify(execFile)(PROGRAM, ['scan', '--json', ...words], options).catch((error) => error);
    return failed.stdout as string;
  };
  const fresh = await run();
  expect((JSON.parse(fresh) as ScanReport).findings.length).toBe(14);
  expect(existsSync(join(folder, '.cache/leakscope'))).toBe(true);
  expect(await run()).toBe(fresh);
  expect(await run('--no-cache')).toBe(fresh);
  workIn(folder);
  expect(JSON.parse(fresh)).toEqual(await report());
});

test('--watch scans again when a file changes, and ends with the last answer at Ctrl-C', async () => {
  const folder = temporaryProject({ 'a.py': FINE });
  const child = spawn(PROGRAM, ['scan', '--watch', '--no-cache'], { cwd: folder });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  await expect.poll(() => output, { timeout: 20_000 }).toContain('waiting for changes');
  expect(output).toContain('no leak found');
  mkdirSync(join(folder, 'new'));
  await expect.poll(() => output.split('waiting').length, { timeout: 20_000 }).toBeGreaterThan(2);
  writeFileSync(join(folder, 'new/b.py'), LEAK);
  await expect.poll(() => output, { timeout: 20_000 }).toContain('new/b.py:1:');
  child.kill('SIGINT');
  expect(await ended).toBe(1);
}, 60_000);

/** Python's own parser, which is there wherever these tests run. */
function parseXml(text: string): void {
  execFileSync('python3', ['-c', 'import sys, xml.dom.minidom as m; m.parseString(sys.stdin.buffer.read())'], {
    input: text,
  });
}
