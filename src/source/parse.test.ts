// What parse() promises: where nodes are, what constants are worth, and what a syntax error costs. Faithfulness to CPython
// is parse-cpython.test.ts's, hostile text parse-hostile.test.ts's.

import { describe, expect, test } from 'vitest';
import { SYNTAX_SAMPLES } from '../../test/support/python-syntax.ts';
import { walk } from './ast-walk.ts';
import { parse } from './parse.ts';
import type { Node } from './python-ast.ts';

function nodesOf(text: string, kind: Node['kind']): Node[] {
  const { module, errors } = parse(text);
  expect(errors).toEqual([]);
  const found: Node[] = [];
  walk(module!, (node) => {
    if (node.kind === kind) found.push(node);
  });
  return found;
}

describe('places', () => {
  test('offsets are UTF-16 units into the text given, lines count from 1', () => {
    const text = 'a = "é😀"; café(1)\r\nb = "x"\rfoo(\n  2)\n';
    const calls = nodesOf(text, 'Call');
    expect(calls.map((call) => [call.line, call.endLine, text.slice(call.start, call.end)])).toEqual([
      [1, 1, 'café(1)'],
      [3, 4, 'foo(\n  2)'],
    ]);
  });

  test('a byte order mark and form feeds do not move anything', () => {
    const text = '\ufeffalpha()\n\f\nbeta()\n\fgamma()\n';
    expect(nodesOf(text, 'Call').map((call) => [call.line, text.slice(call.start, call.end)])).toEqual([
      [1, 'alpha()'],
      [3, 'beta()'],
      [4, 'gamma()'],
    ]);
  });

  test('expressions inside f-strings have places', () => {
    const text = 'x = f"é {run(a)!r:>{width(b)}}"\n';
    expect(nodesOf(text, 'Call').map((call) => text.slice(call.start, call.end))).toEqual(['run(a)', 'width(b)']);
  });

  test('every node but the module knows its parent', () => {
    const { module } = parse('class A(B):\n    def f(self, *, x=1) -> int:\n        return [y for y in x if y]\n');
    walk(module!, (node) => {
      expect(node.parent === undefined).toBe(node.kind === 'Module');
    });
  });
});

describe('constants', () => {
  test.each<[string, unknown]>([
    ["'a' \"b\" '''c\nd'''", 'abc\nd'],
    [String.raw`'\x41\u00e9\U0001F600\101\0\q\\'`, 'Aé😀A\0\\q\\'],
    ["'a\\\nb\\\r\nc'", 'abc'],
    [String.raw`r'\n\''`, String.raw`\n\'`],
    ["'''a\r\nb\rc'''", 'a\nb\nc'],
    [String.raw`'\N{DIGIT ONE}'`, '\ufffd'],
    [String.raw`'\ud800'`, '\ud800'],
    ["b'a'", undefined],
    ['1_000', 1000],
    ['0xFF', 255],
    ['0b1_0', 2],
    ['1.5e3', 1500],
    ['9007199254740993', 9007199254740993n],
    ['0x20000000000001', 0x20000000000001n],
    ['2j', undefined],
    ['None', null],
    ['True', true],
    ['...', undefined],
  ])('%s', (text, value) => {
    const [constant] = nodesOf(`${text}\n`, 'Constant');
    expect(constant).toMatchObject({ value });
  });

  test('an integer too long to convert in linear time has no value', () => {
    expect(nodesOf('9'.repeat(5000), 'Constant')).toMatchObject([{ value: undefined }]);
  });
});

test('comments have their places, those in strings are none', () => {
  const text = '# é\nx = "# no"  # yes\n\nif x:  # here\r\n    # there\n    y = f"{x  # inside\n}"\n';
  expect(parse(text).comments.map(({ start, end, line }) => [line, text.slice(start, end)])).toEqual([
    [1, '# é'],
    [2, '# yes'],
    [4, '# here'],
    [5, '# there'],
    [6, '# inside'],
  ]);
});

describe('syntax by version', () => {
  test.each(SYNTAX_SAMPLES)('$name is read', ({ text }) => {
    expect(parse(text).errors).toEqual([]);
  });

  test('names are compared as Python does', () => {
    expect(nodesOf('ｗｉｄｔｈ = 1\n', 'Name')).toMatchObject([{ id: 'width' }]);
  });
});

