import { expect, test } from 'vitest';
import { checkFile } from './check-file.ts';
import type { Edit } from './finding.ts';
import type { Rule } from './rule.ts';
import { RULES } from './rules/catalogue.ts';
import { UNKNOWN_PROJECT } from './scanned-file.ts';

/** Finds calls of `bad`; its fix replaces the call by what the test says. */
function badCalls(replacement: (argument: string) => string): Rule {
  return {
    name: 'bad-call',
    code: 'X99',
    cause: 'open resource',
    sameAs: [],
    doc: { what: '', why: '', evidence: '', fix: '', ignore: '', example: { leaks: '', fine: '' } },
    check(file, report) {
      for (const call of file.source.calls) {
        if (call.func.kind !== 'Name' || call.func.id !== 'bad') continue;
        const argument = file.source.text.slice(call.args[0]!.start, call.args[0]!.end);
        const edit: Edit = { start: call.start, end: call.end, text: replacement(argument) };
        const fix = () => ({ title: 'Fix', safety: 'safe' as const, edits: [edit] });
        report({ node: call, confidence: 'high', message: 'bad', remedy: 'good', fix });
      }
    },
  };
}

function fixesIn(text: string, replacement: (argument: string) => string): boolean[] {
  const options = { project: UNKNOWN_PROJECT, withFixes: true };
  const result = checkFile({ path: 'a.py', module: 'a', text }, [badCalls(replacement)], options);
  return result.drafts.map(({ fix }) => fix !== undefined);
}

const THREE = 'bad(1)\nbad(2)\nbad(3)\n';

test('fixes that work are offered', () => {
  expect(fixesIn(THREE, (argument) => `good(${argument})`)).toEqual([true, true, true]);
});

test('one that breaks the file, leaves the finding or makes another is not, and spoils none of the rest', () => {
  for (const wrong of ['good(', 'bad(2)', 'bad(2), bad(4)', 'bad(0)']) {
    expect(fixesIn(THREE, (argument) => (argument === '2' ? wrong : `good(${argument})`))).toEqual([true, false, true]);
  }
});

test('fixes that cannot be made together are tried alone', () => {
  expect(fixesIn('bad(bad(1))\n', (argument) => `good(${argument.replaceAll('bad', 'good')})`)).toEqual([true, true]);
});

test('nothing is fixed in a file that does not parse wholly', () => {
  expect(fixesIn('bad(1)\ndef (:\n', () => 'good()')).toEqual([false]);
});

test('what is nested deeper than rules look is a problem of the file, and ends at once', () => {
  const text = `a${'()'.repeat(100_000)}\n`;
  const { drafts, errors } = checkFile({ path: 'a.py', module: 'a', text }, RULES, {
    project: UNKNOWN_PROJECT,
    withFixes: true,
  });
  expect(drafts).toEqual([]);
  expect(errors).toEqual([{ message: 'nested more than 2000 levels deep: not looked at', line: 1 }]);
});

test('thousands of classes with the same names are followed up to a limit', () => {
  const text = Array.from(
    { length: 4_000 },
    (_, i) => `class C${i}:\n    d = {}\n    def m(self, k):\n        self.d[k] = k\n`,
  ).join('');
  const { drafts } = checkFile({ path: 'a.py', module: 'a', text }, RULES, {
    project: UNKNOWN_PROJECT,
    withFixes: false,
  });
  // All of them would be found, in a time that grows with the square of their number.
  expect(drafts.length).toBeGreaterThan(0);
  expect(drafts.length).toBeLessThan(400);
});
