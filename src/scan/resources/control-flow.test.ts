import { expect, test } from 'vitest';
import { parse } from '../../source/parse.ts';
import type { Call, Node } from '../../source/python-ast.ts';
import { type ControlFlow, controlFlowOf, NOWHERE, RAISED, RETURNED } from './control-flow.ts';

function calls(name: string): (call: Node) => boolean {
  return (call) => call.kind === 'Call' && call.func.kind === 'Name' && call.func.id === name;
}

function flowOf(text: string): ControlFlow | undefined {
  const { module } = parse(text.replace(/^\n/, ''));
  return controlFlowOf(module!, module!.body, {
    mayRaise: (call: Call) => !calls('quiet')(call),
    neverReturns: calls('leave'),
    swallows: calls('suppress'),
  });
}

/** Edges between lines: `1 > 2`, `1 ! 4` for exceptions, `1 ~ 4` for abandoned generators; ends are called by name. */
function draw(text: string): readonly string[] {
  const flow = flowOf(text)!;
  const name = (point: number) => {
    if (point === RETURNED) return 'returned';
    if (point === RAISED) return 'raised';
    const role = flow.roles[point]!;
    return `${flow.nodes[point]!.line}${role === 'statement' ? '' : ` ${role}`}`;
  };
  const seen = new Set([flow.entry]);
  const drawn: string[] = [`> ${name(flow.entry)}`];
  for (const point of seen) {
    const next = flow.next[point]!;
    const line = [name(point)];
    if (next.length > 0) line.push('>', next.map(name).join(', '));
    if (flow.raised[point] !== NOWHERE)
      line.push(flow.raising[point] === 'call' ? '!' : '?', name(flow.raised[point]!));
    if (flow.abandoned[point] !== NOWHERE) line.push('~', name(flow.abandoned[point]!));
    if (point !== RETURNED && point !== RAISED) drawn.push(line.join(' '));
    for (const place of [...next, flow.raised[point]!, flow.abandoned[point]!]) if (place !== NOWHERE) seen.add(place);
  }
  return drawn;
}

test('calls raise out of the function, accesses may, names cannot', () => {
  expect(
    draw(`
a = f()
b = a.x
c = b
quiet()
`),
  ).toMatchInlineSnapshot(`
    [
      "> 1",
      "1 > 2 ! raised",
      "2 > 3 ? raised",
      "3 > 4",
      "4 > returned",
    ]
  `);
});

test('if, elif and else meet again', () => {
  expect(
    draw(`
if a:
    b
elif c:
    d
else:
    e
g
`),
  ).toMatchInlineSnapshot(`
    [
      "> 1 test",
      "1 test > 2, 3 test",
      "2 > 7",
      "3 test > 4, 6",
      "7 > returned",
      "4 > 7",
      "6 > 7",
    ]
  `);
});

test('loops: else, break and continue', () => {
  expect(
    draw(`
for x in xs:
    if x:
        break
    continue
else:
    a
while a:
    b
`),
  ).toMatchInlineSnapshot(`
    [
      "> 1 evaluate",
      "1 evaluate > 1 iterate",
      "1 iterate > 2 test, 6 ? raised",
      "2 test > 3, 4",
      "6 > 7 test",
      "3 > 7 test",
      "4 > 1 iterate",
      "7 test > 8, returned",
      "8 > 7 test",
    ]
  `);
});

test('an endless loop is only left by break', () => {
  expect(draw('while True:\n    if a:\n        break\nb')).toMatchInlineSnapshot(`
    [
      "> 1 test",
      "1 test > 2 test",
      "2 test > 3, 1 test",
      "3 > 4",
      "4 > returned",
    ]
  `);
  expect(draw('while True:\n    a')).toMatchInlineSnapshot(`
    [
      "> 1 test",
      "1 test > 2",
      "2 > 1 test",
    ]
  `);
});

test('exceptions go to the handlers, and on unless one takes all', () => {
  expect(
    draw(`
try:
    f()
except ValueError:
    a
except (KeyError, m.E):
    b
else:
    g()
c
`),
  ).toMatchInlineSnapshot(`
    [
      "> 2",
      "2 > 8 ! 1 dispatch",
      "8 > 9 ! raised",
      "1 dispatch > 3 handler, 5 handler, raised",
      "9 > returned",
      "3 handler > 4",
      "5 handler > 6",
      "4 > 9",
      "6 > 9",
    ]
  `);
  expect(draw('try:\n    f()\nexcept Exception:\n    raise\n')).toMatchInlineSnapshot(`
    [
      "> 2",
      "2 > returned ! 1 dispatch",
      "1 dispatch > 3 handler",
      "3 handler > 4",
      "4 ! raised",
    ]
  `);
  expect(draw('try:\n    f()\nexcept* OSError:\n    a\n')).toMatchInlineSnapshot(`
    [
      "> 2",
      "2 > returned ! 1 dispatch",
      "1 dispatch > 3 handler, raised",
      "3 handler > 4",
      "4 > returned",
    ]
  `);
});

