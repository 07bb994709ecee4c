// What every rule must be: named and coded once, documented, and true of its own example.

import { describe, expect, test } from 'vitest';
import { findingsIn } from '../../../test/support/scan-cases.ts';
import { RULES } from './catalogue.ts';

test('names and codes are unique and well formed', () => {
  expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
  expect(new Set(RULES.map(({ code }) => code)).size).toBe(RULES.length);
  for (const { name, code } of RULES) {
    expect(name).toMatch(/^[a-z]+(?:-[a-z]+)+$/);
    expect(code).toMatch(/^[CGLRX]\d\d$/);
  }
});

describe.each(RULES.map((rule) => [rule.name, rule] as const))('%s', (_, rule) => {
  test('finds its example, and nothing in the example without the leak', () => {
    expect(findingsIn(rule, rule.doc.example.leaks).length).toBeGreaterThan(0);
    expect(findingsIn(rule, rule.doc.example.fine)).toEqual([]);
  });

  test('says what it finds in words that need no manual', () => {
    for (const { message, remedy } of findingsIn(rule, rule.doc.example.leaks)) {
      expect(message).not.toMatch(/\.$/);
      expect(remedy).not.toMatch(/\.$/);
      expect(message.length).toBeLessThan(200);
    }
  });
});
