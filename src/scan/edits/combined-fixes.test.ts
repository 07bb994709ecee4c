import { expect, test } from 'vitest';
import type { DraftFinding, Edit } from '../finding.ts';
import { combineFixes } from './combined-fixes.ts';

function finding(name: string, ...edits: readonly Edit[]): DraftFinding {
  const range = { start: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 };
  return {
    rule: name,
    code: 'X01',
    range,
    message: '',
    confidence: 'high',
    context: '',
    evidence: [],
    remedy: '',
    conditions: [],
    subject: undefined,
    fix: { title: name, safety: 'safe', edits },
  };
}

const TEXT = 'one two three';

test('fixes of different places go together, and an import they share is added once', () => {
  const add = { start: 0, end: 0, text: 'import re\n' };
  const other = { start: 0, end: 0, text: 'import os\n' };
  const combined = combineFixes(TEXT, [
    finding('a', add, { start: 4, end: 7, text: '2' }),
    finding('b', add, other, { start: 8, end: 13, text: '3' }),
  ]);
  expect(combined?.text).toBe('import re\nimport os\none 2 3');
  expect(combined?.made.map(({ rule }) => rule)).toEqual(['a', 'b']);
});

test('one that touches another waits', () => {
  const combined = combineFixes(TEXT, [
    finding('a', { start: 4, end: 7, text: '2' }),
    finding('b', { start: 6, end: 9, text: '' }),
    finding('c', { start: 7, end: 7, text: '!' }),
    finding('d', { start: 0, end: 3, text: '1' }),
  ]);
  expect(combined?.text).toBe('1 2 three');
  expect(combined?.made.map(({ rule }) => rule)).toEqual(['a', 'd']);
});

test('without a fix there is nothing to combine', () => {
  expect(combineFixes(TEXT, [])).toBeUndefined();
  expect(combineFixes(TEXT, [{ ...finding('a'), fix: undefined }])).toBeUndefined();
});
