import { expect, test } from 'vitest';
import { parse } from '../../source/parse.ts';
import type { ExprStmt } from '../../source/python-ast.ts';
import { knownTruth } from './resource-tests.ts';

function truth(text: string): boolean | undefined {
  const { module } = parse(text);
  return knownTruth((module!.body[0] as ExprStmt).value, (name) => name === 'f');
}

test.each([
  ['f', true],
  ['not f', false],
  ['f is None', false],
  ['f is not None', true],
  ['f != None', true],
  ['f.closed', false],
  ['not f.closed', true],
  ['f and not f.closed', true],
  ['f is None or other', undefined],
  ['f is not None or other', true],
  ['f is not None and other', undefined],
  ['f is None and other', false],
  ['f >= 0', true],
  ['f != -1', true],
  ['f == -1', false],
  ['f < 0', false],
  ['f == 0', undefined],
  ['f > 2', undefined],
  ['f is sys.stdin', undefined],
  ['other', undefined],
  ['other is None', undefined],
  ['(f := g()) is not None', true],
])('%s while f is open: %s', (text, expected) => {
  expect(truth(text)).toBe(expected);
});

test('deep conditions are not followed to their end', () => {
  expect(truth(`${'not '.repeat(50)}f`)).toBeUndefined();
});