describe('a syntax error', () => {
  /** What is called, in order: what was read. */
  function callsIn(text: string): string[] {
    const calls: string[] = [];
    walk(parse(text).module!, (node) => {
      if (node.kind === 'Call' && node.func.kind === 'Name') calls.push(node.func.id);
    });
    return calls;
  }

  const OCTAL = 'leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers';
  test.each([
    ['a statement', 'a()\nb() c()\nd()\n', 2, 'invalid syntax'],
    ['one statement of a line', 'a(); b() c()\nd()\n', 1, 'invalid syntax'],
    ['print', 'a()\nprint "b", b()\nd()\n', 2, "Missing parentheses in call to 'print'. Did you mean print(...)?"],
    ['an octal number', 'a()\nb(0777)\nd()\n', 2, OCTAL],
    ['a raise with a comma', 'a()\nraise b(), "b"\nd()\n', 2, 'invalid syntax'],
    ['a function', 'a()\ndef f(x, (y, z)):\n    b()\n    c()\nd()\n', 2, 'invalid syntax'],
    ['an assignment to a call', 'a()\nb() = 1\nd()\n', 2, 'cannot assign to function call'],
    ['a loop', 'a()\nfor x b():\n    c()\n    if x: c()\nelse:\n    c()\nd()\n', 2, "expected 'in'"],
    ['a function with nothing else', 'a()\ndef f():\n    b() c()\nd()\n', 3, 'invalid syntax'],
    ['a clause of an if', 'if x: a()\nelif b() y:\n    c()\nelse: d()\n', 2, "expected ':'"],
    ['a clause of a try', 'try: a()\nexcept b() y:\n    c()\nfinally: d()\n', 2, "expected ':'"],
    ['a clause of a match', 'match a():\n    case 1 2:\n        b()\n    case _: d()\n', 2, "expected ':'"],
    [
      'a statement inside blocks',
      'class A:\n    def f():\n        a()\n        b() c()\n    d()\n',
      4,
      'invalid syntax',
    ],
    ['a statement with a bracket left open', 'a()\nx = b(\n\ndef f():\n    d()\n', 2, "'(' was never closed"],
    ['one with a bracket too many', 'a()\nb())\nd()\n', 2, "unmatched ')'"],
    [
      'one whose brackets do not match',
      'a()\nb((1]\nd()\n',
      2,
      "closing parenthesis ']' does not match opening parenthesis '('",
    ],
    ['a statement of two lines', 'a()\nb(1 2,\n  c())\nd()\n', 2, 'invalid syntax. Perhaps you forgot a comma?'],
    ['an unterminated string', "a()\nb('x)\nd()\n", 2, 'unterminated string literal'],
    ['an f-string', 'a()\nb(f"{x y} {c()}")\nd()\n', 2, "expected '}' in f-string"],
    ['an f-string of several lines', 'a()\nx = f"""{x y}\n{c()\n"""\nd()\n', 2, "expected '}' in f-string"],
    ['an invalid character', 'a()\n“b()”\nd()\n', 2, "invalid character '“' (U+201C)"],
    ['bytes beside a string', 'a()\nb("x" b"y")\nd()\n', 2, 'cannot mix bytes and nonbytes literals'],
    ['a null character', 'a()\nb\0()\nd()\n', 2, 'source code cannot contain null bytes'],
  ])('costs %s, and says so', (_, text, line, message) => {
    expect(parse(text).errors).toEqual([{ message, line }]);
    expect(callsIn(text)).toEqual(['a', 'd']);
  });

  test.each([
    ['an unexpected indent', 'a()\n    b()\nc()\n', 2, 'unexpected indent'],
    ['a missing indent', 'if x:\na()\nb()\nc()\n', 2, "expected an indented block after 'if' statement on line 1"],
    [
      'a dedent to nowhere',
      'if x:\n        a()\n    b()\nc()\n',
      3,
      'unindent does not match any outer indentation level',
    ],
    ['tabs and spaces', 'if x:\n\ta()\n        b()\nc()\n', 3, 'inconsistent use of tabs and spaces in indentation'],
    ['a try alone', 'try: a()\nb()\nc()\n', 2, "expected 'except' or 'finally' block"],
  ])('of layout costs nothing below it: %s', (_, text, line, message) => {
    expect(parse(text).errors).toEqual([{ message, line }]);
    expect(callsIn(text)).toEqual(['a', 'b', 'c']);
  });

  test('is one of the first twenty, or counted', () => {
    const { errors } = parse('def (:\n'.repeat(1_000));
    expect(errors).toHaveLength(21);
    expect(errors.at(-1)).toEqual({ message: '980 more syntax errors', line: undefined });
  });
});

test('a file longer than the limit is refused', () => {
  const { module, errors } = parse('x = 1\n'.repeat(100), { maxLength: 100 });
  expect(module).toBeUndefined();
  expect(errors).toHaveLength(1);
});

test('an empty file is an empty module', () => {
  expect(parse('')).toMatchObject({ module: { kind: 'Module', body: [] }, errors: [] });
});
