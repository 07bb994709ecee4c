import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryProject, workIn, writeFiles } from '../../test/support/temporary-project.ts';
import { type ProjectScan, scanProject } from './project-scan.ts';
import { readScanCache, scanCachePath, writeScanCache } from './scan-cache.ts';

const LEAK = 'def add(item, items=[]):\n    items.append(item)\n';

function scan(cachePath: string | undefined, files: readonly string[] = ['a.py', 'b.py']): Promise<ProjectScan> {
  const signal = new AbortController().signal;
  return scanProject({ files, cachePath, withResults: false, signal, onProgress() {} });
}

function lines(project: ProjectScan): string[] {
  return project.files.flatMap(({ path, findings }) => findings.map(({ range }) => `${path}:${range.line}`));
}

/** Overwrites what is stored with results that a real scan would not give, to see which of the two is used. */
async function forge(cachePath: string): Promise<void> {
  const engine = JSON.parse(readFileSync(cachePath).toString('utf8').split('\n', 1)[0]!).engine as string;
  const stored = readScanCache(cachePath, engine)!;
  const files = stored.files.map((file) => ({ ...file, settled: { ...file.settled, findings: [] } }));
  const results = stored.results()!.map((result) => ({ ...result, drafts: [] }));
  await writeScanCache(cachePath, engine, files, results);
}

test('files that have not changed are not checked again, others are', async () => {
  const folder = workIn(temporaryProject({ 'a.py': LEAK, 'b.py': `\n${LEAK}` }));
  const cachePath = join(folder, 'cache/scan-0123456789abcdef.cache');
  expect(lines(await scan(cachePath))).toEqual(['a.py:1', 'b.py:2']);
  expect(lines(await scan(cachePath))).toEqual(['a.py:1', 'b.py:2']);
  await forge(cachePath);
  expect(lines(await scan(cachePath))).toEqual([]);
  writeFiles(folder, { 'b.py': `\n\n${LEAK}` });
  expect(lines(await scan(cachePath))).toEqual(['b.py:3']);
  expect(lines(await scan(cachePath, ['b.py']))).toEqual(['b.py:3']);
  expect(lines(await scan(undefined))).toEqual(['a.py:1', 'b.py:3']);
});

test('a manifest that changes what a fix may use makes results old', async () => {
  const folder = workIn(temporaryProject({ 'pyproject.toml': '', 'a.py': LEAK, 'b.py': '' }));
  const cachePath = join(folder, 'x.cache');
  await scan(cachePath);
  await forge(cachePath);
  expect(lines(await scan(cachePath))).toEqual([]);
  writeFiles(folder, { 'pyproject.toml': '[project]\ndependencies = ["cachetools"]\n' });
  expect(lines(await scan(cachePath))).toEqual(['a.py:1']);
});

test('what is damaged, foreign or of another engine is passed over and replaced', async () => {
  const folder = workIn(temporaryProject({ 'a.py': LEAK, 'b.py': '' }));
  const cachePath = join(folder, 'x.cache');
  await scan(cachePath);
  const whole = readFileSync(cachePath);
  const header = whole.indexOf('\n') + 1;
  const damaged = [
    Buffer.alloc(0),
    Buffer.from('{}\n'),
    Buffer.from('null\n'),
    whole.subarray(0, header + 5),
    whole.subarray(0, whole.length - 20),
    Buffer.concat([whole.subarray(0, header), Buffer.alloc(whole.length - header)]),
    Buffer.from(whole.toString('latin1').replace(/"engine":"[^"]*"/, '"engine":"other"'), 'latin1'),
  ];
  for (const bytes of damaged) {
    writeFileSync(cachePath, bytes);
    expect(lines(await scan(cachePath))).toEqual(['a.py:1']);
    writeFiles(folder, { 'b.py': `# ${bytes.length}\n` });
    expect(lines(await scan(cachePath))).toEqual(['a.py:1']);
    expect(readFileSync(cachePath).includes('leakscope-scan-1')).toBe(true);
  }
});

test('only what was used last is kept, and a folder that may not be written costs nothing but time', async () => {
  const folder = workIn(temporaryProject({ 'a.py': LEAK, 'b.py': '' }));
  const cache = join(folder, 'cache');
  mkdirSync(cache);
  for (let i = 0; i < 25; i++) {
    const path = join(cache, `scan-${i.toString(16).padStart(16, '0')}.cache`);
    writeFileSync(path, '');
    utimesSync(path, i, i);
  }
  writeFileSync(join(cache, 'of-another-program'), '');
  const own = scanCachePath(cache, ['.']);
  await scan(own);
  const left = readdirSync(cache);
  expect(left.length).toBe(21);
  expect(left).toContain('of-another-program');
  expect(left).not.toContain('scan-0000000000000000.cache');
  expect(statSync(own).mode & 0o777).toBe(0o600);
  expect(lines(await scan(join(folder, 'a.py/x.cache')))).toEqual(['a.py:1']);
});
