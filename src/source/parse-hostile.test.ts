// Text that no one means well with: chains and nesting of any length, what is never closed, and programs mutated at random.
// It ends in a module whose nodes are where they say, whatever was wrong.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SYNTAX_SAMPLES } from '../../test/support/python-syntax.ts';
import { pushChildren, walk } from './ast-walk.ts';
import { type ParsedModule, parse } from './parse.ts';
import type { Node } from './python-ast.ts';

const MANY = 100_000;

function countOf({ module }: ParsedModule): number {
  let count = 0;
  walk(module!, () => count++);
  return count;
}

describe('chains of any length are read', () => {
  test.each([
    ['sums', `x = ${'1 + '.repeat(MANY)}1\n`],
    ['attributes', `x${'.a'.repeat(MANY)}\n`],
    ['calls', `x${'()'.repeat(MANY)}\n`],
    ['comparisons', `x = a${' < a'.repeat(MANY)}\n`],
    ['alternatives', `x = a${' or a'.repeat(MANY)}\n`],
    ['conditional expressions', `x = ${'a if b else '.repeat(MANY)}c\n`],
    ['f-strings', `x = (${'f"{a}b" '.repeat(MANY)})\n`],
    ['decorators', `${'@a\n'.repeat(MANY)}def f(): pass\n`],
    ['elif clauses', `if a: b\n${'elif a: b\n'.repeat(MANY / 10)}else: c\n`],
    ['patterns', `match x:\n    case ${'1 | '.repeat(MANY)}2: pass\n`],
  ])('%s', (_, text) => {
    const parsed = parse(text);
    expect(parsed.errors).toEqual([]);
    expect(countOf(parsed)).toBeGreaterThan(MANY / 10);
  });

  test('string concatenation', () => {
    const { module } = parse(`x = (${'"ab" '.repeat(MANY)})\n`);
    expect(module!.body).toMatchObject([{ value: { kind: 'Constant', value: 'ab'.repeat(MANY) } }]);
  });
});

describe('nesting is read to a limit', () => {
  test.each([
    ['brackets', `x = ${'['.repeat(200)}${']'.repeat(200)}\n`],
    ['f-strings', `x = ${'f"{'.repeat(200)}a${'}"'.repeat(200)}\n`],
    ['patterns', `match x:\n    case ${'['.repeat(200)}${']'.repeat(200)}: pass\n`],
    ['blocks', `${blocks(100)}${' '.repeat(100)}x = ${'('.repeat(200)}a${')'.repeat(200)}\n`],
    ['signs', `x = ${'-'.repeat(200)}a\n`],
  ])('%s within it', (_, text) => {
    expect(parse(text).errors).toEqual([]);
  });

  test.each([
    ['parentheses', `${'('.repeat(MANY)}${')'.repeat(MANY)}\n`, 'too many nested parentheses'],
    ['unclosed lists', `x = ${'['.repeat(MANY)}`, 'too many nested parentheses'],
    ['f-strings', 'x = f"""{'.repeat(MANY), "expected '}' in f-string"],
    ['signs', `x = ${'-'.repeat(MANY)}1\n`, 'too many nested expressions'],
    ['not', `x = ${'not '.repeat(MANY)}1\n`, 'too many nested expressions'],
    ['powers', `x = ${'a ** '.repeat(MANY)}1\n`, 'too many nested expressions'],
    ['lambdas', `x = ${'lambda: '.repeat(MANY)}1\n`, 'too many nested expressions'],
    ['blocks', blocks(2_000), "expected an indented block after 'if' statement on line 101"],
  ])('%s beyond it are an error', (_, text, message) => {
    expect(parse(text).errors[0]?.message).toBe(message);
  });
});

function blocks(depth: number): string {
  return Array.from({ length: depth }, (_, i) => `${' '.repeat(i)}if x:\n`).join('');
}

test.each([
  ['null characters', 'a\0b\n'.repeat(1_000)],
  ['an unclosed string', `x = """${'a\n'.repeat(10_000)}`],
  ['unclosed strings', 'x = f"{\n'.repeat(10_000)],
  ['unclosed brackets', 'x = (\ndef f(\n'.repeat(10_000)],
  ['unclosed with statements', 'with (a, \n'.repeat(10_000)],
  ['a lone surrogate', 'x = "\ud800"; \ud800 = 1\n'],
  ['a long line of spaces', `${' '.repeat(1_000_000)}$\n`],
  ['a long number', `x = ${'9'.repeat(1_000_000)}\n`],
  ['a long number like an octal one', `x = 0${'1'.repeat(MANY)}.5\n`],
  ['unclosed character names', `x = "${'\\N{'.repeat(MANY)}"\n`],
  ['a backslash at the end', 'x = 1 \\'],
])('%s end in a module', (_, text) => {
  expect(parse(text).module).toBeDefined();
});

/** What breaks programs: brackets, quotes, layout and keywords in the wrong place. */
const FRAGMENTS = [
  ...[
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    '"',
    "'",
    '"""',
    'f"',
    'f"""{',
    't"{',
    'rb"',
    '\\',
    '\\\n',
    '\n',
    '\r',
    '\t',
    '    ',
  ],
  ...[
    ' ',
    ':',
    '=',
    ':=',
    '!',
    '!r',
    '->',
    '*',
    '**',
    '@',
    ',',
    ';',
    '.',
    '...',
    '0x',
    '1_',
    '1e',
    '#',
    '`',
    '$',
    '\f',
  ],
  ...['if ', 'elif x:\n', 'else:', 'match x:\n', 'case ', 'type ', 'lazy ', 'import ', 'lambda ', 'async ', 'await '],
  ...['for x in ', 'def f(', 'class A', 'with (', 'yield ', 'not ', 'in ', 'is ', 'except* ', 'print '],
  ...['é', '😀', '\ud800', '\0', '\ufeff', '\u00a0'],
];
const PROGRAM = SYNTAX_SAMPLES.map(({ text }) => text).join('\n');

const mutation = fc.record({
  at: fc.nat(PROGRAM.length),
  removed: fc.oneof(fc.constant(0), fc.nat(20)),
  inserted: fc.constantFrom(...FRAGMENTS),
  times: fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat(40) }),
});

test('programs mutated at random end in a tree that holds together', () => {
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 8 }), (mutations) => {
      let text = PROGRAM;
      for (const { at, removed, inserted, times } of mutations) {
        text = text.slice(0, at) + inserted.repeat(times) + text.slice(at + removed);
      }
      const { module, comments } = parse(text);
      walk(module!, (node) => checkChildren(node, text));
      for (const { start, end } of comments) expect(text.slice(start, end)).toMatch(/^#[^\r\n]*$/);
    }),
    { seed: 758, numRuns: 300 },
  );
});

function checkChildren(node: Node, text: string): void {
  if (node.kind !== 'Module' && 'body' in node && Array.isArray(node.body)) expect(node.body).not.toHaveLength(0);
  const children: Node[] = [];
  pushChildren(node, children);
  for (const child of children) {
    if (child.parent !== node) throw new Error(`${child.kind} in ${node.kind} has another parent`);
    // Decorators stand before their definition.
    const isInside = child.start >= (isDecorator(child, node) ? 0 : node.start) && child.end <= node.end;
    if (!isInside || child.start > child.end || child.line > child.endLine || child.end > text.length) {
      throw new Error(`${child.kind} ${child.start}-${child.end} in ${node.kind} ${node.start}-${node.end}`);
    }
  }
}

function isDecorator(child: Node, node: Node): boolean {
  return 'decorator_list' in node && (node.decorator_list as readonly Node[]).includes(child);
}
