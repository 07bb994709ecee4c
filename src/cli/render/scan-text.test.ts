import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { cleanScan, leakyScan } from '../../../test/support/scan-reports.ts';
import type { ScanReport } from '../../protocol/scan.ts';
import { displayWidth } from './layout.ts';
import { createRenderStyle } from './render-style.ts';
import { renderScanStatistics } from './scan-statistics-text.ts';
import { renderScan } from './scan-text.ts';

function text(report: ScanReport, columns: number, verbose = false): string {
  return renderScan(report, createRenderStyle({ columns, verbose }));
}

test('findings: how many of what, then each with its line, evidence, remedy and fix', () => {
  expect(text(leakyScan, 140)).toMatchInlineSnapshot(`
    "2 leaks in 41 files, 5,210 lines: 1 unbounded cache, 1 open resource

    shop/users.py:31:6  C01 cache-on-method, high
      \`price_of\` is cached for the life of the class and its keys hold \`self\`: no instance is ever freed
       31 │ @functools.lru_cache(maxsize=None)
          │  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       32 │ def price_of(self, item):  ← \`self\` becomes part of every key
      107 │ price = store.price_of(item)  ← called here (shop/views.py)
        instead  keep the result on the object (\`cached_property\`)
        fix      leakscope fix shop/users.py:31 --unsafe  (Make it a static method with a bounded cache)

    shop/io & more, 100%.py:4:10  R01 open-not-closed, medium
      \`\\x1b[2Jhandle\` holds a file that is never closed
      4 │ handle =    open(
        │         ^^^^^^^^^
        instead  open it in a \`with\` statement
        fix      leakscope fix 'shop/io & more, 100%.py:4'  (Open the file in a with statement)

    not shown: 3 less sure (--confidence low) · 1 silenced by comments · 12 in the baseline
    problems:
      old.py:3: Missing parentheses
    "
  `);
});

test('in 80 columns', () => {
  expect(text(leakyScan, 80)).toMatchInlineSnapshot(`
    "2 leaks in 41 files, 5,210 lines: 1 unbounded cache, 1 open resource

    shop/users.py:31:6  C01 cache-on-method, high
      \`price_of\` is cached for the life of the class and its keys hold \`self\`: no
      instance is ever freed
       31 │ @functools.lru_cache(maxsize=None)
          │  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       32 │ def price_of(self, item):  ← \`self\` becomes part of every key
      107 │ price = store.price_of(item)  ← called here (shop/views.py)
        instead  keep the result on the object (\`cached_property\`)
        fix      leakscope fix shop/users.py:31 --unsafe
                 (Make it a static method with a bounded cache)

    shop/io & more, 100%.py:4:10  R01 open-not-closed, medium
      \`\\x1b[2Jhandle\` holds a file that is never closed
      4 │ handle =    open(
        │         ^^^^^^^^^
        instead  open it in a \`with\` statement
        fix      leakscope fix 'shop/io & more, 100%.py:4'
                 (Open the file in a with statement)

    not shown: 3 less sure (--confidence low) · 1 silenced by comments
               · 12 in the baseline
    problems:
      old.py:3: Missing parentheses
    "
  `);
});

test('nothing found', () => {
  expect(text(cleanScan, 80)).toMatchInlineSnapshot(`
    "no leak found in 41 files, 5,210 lines
    "
  `);
});

test('the inventory is a list', () => {
  const inventory = leakyScan.findings.slice(0, 1).map((finding) => ({ ...finding, confidence: 'low' as const }));
  expect(text({ ...cleanScan, inventory, hidden: { ...cleanScan.hidden, low: 4 } }, 80)).toMatchInlineSnapshot(`
    "no leak found in 41 files, 5,210 lines

    inventory: 1 container that can grow
      shop/users.py:31  C01 \`price_of\` is cached for the life of the class and its …

    not shown: 3 less sure (--confidence low)
    "
  `);
});

test('by rule', () => {
  expect(renderScanStatistics(leakyScan, createRenderStyle({ columns: 80 }))).toMatchInlineSnapshot(`
    "2 leaks in 41 files, 5,210 lines

    FINDINGS  HIGH  FIXES  CODE  RULE             CAUSE
           1     1      1  C01   cache-on-method  unbounded cache
           1     0      1  R01   open-not-closed  open resource
    "
  `);
});

test('no line is wider than asked for, but for places and commands to copy', () => {
  for (const columns of [80, 100, 140]) {
    for (const line of text(leakyScan, columns).split('\n')) {
      if (/^shop|leakscope fix/.test(line.trim().replace(/^fix +/, ''))) continue;
      expect(displayWidth(line), line).toBeLessThanOrEqual(columns);
    }
  }
});

test('colour changes nothing but colour', () => {
  const coloured = renderScan(leakyScan, createRenderStyle({ columns: 80, colour: true }));
  expect(coloured).not.toBe(text(leakyScan, 80));
  expect(stripVTControlCharacters(coloured)).toBe(text(leakyScan, 80));
});
