// Lines are named as Python names the code that runs them.

import { expect, test } from 'vitest';
import { functionAtLine } from './function-at-line.ts';

const TEXT = `import os
X = [1]
def outer(
    default=[],
):
    a = 1
    def inner():
        return [
            a,
        ]
    return inner
class Shop:
    items = []
    @property
    def total(self):
        return sum(i for i in self.items)
def short(): return {}
`;

test('the innermost body that holds the line is named', () => {
  const at = functionAtLine({ path: '/a.py', module: 'a', text: TEXT })!;
  expect([2, 4, 6, 7, 9, 11, 13, 14, 16, 17, 99].map(at)).toEqual([
    '<module>',
    '<module>',
    'outer',
    'outer',
    'outer.<locals>.inner',
    'outer',
    'Shop',
    'Shop',
    'Shop.total',
    'short',
    '<module>',
  ]);
});

test('a file without Python in it names nothing or the module', () => {
  const at = functionAtLine({ path: '/a.py', module: 'a', text: ')))((( ' });
  expect(at?.(1) ?? '<module>').toBe('<module>');
});
