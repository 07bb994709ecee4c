import { expect, test } from 'vitest';
import { openFile, UNKNOWN_PROJECT } from '../scanned-file.ts';
import { applyEdits } from './edits.ts';
import { dropImportOf, useInsteadOf } from './import-edits.ts';

/** The text with the import of the first decorator's name dropped, or with `functools.lru_cache` used instead of it. */
function edited(text: string, edit: 'drop' | 'replace'): string | undefined {
  const file = openFile({ path: 'app.py', module: 'app', text }, UNKNOWN_PROJECT).file!;
  const decorator = file.source.functions.flatMap(({ node }) =>
    node.kind === 'Lambda' ? [] : node.decorator_list,
  )[0]!;
  if (edit === 'drop') return applyEdits(text, dropImportOf(file, decorator));
  const use = useInsteadOf(file, decorator, 'functools', 'lru_cache');
  return use && applyEdits(text, [...use.edits, { start: decorator.start, end: decorator.end, text: use.expression }]);
}

test('an import goes with its only use', () => {
  const use = '\n@cache\ndef f(x): pass\n';
  expect(edited(`from functools import cache${use}`, 'drop')).toBe(use.trimStart());
  expect(edited(`import os\n\nfrom functools import cache\n\nX = 1${use}`, 'drop')).toBe(`import os\n\nX = 1${use}`);
  expect(edited(`from functools import cache, wraps${use}`, 'drop')).toBe(`from functools import wraps${use}`);
  expect(edited(`from functools import wraps, cache${use}`, 'drop')).toBe(`from functools import wraps${use}`);
});

test('an import that something else needs stays', () => {
  for (const text of [
    'from functools import cache\n@cache\ndef f(x): pass\ng = cache(f)\n',
    'from functools import cache\n__all__ = ["cache"]\n@cache\ndef f(x): pass\n',
    'try:\n    from functools import cache\nexcept ImportError:\n    cache = None\n@cache\ndef f(x): pass\n',
    'import os; from functools import cache\n@cache\ndef f(x): pass\n',
  ]) {
    expect(edited(text, 'drop')).toBe(text);
  }
});

test('another name of the module takes the place of the old one, joins it, or is used through the module', () => {
  const use = '\n@cache\ndef f(x): pass\n';
  const used = '\n@lru_cache\ndef f(x): pass\n';
  expect(edited(`from functools import cache${use}`, 'replace')).toBe(`from functools import lru_cache${used}`);
  expect(edited(`from functools import cache, wraps${use}g = cache\n`, 'replace')).toBe(
    `from functools import cache, lru_cache, wraps${used}g = cache\n`,
  );
  expect(edited(`from functools import (\n    cache,\n)${use}g = cache\n`, 'replace')).toBe(
    `from functools import (\n    cache, lru_cache,\n)${used}g = cache\n`,
  );
  expect(edited(`import functools\n@functools.cache\ndef f(x): pass\n`, 'replace')).toBe(
    'import functools\n@functools.lru_cache\ndef f(x): pass\n',
  );
  expect(edited(`from functools import cache${use}lru_cache = cache\n`, 'replace')).toBe(
    `import functools\nfrom functools import cache\n@functools.lru_cache\ndef f(x): pass\nlru_cache = cache\n`,
  );
});
