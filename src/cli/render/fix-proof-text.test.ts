import { expect, test } from 'vitest';
import { cacheFinding, healthyReport, inconclusiveReport, leakReport } from '../../../test/support/find-reports.ts';
import { compareRuns } from '../fix-proof.ts';
import { renderFixProof } from './fix-proof-text.ts';
import { createRenderStyle } from './render-style.ts';

const runs = {
  command: ['python', '-m', 'shop'],
  seconds: 30,
  files: new Set(['shop/users.py']),
  fixes: [{ rule: 'dict-cache', path: 'shop/users.py', line: 31, title: 'Bound the cache to 1,024 entries' }],
};

test('what no longer grows is proved, with the growth of both runs', () => {
  const proof = compareRuns(leakReport, healthyReport, runs);
  expect(proof.verdict).toBe('proved');
  expect(renderFixProof(proof, createRenderStyle({ columns: 100 }))).toMatchInlineSnapshot(`
    "PROVED  shop.users.user_cache grew +1.9 MB/min and no longer grows

    shop/users.py:31  dict-cache: Bound the cache to 1,024 entries

    what grew                  without    entries  with the fix  entries
    shop.users.user_cache  +1.9 MB/min  3,070/min      +0 B/min    0/min
    all live objects       +1.9 MB/min                 +0 B/min
    resident memory        +2.0 MB/min                 +0 B/min

    each run observed for 30 s; the project itself was not changed
    "
  `);
});

test('what still grows is not, and another leak is said beside a proof', () => {
  expect(compareRuns(leakReport, leakReport, runs).verdict).toBe('not proved');
  const other = { ...cacheFinding, holder: { ...cacheFinding.holder, name: 'shop.other' }, sites: [] };
  const before = { ...leakReport, findings: [cacheFinding, other] };
  const after = { ...leakReport, findings: [other] };
  const proof = compareRuns(before, after, runs);
  expect(proof.verdict).toBe('proved');
  expect(proof.summary).toMatch(/and no longer grows; shop\.other still grows$/);
});

test('a run that tells nothing proves nothing', () => {
  expect(compareRuns(healthyReport, healthyReport, runs).verdict).toBe('not reproduced');
  expect(compareRuns(leakReport, inconclusiveReport, runs).verdict).toBe('not proved');
});
