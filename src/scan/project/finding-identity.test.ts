import { expect, test } from 'vitest';
import { checkFile } from '../check-file.ts';
import { RULES } from '../rules/catalogue.ts';
import { UNKNOWN_PROJECT } from '../scanned-file.ts';
import { selectFindings } from '../selection.ts';
import { findingIdentities } from './finding-identity.ts';
import { settleProject } from './settled-file.ts';

const ADD = 'def add(item, items=[]):\n    items.append(item)\n';

function identities(text: string): readonly string[] {
  const result = checkFile({ path: 'a.py', module: 'a', text }, RULES, { project: UNKNOWN_PROJECT, withFixes: false });
  const { findings } = selectFindings(settleProject([result]), RULES, {
    select: ['G03'],
    ignore: [],
    confidence: 'low',
    ignoredFor: () => [],
  });
  const lines = text.split('\n');
  const found = findingIdentities(findings, {
    pathOf: ({ path }) => path,
    lineOf: ({ range }) => lines[range.line - 1]!,
  });
  return [...found.values()];
}

test('lines above and indentation change nothing', () => {
  expect(identities(ADD).length).toBe(1);
  expect(identities(`import os\n\n\n${ADD}`)).toEqual(identities(ADD));
});

test('another line, and another of the same, is another finding', () => {
  expect(identities(ADD.replace('def add(item', 'def add(thing'))).not.toEqual(identities(ADD));
  const twice = identities(`${ADD}\n${ADD}`);
  expect(new Set(twice).size).toBe(2);
  expect(twice[0]).toBe(identities(ADD)[0]);
});
