// leakscope fix as a user runs it: what it shows, what it writes, what it keeps, what it refuses.

import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { type FixReport, FixReportSchema } from '../../src/protocol/fix.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { temporaryProject, workIn } from '../support/temporary-project.ts';

/** R01, safe. */
const OPEN = 'def read(path):\n    f = open(path)\n    data = f.read()\n    return data\n';
const OPEN_FIXED = 'def read(path):\n    with open(path) as f:\n        data = f.read()\n    return data\n';
/** G03, unsafe. */
const DEFAULT = 'def add(item, items=[]):\n    items.append(item)\n';
const DEFAULT_FIXED = 'def add(item, items=None):\n    if items is None:\n        items = []\n    items.append(item)\n';

async function fix(...words: readonly string[]) {
  return runLeakscope(['fix', '--no-cache', ...words]);
}

async function report(...words: readonly string[]): Promise<FixReport> {
  return v.parse(FixReportSchema, JSON.parse((await fix('--json', ...words)).stdout));
}

function read(path: string): string {
  return readFileSync(path, 'utf8');
}

test('safe fixes are shown, and written when told to', async () => {
  workIn(temporaryProject({ 'a.py': OPEN, 'b.py': DEFAULT }));
  const shown = await fix();
  expect(shown.exitCode).toBe(1);
  expect(shown.stdout).toMatchInlineSnapshot(`
    "would fix 1 leak in 1 file; --apply writes it
      a.py:2  R01 open-not-closed: Open the file in a with statement

    --- a/a.py
    +++ b/a.py
    @@ -1,4 +1,4 @@
     def read(path):
    -    f = open(path)
    -    data = f.read()
    +    with open(path) as f:
    +        data = f.read()
         return data

    1 leak left:
      b.py:1  G03 mutable-default-grows: the default of \`items\` is one list for all calls of \`add\`, and calls add to it
          with --unsafe: Make the default None and the container in the function
    "
  `);
  expect(read('a.py')).toBe(OPEN);
  const applied = await fix('--apply');
  expect(applied.stdout).toContain('fixed 1 leak in 1 file');
  expect([read('a.py'), read('b.py')]).toEqual([OPEN_FIXED, DEFAULT]);
  expect(await fix('--apply', '--unsafe')).toMatchObject({ exitCode: 0 });
  expect(read('b.py')).toBe(DEFAULT_FIXED);
  expect(await fix()).toMatchObject({ exitCode: 0, stdout: 'nothing to fix\n' });
});

test('the diff can be applied by git, line ends of Windows included', async () => {
  const folder = workIn(
    temporaryProject({ 'a.py': OPEN, 'sub/crlf.py': OPEN.replaceAll('\n', '\r\n'), 'end.py': OPEN.trimEnd() }),
  );
  execFileSync('git', ['init', '-q'], { cwd: folder });
  const { stdout } = await fix();
  execFileSync('git', ['apply'], { cwd: folder, input: stdout });
  expect(read('a.py')).toBe(OPEN_FIXED);
  expect(read('sub/crlf.py')).toBe(OPEN_FIXED.replaceAll('\n', '\r\n'));
  expect(read('end.py')).toBe(OPEN_FIXED.trimEnd());
});

test('several findings of one file are fixed together, one after the other where they must', async () => {
  workIn(temporaryProject({ 'a.py': `${OPEN}\n\n${DEFAULT}\n\n${OPEN.replace('read', 'other')}` }));
  const { files, remaining, applied } = await report('--unsafe', '--apply');
  expect(applied).toBe(true);
  expect(files.map(({ fixes }) => fixes.length)).toEqual([3]);
  expect(remaining).toEqual([]);
  expect(read('a.py')).toBe(`${OPEN_FIXED}\n\n${DEFAULT_FIXED}\n\n${OPEN_FIXED.replace('read', 'other')}`);
});

