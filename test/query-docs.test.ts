// docs/query-language.md has every word of the language, and its examples are read.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CONDITIONS, NUMBER_FIELDS, TEXT_FIELDS } from '../src/query/query-fields.ts';
import { parseQuery } from '../src/query/query-syntax.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/query-language.md'), 'utf8');

test('the page has a row for every field and condition, and no other', () => {
  const rows = [...page.matchAll(/^\| `([a-z-]+):?`/gm)].map((match) => match[1]);
  expect(rows.toSorted()).toEqual(
    [TEXT_FIELDS, NUMBER_FIELDS, CONDITIONS].flatMap((table) => Object.keys(table)).toSorted(),
  );
});

test('its examples are queries', () => {
  const block = /```\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
  const queries = block
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/)[0]!);
  expect(queries.length).toBeGreaterThan(4);
  for (const query of queries) expect(parseQuery(query).kind).not.toBe('all');
});
