import { expect, test } from 'vitest';
import { checkFile } from './check-file.ts';
import { settleProject } from './project/settled-file.ts';
import { RULES } from './rules/catalogue.ts';
import { UNKNOWN_PROJECT } from './scanned-file.ts';
import { rulesMatching, type SelectionOptions, selectFindings } from './selection.ts';

/** Findings of high confidence on lines 2 and 6, of two rules. */
const LEAKS = [
  'import weakref',
  'def add(item, items=[]):',
  '    items.append(item)',
  'class Pool:',
  '    def __init__(self):',
  '        weakref.finalize(self, self.close)',
  '    def close(self): pass',
];

function select(lines: readonly string[], options: Partial<SelectionOptions> = {}) {
  const result = checkFile({ path: 'shop/app.py', module: 'shop.app', text: lines.join('\n') }, RULES, {
    project: UNKNOWN_PROJECT,
    withFixes: false,
  });
  return selectFindings(settleProject([result]), RULES, {
    select: [],
    ignore: [],
    confidence: 'medium',
    ignoredFor: () => [],
    ...options,
  });
}

function shown(lines: readonly string[], options: Partial<SelectionOptions> = {}): string[] {
  return select(lines, options).findings.map(({ rule, range }) => `${range.line} ${rule}`);
}

/** The lines with a comment added to one of them. */
function withComment(line: number, comment: string): string[] {
  return LEAKS.map((text, i) => (i + 1 === line ? `${text}  ${comment}` : text));
}

const BOTH = ['2 mutable-default-grows', '6 finalize-captures-self'];

test('rules are chosen by name, code, beginning of a code, cause', () => {
  expect(shown(LEAKS)).toEqual(BOTH);
  for (const selector of ['mutable-default-grows', 'G03', 'g', 'G0', 'global-state', 'global state']) {
    expect(shown(LEAKS, { select: [selector] }), selector).toEqual(BOTH.slice(0, 1));
    expect(shown(LEAKS, { ignore: [selector] }), selector).toEqual(BOTH.slice(1));
  }
  expect(shown(LEAKS, { select: ['all'], ignore: ['X'] })).toEqual(BOTH.slice(0, 1));
  expect(rulesMatching(RULES, 'no-such-rule')).toEqual([]);
  expect(rulesMatching(RULES, 'mutable')).toEqual([]);
});

test('some rules are ignored in some files', () => {
  expect(shown(LEAKS, { ignoredFor: (path) => (path.startsWith('shop/') ? ['X07'] : []) })).toEqual(BOTH.slice(0, 1));
});

test('a comment on the line or alone above silences the rules it names, or all', () => {
  for (const comment of [
    '# leakscope: ignore',
    '# leakscope: ignore[G03]',
    '# LEAKSCOPE: ignore[x07, g03] on purpose',
  ]) {
    const selection = select(withComment(2, comment));
    expect(selection.findings.map(({ rule }) => rule)).toEqual(['finalize-captures-self']);
    expect(selection.suppressed.map(({ rule }) => rule)).toEqual(['mutable-default-grows']);
    expect(selection.unusedSuppressions).toEqual([]);
  }
  expect(shown([...LEAKS.slice(0, 1), '# leakscope: ignore[mutable-default-grows]', ...LEAKS.slice(1)])).toEqual([
    '7 finalize-captures-self',
  ]);
  expect(shown(withComment(2, '# type: ignore  # leakscope: ignore[G03]'))).toEqual(BOTH.slice(1));
});

test('a comment elsewhere or for another rule silences nothing, and is told', () => {
  expect(shown(withComment(1, '# leakscope: ignore'))).toEqual(BOTH);
  const selection = select(withComment(2, '# leakscope: ignore[dict-cache]'));
  expect(selection.findings.length).toBe(2);
  expect(selection.unusedSuppressions).toEqual([{ path: 'shop/app.py', line: 2, names: ['dict-cache'] }]);
});

test('noqa silences where its code means the same', () => {
  const rule = RULES.find(({ name }) => name === 'mutable-default-grows')!;
  expect(rule.sameAs).toContain('B006');
  expect(shown(withComment(2, '# noqa: B006'))).toEqual(BOTH.slice(1));
  expect(shown(withComment(2, '# noqa'))).toEqual(BOTH.slice(1));
  expect(shown(withComment(2, '# noqa: E501'))).toEqual(BOTH);
  expect(shown([...LEAKS.slice(0, 1), '# noqa', ...LEAKS.slice(1)]).length).toBe(2);
});

test('what is less sure than asked for is set aside', () => {
  const medium = ['class Store:', '    @lru_cache(maxsize=None)', '    def price(self, item): return item'];
  const lines = ['from functools import lru_cache', ...medium];
  const all = select(lines, { confidence: 'low' }).findings;
  expect(all.length).toBeGreaterThan(0);
  expect(all.every(({ confidence }) => confidence !== 'high')).toBe(true);
  const high = select(lines, { confidence: 'high' });
  expect(high.findings).toEqual([]);
  expect(high.lessSure.length).toBe(all.length);
});
