import { expect, test } from 'vitest';
import { checkFile } from '../check-file.ts';
import { UNKNOWN_PROJECT } from '../scanned-file.ts';
import { resolveNames } from './name-resolution.ts';

function namesOf(files: Readonly<Record<string, string>>) {
  return resolveNames(
    Object.entries(files).map(([path, text]) => {
      const module = path
        .replace(/\.py$/, '')
        .replaceAll('/', '.')
        .replace(/\.__init__$/, '');
      return checkFile({ path, module, text }, [], { project: UNKNOWN_PROJECT, withFixes: false });
    }),
  );
}

test('a name is followed through re-exports and aliases to where it is defined', () => {
  const names = namesOf({
    'pkg/__init__.py': 'from .impl import work as run, Store\nfrom . import impl as inner\n',
    'pkg/impl.py': 'from .base import work\nclass Store:\n    def get(self): pass\n',
    'pkg/base.py': 'def work(): pass\n',
    'app.py': 'import pkg\nfrom pkg import run\n',
  });
  expect(names.resolve('app.run')).toBe('pkg.base.work');
  expect(names.resolve('app.pkg.run')).toBe('pkg.base.work');
  expect(names.resolve('pkg.inner.work')).toBe('pkg.base.work');
  expect(names.resolve('pkg.Store.get')).toBe('pkg.impl.Store.get');
  expect(names.functionFacts('pkg.Store.get')?.qualname).toBe('Store.get');
  expect(names.resolve('json.loads')).toBe('json.loads');
  expect(names.split('pkg.impl.Store.get')).toEqual(['pkg.impl', 'Store.get']);
});

test('names that import each other in a circle end somewhere', () => {
  const names = namesOf({ 'a.py': 'from b import x\n', 'b.py': 'from a import x\n', 'c.py': 'from c import y\n' });
  expect(names.resolve('a.x')).toMatch(/^[ab]\.x$/);
  expect(names.resolve('c.y')).toBe('c.y');
});
