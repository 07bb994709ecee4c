import { expect, test } from 'vitest';
import { codeFrame, markLine } from './code-frame.ts';

function frame(source: string, marked: string, width = 60): string {
  const column = source.indexOf(marked) + 1;
  const place = { line: 1, column, end_line: 1, end_column: column + marked.length };
  return codeFrame(markLine(source, place), width).join('\n');
}

test('carets stand under what is meant, whatever the columns its characters take', () => {
  expect(frame('    x = open(path)  # mine', 'open(path)')).toMatchInlineSnapshot(`
    "x = open(path)  # mine
        ^^^^^^^^^^"
  `);
  expect(frame('\tif a:\tb = open(c)', 'open(c)')).toMatchInlineSnapshot(`
    "if a:    b = open(c)
                 ^^^^^^^"
  `);
  expect(frame('名 = "日本", open(c)', 'open(c)')).toMatchInlineSnapshot(`
    "名 = "日本", open(c)
                 ^^^^^^^"
  `);
});

test('a long line is cut so that the mark is seen', () => {
  expect(frame(`handle_of_a_long_name = open("${'x'.repeat(80)}")`, 'open("', 40)).toMatchInlineSnapshot(`
    "…long_name = open("xxxxxxxxxxxxxxxxxxxx…
                 ^^^^^^"
  `);
  expect(frame(`value = [${'1, '.repeat(60)} open(path)]`, 'open(path)', 40)).toMatchInlineSnapshot(`
    "…, 1, 1, 1,  open(path)]
                 ^^^^^^^^^^"
  `);
});

test('what goes on in the next line is marked to the end of this one', () => {
  const marked = markLine('x = open(', { line: 1, column: 5, end_line: 3, end_column: 2 });
  expect(codeFrame(marked, 40)).toEqual(['x = open(', '    ^^^^^']);
});
