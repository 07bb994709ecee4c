import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryProject, workIn } from '../../test/support/temporary-project.ts';
import { LeakscopeError } from '../base/errors.ts';
import { readScanConfig } from './scan-config.ts';
import { scanSettings } from './scan-settings.ts';

const TABLE = `
[tool.leakscope]
select = ["C"]
confidence = "high"
exclude = ["vendor/"]
baseline = "known.json"
[tool.leakscope.per-file-ignores]
"tests/" = ["R"]
`;

function failure(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof LeakscopeError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'none';
}

test('the nearest table counts, and a flag goes before it', () => {
  const folder = workIn(
    temporaryProject({ 'pyproject.toml': TABLE, 'src/pyproject.toml': '[project]\n', 'src/a.py': '' }),
  );
  expect(readScanConfig(join(folder, 'src'))?.folder).toBe(folder);
  const settings = scanSettings({ paths: ['src'] });
  expect(settings.selection).toMatchObject({ select: ['C'], ignore: [], confidence: 'high' });
  expect(settings.selection.ignoredFor('tests/a.py')).toEqual(['R']);
  expect(settings.selection.ignoredFor('src/a.py')).toEqual([]);
  expect(settings.baseline).toBe(join(folder, 'known.json'));
  const flagged = scanSettings({ paths: ['src'], select: ['G'], confidence: 'low', baseline: 'other.json' });
  expect(flagged.selection).toMatchObject({ select: ['G'], confidence: 'low' });
  expect(flagged.baseline).toBe(join(folder, 'other.json'));
});

test.each([
  ['selct = ["C"]', /E_CONFIG: .*unknown key selct; there are select, ignore/],
  ['select = "C"', /E_CONFIG: .*select is not a list of strings/],
  ['confidence = "sure"', /E_CONFIG: .*confidence is none of high, medium, low/],
  ['ignore = [3]', /E_CONFIG: .*ignore.*is not a string/],
  ['ignore = ["no-such-rule"]', /E_CONFIG: no rule is called no-such-rule/],
  ['select = [', /E_CONFIG: .*line \d+ is not TOML/],
])('%s is a mistake that is told', (line, message) => {
  const folder = temporaryProject({ 'pyproject.toml': `[tool.leakscope]\n${line}\n` });
  expect(failure(() => scanSettings({ paths: [folder] }))).toMatch(message);
});

test('other tools’ tables are not ours to judge', () => {
  const folder = temporaryProject({ 'pyproject.toml': '[tool.other\n' });
  expect(failure(() => scanSettings({ paths: [folder] }))).toBe('none');
});

test('flags and paths that are wrong', () => {
  const folder = temporaryProject({});
  expect(failure(() => scanSettings({ paths: [folder], select: ['C99'] }))).toBe('E_USAGE: no rule is called C99');
  expect(failure(() => scanSettings({ paths: [join(folder, 'gone')] }))).toMatch(
    /^E_FILE_READ: .*gone does not exist$/,
  );
});
