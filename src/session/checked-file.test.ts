import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryProject } from '../../test/support/temporary-project.ts';
import type { Rule } from '../scan/rule.ts';
import { RULES } from '../scan/rules/catalogue.ts';
import { UNKNOWN_PROJECT } from '../scan/scanned-file.ts';
import { checkPath } from './checked-file.ts';

function check(text: string | Uint8Array, rules?: readonly Rule[]) {
  const path = join(temporaryProject({ 'a.py': text }), 'a.py');
  const outcome = checkPath({ path, module: 'a', project: UNKNOWN_PROJECT }, rules);
  if (outcome.kind !== 'checked') throw new Error(outcome.message);
  return outcome;
}

test('the lines that findings and evidence stand on are kept, cut where they are endless', () => {
  const { quoted, result } = check(`def add(a, items=[]):\r\n    items.append(a)  # ${'x'.repeat(5000)}\r\nz = 1\r\n`);
  expect(result.drafts.length).toBe(1);
  expect(Object.keys(quoted)).toEqual(['1', '2']);
  expect(quoted[1]).toBe('def add(a, items=[]):');
  expect(quoted[2]!.length).toBe(1000);
});

test('what is no text, and a rule that fails, are told of that file', () => {
  expect(check(new Uint8Array([0xff])).result.errors).toEqual([{ message: 'is not UTF-8 text', line: undefined }]);
  const { words: _, ...rule } = RULES[0]!;
  const failing: Rule = {
    ...rule,
    check() {
      throw new RangeError('Maximum call stack size exceeded');
    },
  };
  expect(check('x = 1', [failing]).result.errors[0]!.message).toMatch(/^leakscope failed on it.*call stack/);
});

test('a file that is gone is no result', () => {
  expect(checkPath({ path: '/nonexistent/a.py', module: 'a', project: UNKNOWN_PROJECT })).toEqual({
    kind: 'unreadable',
    path: '/nonexistent/a.py',
    message: 'does not exist',
  });
});