test('FILE:LINE is one finding; an unsafe fix is shown and needs --unsafe to be written', async () => {
  const folder = workIn(temporaryProject({ 'a.py': `${DEFAULT}\n\n${DEFAULT.replace('add', 'put')}`, 'b.py': OPEN }));
  const shown = await fix('a.py:5:16', '--apply');
  expect(shown.exitCode).toBe(1);
  expect(shown.stdout).toContain('--unsafe --apply writes it');
  expect(shown.stdout).toContain('+def put(item, items=None):');
  expect(shown.stdout).not.toContain('+def add');
  expect(read('a.py')).toContain('put(item, items=[])');
  expect((await fix(join(folder, 'a.py:5'), '--unsafe', '--apply')).exitCode).toBe(0);
  expect(read('a.py')).toBe(`${DEFAULT}\n\n${DEFAULT_FIXED.replace('add', 'put')}`);
  expect(read('b.py')).toBe(OPEN);
  expect((await fix('--at', 'b.py:2', '--apply')).exitCode).toBe(0);
  expect(read('b.py')).toBe(OPEN_FIXED);
});

test('where nothing is found, it is told', async () => {
  workIn(temporaryProject({ 'a.py': OPEN }));
  expect(await fix('a.py:1')).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('E_NO_MATCH') });
  expect(await fix('a.py:2', 'a.py:3')).toMatchObject({ exitCode: 2 });
  expect(await fix('--at', 'gone.py:3')).toMatchObject({ exitCode: 2 });
});

test('permissions, encoding, byte order mark, line ends and links stay', async () => {
  const folder = workIn(
    temporaryProject({
      'bom.py': `\ufeff${OPEN.replaceAll('\n', '\r\n')}`,
      'latin.py': Buffer.from(`# coding: latin-1\n# \xe9\n${OPEN}`, 'latin1'),
      'koi.py': Buffer.concat([Buffer.from('# coding: koi8-r\n# '), Buffer.from([0xc1]), Buffer.from(`\n${OPEN}`)]),
      'real/target.py': OPEN,
    }),
  );
  chmodSync('bom.py', 0o755);
  chmodSync('latin.py', 0o666);
  symlinkSync('real/target.py', join(folder, 'link.py'));
  const { remaining } = await report('--apply');
  expect(readFileSync('bom.py')).toEqual(Buffer.from(`\ufeff${OPEN_FIXED.replaceAll('\n', '\r\n')}`));
  expect(readFileSync('latin.py').toString('latin1')).toBe(`# coding: latin-1\n# \xe9\n${OPEN_FIXED}`);
  expect([statSync('bom.py').mode & 0o777, statSync('latin.py').mode & 0o777]).toEqual([0o755, 0o666]);
  // Read, but not written: the encoding is not one of ours.
  expect(remaining.map(({ path }) => path)).toEqual(['koi.py']);
  expect(read('real/target.py')).toBe(OPEN_FIXED);
});

test('a link that is given is written through', async () => {
  const folder = workIn(temporaryProject({ 'real/target.py': OPEN }));
  symlinkSync('real/target.py', join(folder, 'link.py'));
  expect((await fix('link.py', '--apply')).exitCode).toBe(0);
  expect(lstatSync('link.py').isSymbolicLink()).toBe(true);
  expect(read('real/target.py')).toBe(OPEN_FIXED);
});

test('what the baseline knows is left alone', async () => {
  workIn(temporaryProject({ 'a.py': OPEN, 'pyproject.toml': '' }));
  expect((await runLeakscope(['scan', '--no-cache', '--write-baseline'])).exitCode).toBe(0);
  expect(await fix('--baseline', 'leakscope-baseline.json', '--apply')).toMatchObject({ exitCode: 0 });
  expect(read('a.py')).toBe(OPEN);
});

test('FILE:LINE is looked at with its own project only, wherever it is asked from', async () => {
  const folder = temporaryProject({
    'shop/pyproject.toml': '[project]\nname = "shop"\n',
    'shop/cart.py': DEFAULT,
    'broken/other.py': 'def (:\n',
    'elsewhere/here.py': '',
  });
  for (const [from, place] of [
    ['.', 'shop/cart.py'],
    ['shop', 'cart.py'],
    ['elsewhere', '../shop/cart.py'],
    ['elsewhere', join(folder, 'shop/cart.py')],
  ] as const) {
    workIn(join(folder, from));
    const { files, problems } = await report(`${place}:1`);
    expect([from, files.map(({ path }) => path), problems]).toEqual([from, [place], []]);
  }
});
