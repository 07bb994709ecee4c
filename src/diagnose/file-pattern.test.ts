// Patterns match what Python's own fnmatch matches, on random patterns and texts.

import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyInterpreter } from '../../test/support/interpreters.ts';
import { filePattern } from './file-pattern.ts';

const ASK = `
import fnmatch, json, sys
print(json.dumps([fnmatch.fnmatchcase(text, pattern) for pattern, text in json.load(sys.stdin)]))
`;

test('the same answers as fnmatch', () => {
  const character = fc.constantFrom(
    'a',
    'b',
    'c',
    '*',
    '?',
    '[',
    ']',
    '!',
    '-',
    '/',
    '.',
    '\n',
    '\u{1f40d}',
    'é',
    '^',
    '\\',
  );
  const word = (most: number) => fc.array(character, { maxLength: most }).map((parts) => parts.join(''));
  const random = fc.sample(fc.tuple(word(9), word(7)), { numRuns: 4000, seed: 5 });
  const chosen: [string, string][] = [
    ['*/shop/*', '/srv/shop/a.py'],
    ['*/shop/*', '/srv/shop'],
    ['[!a-c]*', 'd.py'],
    ['[]-a]', ']'],
    ['[!]]', 'x'],
    ['[a-]', '-'],
    ['[c-a]', 'b'],
    ['[!c-a]', 'b'],
    ['[', '['],
    ['*a*a*a*b', 'a'.repeat(40)],
    ['<frozen *>', '<frozen importlib._bootstrap>'],
  ];
  const pairs = [...chosen, ...random];
  const { stdout } = spawnSync(anyInterpreter().path, ['-c', ASK], { input: JSON.stringify(pairs), encoding: 'utf8' });
  const answers = JSON.parse(stdout) as boolean[];
  expect(answers.filter(Boolean).length).toBeGreaterThan(50);
  const wrong = pairs.filter(([pattern, text], i) => filePattern(pattern)(text) !== answers[i]);
  expect(wrong).toEqual([]);
});

test('a pattern of many runs takes no time', () => {
  const began = performance.now();
  expect(filePattern('*a'.repeat(200))('a'.repeat(5000).concat('b'))).toBe(false);
  expect(performance.now() - began).toBeLessThan(2000);
});
