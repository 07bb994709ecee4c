import { describe, expect, test } from 'vitest';
import type { Call } from '../../source/python-ast.ts';
import { openFile, type ScannedFile, textOf, UNKNOWN_PROJECT } from '../scanned-file.ts';
import { decidingTests, isGuardedBy, isGuardedByOwnFlag } from './guards.ts';

/** The file, and the call of `target()` in it. */
function targetIn(text: string): { readonly file: ScannedFile; readonly call: Call } {
  const { file } = openFile({ path: 'app.py', module: 'app', text }, UNKNOWN_PROJECT);
  const call = file!.source.calls.find(({ func }) => func.kind === 'Name' && func.id === 'target')!;
  return { file: file!, call };
}

function testsOf(text: string): readonly string[] {
  const { file, call } = targetIn(text);
  return decidingTests(call).map((expr) => textOf(file, expr));
}

describe('decidingTests', () => {
  test('tests around and tests that leave the block before', () => {
    expect(
      testsOf(`
def f(a, b, c, d):
    if a:
        return
    while b:
        if c:
            continue
        x = target() if d else None
`),
    ).toEqual(['d', 'c', 'b', 'a']);
  });

  test('operands before it', () => {
    expect(testsOf('a and b and target()')).toEqual(['a', 'b']);
  });

  test('tests of other functions, later ones and ones that go on decide nothing', () => {
    expect(
      testsOf(`
if a:
    def f():
        if b:
            log()
        target()
        if c:
            return
`),
    ).toEqual([]);
  });

  test('a test does not decide about itself', () => {
    expect(testsOf('if target():\n    pass\n')).toEqual([]);
  });
});

test('isGuardedBy looks for names and attributes in the tests', () => {
  const { call } = targetIn('def f(log):\n    if not log.handlers:\n        target()\n');
  expect(isGuardedBy(call, (read) => read === 'handlers')).toBe(true);
  expect(isGuardedBy(call, (read) => read === 'log')).toBe(true);
  expect(isGuardedBy(call, (read) => read === 'other')).toBe(false);
});

describe('isGuardedByOwnFlag', () => {
  const isGuarded = (text: string) => {
    const { file, call } = targetIn(text);
    return isGuardedByOwnFlag(file, call);
  };

  test('globals and attributes that the function sets', () => {
    expect(isGuarded('def f():\n    global done\n    if done:\n        return\n    done = True\n    target()\n')).toBe(
      true,
    );
    expect(isGuarded('def f(self):\n    if not self.done:\n        self.done = True\n        target()\n')).toBe(true);
  });

  test('tests of what others set, and local names, are no flags', () => {
    expect(isGuarded('def f():\n    if done:\n        return\n    target()\n')).toBe(false);
    expect(isGuarded('def f(self):\n    done = self.done\n    if not done:\n        target()\n')).toBe(false);
    expect(isGuarded('if done:\n    target()\n')).toBe(false);
  });
});
