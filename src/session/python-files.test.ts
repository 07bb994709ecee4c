import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryProject, workIn } from '../../test/support/temporary-project.ts';
import { pathExclusion, pathMatcher } from './path-exclusion.ts';
import { collectPythonFiles } from './python-files.ts';

function collect(paths: readonly string[], patterns: readonly string[] = []): readonly string[] {
  const excluded = [{ folder: process.cwd(), patterns }];
  return collectPythonFiles(paths, { isExcluded: pathExclusion(excluded, paths) }).paths;
}

test('Python files are found, environments and what others built are not', () => {
  workIn(
    temporaryProject({
      'app.py': '',
      'gui.pyw': '',
      'types.pyi': '',
      'notes.txt': '',
      'pkg/__init__.py': '',
      'pkg/build/__init__.py': '',
      'pkg/build/steps.py': '',
      'build/lib/app.py': '',
      'dist/app.py': '',
      '.venv/lib/a.py': '',
      'myenv/pyvenv.cfg': '',
      'myenv/lib/a.py': '',
      'node_modules/x/a.py': '',
      '__pycache__/a.py': '',
      '.github/scripts/check.py': '',
    }),
  );
  expect(collect(['.'])).toEqual([
    '.github/scripts/check.py',
    'app.py',
    'gui.pyw',
    'pkg/__init__.py',
    'pkg/build/__init__.py',
    'pkg/build/steps.py',
  ]);
});

test('files and folders that are given are read whatever they are called, each once', () => {
  workIn(temporaryProject({ script: '', 'build/a.py': '', 'b.py': '' }));
  expect(collect(['script', './script', 'build', 'b.py', '.'])).toEqual(['b.py', 'build/a.py', 'script']);
  expect(collect([process.cwd(), 'b.py']).length).toBe(1);
  expect(collectPythonFiles(['gone'], { isExcluded: () => false }).problems).toEqual([
    { path: 'gone', message: 'does not exist' },
  ]);
});

test('links are not followed, so a loop of them ends', () => {
  const folder = workIn(temporaryProject({ 'a/b.py': '' }));
  symlinkSync(folder, join(folder, 'a/loop'));
  symlinkSync(join(folder, 'a/b.py'), join(folder, 'a/c.py'));
  expect(collect(['.'])).toEqual(['a/b.py']);
});

test('a repository decides what it ignores, the innermost file first', () => {
  const folder = workIn(
    temporaryProject({
      '.gitignore': 'generated/\n*_pb2.py\n',
      'a.py': '',
      'a_pb2.py': '',
      'generated/b.py': '',
      'sub/.gitignore': '!kept_pb2.py\nlocal.py\n',
      'sub/kept_pb2.py': '',
      'sub/local.py': '',
      'sub/other_pb2.py': '',
    }),
  );
  // Not yet a repository: the files mean nothing.
  expect(collect(['.']).length).toBe(6);
  execFileSync('git', ['init', '-q', folder]);
  expect(collect(['.'])).toEqual(['a.py', 'sub/kept_pb2.py']);
  expect(collect(['sub'])).toEqual(['sub/kept_pb2.py']);
  // Given, it is meant.
  expect(collect(['generated', 'a_pb2.py'])).toEqual(['a_pb2.py', 'generated/b.py']);
});

test('patterns leave out more, from their folder', () => {
  workIn(temporaryProject({ 'a.py': '', 'migrations/1.py': '', 'app/migrations/2.py': '', 'app/x_test.py': '' }));
  expect(collect(['.'], ['migrations/', '*_test.py'])).toEqual(['a.py']);
  expect(collect(['.'], ['/migrations'])).toEqual(['a.py', 'app/migrations/2.py', 'app/x_test.py']);
  const matches = pathMatcher(process.cwd(), ['app/']);
  expect([matches('app/x_test.py'), matches('a.py'), matches('../app/a.py')]).toEqual([true, false, false]);
});
