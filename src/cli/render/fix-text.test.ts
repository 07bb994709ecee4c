import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { leakyScan } from '../../../test/support/scan-reports.ts';
import type { FixReport } from '../../protocol/fix.ts';
import { renderFix } from './fix-text.ts';
import { createRenderStyle } from './render-style.ts';

const [unsafeFinding, safeFinding] = leakyScan.findings;

const report: FixReport = {
  schema: 'leakscope.fix/1',
  applied: false,
  files: [
    {
      path: 'shop/io.py',
      fixes: [
        {
          rule: 'open-not-closed',
          code: 'R01',
          line: 4,
          message: '`handle` holds a file that is never closed',
          title: 'Open the file in a with statement',
          safety: 'safe',
        },
      ],
      diff: '--- a/shop/io.py\n+++ b/shop/io.py\n@@ -4,1 +4,1 @@\n-\thandle = open(path)\n+\twith open(path) as handle:  # \u001b[2J\n',
    },
  ],
  needs_unsafe: false,
  remaining: [unsafeFinding!, { ...safeFinding!, fix: null }],
  problems: [],
};

function text(changed: Partial<FixReport>, columns: number): string {
  return renderFix({ ...report, ...changed }, createRenderStyle({ columns }));
}

test('what would be done, the diff, what is left', () => {
  expect(text({}, 140)).toMatchInlineSnapshot(`
    "would fix 1 leak in 1 file; --apply writes it
      shop/io.py:4  R01 open-not-closed: Open the file in a with statement

    --- a/shop/io.py
    +++ b/shop/io.py
    @@ -4,1 +4,1 @@
    -	handle = open(path)
    +	with open(path) as handle:  # \\x1b[2J

    2 leaks left:
      shop/users.py:31  C01 cache-on-method: \`price_of\` is cached for the life of the class and its keys hold \`self\`: no instance is ever freed
          with --unsafe: Make it a static method with a bounded cache
      shop/io & more, 100%.py:4  R01 open-not-closed: \`\\x1b[2Jhandle\` holds a file that is never closed
    "
  `);
});

test('in 80 columns, done', () => {
  expect(text({ applied: true, remaining: [unsafeFinding!] }, 80)).toMatchInlineSnapshot(`
    "fixed 1 leak in 1 file
      shop/io.py:4  R01 open-not-closed: Open the file in a with statement

    --- a/shop/io.py
    +++ b/shop/io.py
    @@ -4,1 +4,1 @@
    -	handle = open(path)
    +	with open(path) as handle:  # \\x1b[2J

    1 leak left:
      shop/users.py:31  C01 cache-on-method: \`price_of\` is cached for the life of t…
          with --unsafe: Make it a static method with a bounded cache
    "
  `);
});

test('ends of lines stay, or the diff would not apply', () => {
  const [file] = report.files;
  expect(text({ files: [{ ...file!, diff: '-\ta\r\n+\tb\r\n' }] }, 80)).toContain('\n-\ta\r\n+\tb\r\n');
});

test('nothing done', () => {
  expect(text({ files: [], remaining: [] }, 80)).toBe('nothing to fix\n');
  expect(text({ files: [], remaining: [{ ...safeFinding!, fix: null }] }, 80)).toMatch(/^no automatic fix\n/);
  expect(text({ needs_unsafe: true }, 80)).toContain('--unsafe --apply writes it');
});

test('colour changes nothing but colour', () => {
  const coloured = renderFix(report, createRenderStyle({ columns: 80, colour: true }));
  expect(coloured).not.toBe(text({}, 80));
  expect(stripVTControlCharacters(coloured)).toBe(text({}, 80));
});
