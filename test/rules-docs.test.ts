// docs/rules is written from the rules and committed: `npm run rules` writes it anew.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderRuleIndex, renderRulePage } from '../src/cli/render/rule-page.ts';
import { RULES } from '../src/scan/rules/catalogue.ts';

const FOLDER = '../docs/rules';

test.each(RULES.map((rule) => [rule.name, rule] as const))(
  'docs/rules/%s.md says what the rule says',
  async (name, rule) => {
    await expect(renderRulePage(rule)).toMatchFileSnapshot(`${FOLDER}/${name}.md`);
  },
);

test('docs/rules/README.md lists every rule', async () => {
  await expect(renderRuleIndex(RULES)).toMatchFileSnapshot(`${FOLDER}/README.md`);
});

test('no page is of a rule that is gone', () => {
  const pages = readdirSync(join(import.meta.dirname, FOLDER)).map((file) => file.replace(/\.md$/, ''));
  expect(pages.toSorted()).toEqual(['README', ...RULES.map(({ name }) => name)].toSorted());
});
