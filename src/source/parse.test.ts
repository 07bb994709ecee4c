// What parse() promises about text it cannot read, and where nodes are; faithfulness to CPython is parse-cpython.test.ts's.

import { describe, expect, test } from 'vitest';
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

describe('syntax by version', () => {
  test.each([
    ['PEP 572 (3.8)', 'if (n := 1): pass\n'],
    ['PEP 614 (3.9)', '@a[0].b\ndef f(): pass\n'],
    ['PEP 617 (3.10)', 'with (open(a) as x, open(b) as y):\n    pass\n'],
    ['PEP 634 (3.10)', 'match x:\n    case {"a": [1, *_], **rest} | None if y: pass\n    case P(x=1): pass\n'],
    ['PEP 654 (3.11)', 'try:\n    pass\nexcept* ValueError as e:\n    pass\n'],
    ['PEP 646 (3.11)', 'a[*b] = 1\ndef f(*args: *Ts): pass\n'],
    ['PEP 695 (3.12)', 'type A[T: int, *Ts, **P] = list[T]\ndef f[T](x: T) -> T: pass\nclass C[T]: pass\n'],
    ['PEP 701 (3.12)', 'x = f"{d["k"]} {f"{y}"}"\n'],
    ['PEP 696 (3.13)', 'class C[T = int]: pass\n'],
    ['PEP 758 (3.14)', 'try:\n    pass\nexcept f(a, b), C:\n    pass\nexcept A[x, y], B: pass\n'],
    ['PEP 750 (3.14)', 'x = t"hello {name!r}"\n'],
  ])('%s is read', (_, text) => {
    expect(parse(text).errors).toEqual([]);
  });

  test.each([
    ['PEP 798 (3.15): unpacking in comprehensions', 'lost = [*x for x in y]\n', 1],
    ['Python 2', 'print "lost"\n', 1],
  ])('%s costs its own statement only, and says so', (_, text, line) => {
    const { module, errors } = parse(`before()\n${text}after()\n`);
    expect(errors.map((error) => error.line)).toEqual([line + 1]);
    const calls: string[] = [];
    walk(module!, (node) => {
      if (node.kind === 'Call' && node.func.kind === 'Name') calls.push(node.func.id);
    });
    expect(calls).toEqual(['before', 'after']);
  });
});

describe('hostile text', () => {
  test.each([
    ['nested parentheses', `${'('.repeat(50_000)}${')'.repeat(50_000)}`],
    ['nested lists', `x = ${'['.repeat(50_000)}`],
    ['a long sum', `x = ${'1+'.repeat(50_000)}1\n`],
    ['long attribute chains', `x${'.a'.repeat(50_000)}\n`],
    ['nested blocks', Array.from({ length: 2_000 }, (_, i) => `${' '.repeat(i)}if x:\n`).join('')],
    ['unary operators', `x = ${'-'.repeat(50_000)}1\n`],
    ['null characters', 'a\0b\n'.repeat(1_000)],
    ['an unclosed string', `x = """${'a\n'.repeat(10_000)}`],
    ['a lone surrogate', 'x = "\ud800"\n'],
  ])('%s end in a tree or an error, never an exception', (_, text) => {
    const { module, errors } = parse(text);
    expect(module !== undefined || errors.length > 0).toBe(true);
  });

  test('a file longer than the limit is refused', () => {
    const { module, errors } = parse('x = 1\n'.repeat(100), { maxLength: 100 });
    expect(module).toBeUndefined();
    expect(errors).toHaveLength(1);
  });

  test('a file of nothing but errors is given up after a few', () => {
    const { module, errors } = parse('def (:\n'.repeat(1_000));
    expect(module).toBeUndefined();
    expect(errors.length).toBeLessThan(12);
  });

  test('an empty file is an empty module', () => {
    expect(parse('')).toMatchObject({ module: { kind: 'Module', body: [] }, errors: [] });
  });
});
