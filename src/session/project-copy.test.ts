import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { anyInterpreter } from '../../test/support/interpreters.ts';
import { copyProject } from './project-copy.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'leakscope-test-'));
  mkdirSync(join(root, 'shop/data'), { recursive: true });
  mkdirSync(join(root, '.venv/bin'), { recursive: true });
  writeFileSync(join(root, 'shop/__init__.py'), '');
  writeFileSync(join(root, 'shop/prices.py'), 'PRICE = 1\n');
  writeFileSync(join(root, 'shop/data/names.txt'), 'shirt\n');
  writeFileSync(
    join(root, 'run.py'),
    'import os, shop.prices\nprint(shop.prices.PRICE, open(os.path.join("shop", "data", "names.txt")).read().strip())\n',
  );
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

test('the copy runs with the changed file, the original is as it was', () => {
  const python = anyInterpreter().path;
  // Leaves compiled modules behind.
  execFileSync(python, ['run.py'], { cwd: root });
  const copy = copyProject(root, new Map([[join(root, 'shop/prices.py'), Buffer.from('PRICE = 2\n')]]));
  try {
    expect(execFileSync(python, ['run.py'], { cwd: copy.root, encoding: 'utf8' })).toBe('2 shirt\n');
    expect(readFileSync(join(root, 'shop/prices.py'), 'utf8')).toBe('PRICE = 1\n');
    expect(lstatSync(join(copy.root, '.venv')).isSymbolicLink()).toBe(true);
    expect(copy.inside(join(root, 'shop'))).toBe(join(copy.root, 'shop'));
    expect(copy.inside('/usr/bin/python3')).toBe('/usr/bin/python3');
    expect(copy.inside(`${root}-other/x.py`)).toBe(`${root}-other/x.py`);
  } finally {
    copy.remove();
  }
  expect(existsSync(copy.root)).toBe(false);
  expect(existsSync(join(root, 'shop/data/names.txt'))).toBe(true);
});

test('links that lead in circles or nowhere are kept as links', () => {
  symlinkSync(root, join(root, 'shop/circle'));
  symlinkSync('/nowhere/at/all', join(root, 'dangling'));
  const copy = copyProject(root, new Map());
  expect(lstatSync(join(copy.root, 'shop/circle')).isSymbolicLink()).toBe(true);
  expect(lstatSync(join(copy.root, 'dangling')).isSymbolicLink()).toBe(true);
  copy.remove();
});

test('what cannot be written leaves nothing behind and says so', () => {
  expect(() => copyProject(root, new Map([[join(root, 'no/such/folder.py'), Buffer.from('')]]))).toThrow(
    expect.objectContaining({ code: 'E_FILE_WRITE' }),
  );
});