test('finally is laid out for every way out', () => {
  expect(
    draw(`
for x in xs:
    try:
        if x:
            return f()
        elif y:
            break
        else:
            continue
    finally:
        a
b
`),
  ).toMatchInlineSnapshot(`
    [
      "> 1 evaluate",
      "1 evaluate > 1 iterate",
      "1 iterate > 3 test, 11 ? raised",
      "3 test > 4, 5 test",
      "11 > returned",
      "4 > 10 ! 10",
      "5 test > 6, 8",
      "10 > returned",
      "10 > raised",
      "6 > 10",
      "8 > 10",
      "10 > 11",
      "10 > 1 iterate",
    ]
  `);
});

test('with: exceptions pass its exit, and end there when it swallows them', () => {
  expect(draw('with f() as a, g():\n    h()\n    return 1\n')).toMatchInlineSnapshot(`
    [
      "> 1 enter",
      "1 enter > 1 enter ! raised",
      "1 enter > 2 ! 1 exit",
      "2 > 3 ! 1 exit",
      "1 exit > raised",
      "3 > 1 exit",
      "1 exit > 1 exit",
      "1 exit > 1 exit",
      "1 exit > returned",
    ]
  `);
  expect(draw('with suppress():\n    h()\na\n')).toMatchInlineSnapshot(`
    [
      "> 1 enter",
      "1 enter > 2 ! raised",
      "2 > 1 exit ! 1 exit",
      "1 exit > 3",
      "1 exit > raised, 3",
      "3 > returned",
    ]
  `);
});

test('a yield may be where the generator ends', () => {
  expect(draw('try:\n    yield a\nexcept Exception:\n    b\n')).toMatchInlineSnapshot(`
    [
      "> 2",
      "2 > returned ~ raised",
    ]
  `);
  expect(draw('try:\n    yield a\nfinally:\n    b\n')).toMatchInlineSnapshot(`
    [
      "> 2",
      "2 > 4 ~ 4",
      "4 > returned",
      "4 > raised",
    ]
  `);
  expect(draw('try:\n    yield a\nexcept BaseException:\n    b\n')).toMatchInlineSnapshot(`
    [
      "> 2",
      "2 > returned ~ 1 dispatch",
      "1 dispatch > 3 handler",
      "3 handler > 4",
      "4 > returned",
    ]
  `);
});

test('match: cases in turn, the catch-all is the last', () => {
  expect(
    draw('match a:\n    case 1:\n        b\n    case _ if c:\n        d\n    case e:\n        g\n'),
  ).toMatchInlineSnapshot(`
    [
      "> 1 evaluate",
      "1 evaluate > 1 test",
      "1 test > 3, 1 test",
      "3 > returned",
      "1 test > 5, 1 test",
      "5 > returned",
      "1 test > 7",
      "7 > returned",
    ]
  `);
  expect(draw('match a:\n    case [x, *_]:\n        b\nc\n')).toMatchInlineSnapshot(`
    [
      "> 1 evaluate",
      "1 evaluate > 1 test",
      "1 test > 3, 4",
      "3 > 4",
      "4 > returned",
    ]
  `);
});

test('what never returns has no way on', () => {
  expect(draw('leave()\na')).toMatchInlineSnapshot(`
    [
      "> 1",
      "1",
    ]
  `);
  expect(draw('raise a\nb')).toMatchInlineSnapshot(`
    [
      "> 1",
      "1 ! raised",
    ]
  `);
});

test('inner functions and lambdas do not run where they stand', () => {
  expect(draw('def f(a=g()):\n    h()\n    yield\nlambda: h()\n')).toMatchInlineSnapshot(`
    [
      "> 1",
      "1 > 4 ! raised",
      "4 > returned",
    ]
  `);
});

test('finally blocks that multiply have no graph; long chains do, and what the parser left of hostile nesting', () => {
  const nested = Array.from({ length: 101 }, (_, i) => `${' '.repeat(i)}if a:`).join('\n');
  expect(flowOf(`${nested}\n${' '.repeat(101)}pass`)!.nodes.length).toBeLessThan(500);
  const finals = (depth: number, indent: string): string =>
    depth === 0
      ? `${indent}return\n`
      : `${indent}try:\n${indent} if a:\n${indent}  return\n${finals(depth - 1, `${indent} `)}${indent}finally:\n${finals(depth - 1, `${indent} `)}`;
  expect(flowOf(finals(12, ''))).toBeUndefined();
  const chain = Array.from({ length: 3000 }, (_, i) => `elif a == ${i}:\n    b`).join('\n');
  expect(flowOf(`if a:\n    b\n${chain}`)!.nodes.length).toBeGreaterThan(6000);
});
