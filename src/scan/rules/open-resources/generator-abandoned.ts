// R17: a loop leaves a generator that holds something open across its yields, and does not close it.

import { walk } from '../../../source/ast-walk.ts';
import type { Call, For, FunctionDef, Node, WithItem } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { calleeOf } from '../../resources/resource-uses.ts';
import { OPENERS_BY_NAME } from '../../resources/resources.ts';
import type { Rule } from '../../rule.ts';
import { isNamed, oncePerFile, type ScannedFile, textOf } from '../../scanned-file.ts';

export const generatorAbandoned: Rule = {
  name: 'generator-abandoned',
  code: 'R17',
  cause: 'open resource',
  sameAs: [],
  words: ['yield'],
  doc: {
    what: 'A `break` or `return` out of a loop over a generator that holds a resource open while it yields.',
    why: 'The generator waits at its `yield` with the file, connection or lock it has opened, until somebody closes it. CPython closes a forgotten plain generator soon, but an `async` one only when the event loop gets to it, in another task; and never while a variable or traceback still refers to it.',
    evidence:
      'The generator is a function of the file with a `yield` in a `with` statement over a resource; the loop is left by `break` or `return`; the generator is made in the loop header, so that nothing can close it. Medium for `async` generators, low for plain ones.',
    fix: 'Make the generator in `with contextlib.closing(…)`, or `async with contextlib.aclosing(…)`. There is no automatic fix.',
    ignore: 'When the resource may stay open for a while.',
    example: {
      leaks: `
import aiohttp

async def lines(url):
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as response:
            async for line in response.content:
                yield line

async def first_line(url):
    async for line in lines(url):
        return line
`,
      fine: `
import aiohttp
import contextlib

async def lines(url):
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as response:
            async for line in response.content:
                yield line

async def first_line(url):
    async with contextlib.aclosing(lines(url)) as found:
        async for line in found:
            return line
`,
    },
  },
  check(file, report) {
    for (const call of file.source.calls) {
      const loop = call.parent;
      if ((loop?.kind !== 'For' && loop?.kind !== 'AsyncFor') || loop.iter !== call) continue;
      const held = heldBy(file, call);
      const leaving = held === undefined ? undefined : leavingOf(loop);
      if (held === undefined || leaving === undefined) continue;
      const callee = textOf(file, call.func);
      report({
        node: leaving,
        confidence: loop.kind === 'AsyncFor' ? 'medium' : 'low',
        message: `The loop is left here, but \`${callee}\` still waits at its \`yield\` with \`${short(file, held)}\` open`,
        remedy:
          loop.kind === 'AsyncFor'
            ? `loop over \`${callee}(…)\` in \`async with contextlib.aclosing(…)\``
            : `loop over \`${callee}(…)\` in \`with contextlib.closing(…)\``,
        evidence: [{ node: held, text: 'held open across the `yield`' }],
      });
    }
  },
};

/** What the generator that the call makes holds open while it yields. */
function heldBy(file: ScannedFile, call: Call): WithItem | undefined {
  const callee = calleeOf(file, call);
  if (callee === undefined || callee.node.kind === 'Lambda' || callee.node.decorator_list.length > 0) return undefined;
  return holdingGenerators(file).get(callee.node);
}

/** Functions that yield inside a `with` statement over a resource, and that statement's item. */
const holdingGenerators = oncePerFile((file): ReadonlyMap<FunctionDef, WithItem> => {
  const found = new Map<FunctionDef, WithItem>();
  for (const item of file.source.withItems) {
    const statement = item.parent;
    if (statement?.kind !== 'With' && statement?.kind !== 'AsyncWith') continue;
    if (!opens(file, item)) continue;
    const owner = functionYieldingIn(statement);
    if (owner !== undefined && !found.has(owner)) found.set(owner, item);
  }
  return found;
});

/** Whether entering it opens something: a resource of a library, or a response, connection or transaction. */
function opens(file: ScannedFile, { context_expr }: WithItem): boolean {
  if (context_expr.kind !== 'Call') return false;
  const name = dottedName(file.source, context_expr.func);
  if (name !== undefined && OPENERS_BY_NAME.has(name)) return true;
  if (isNamed(file, context_expr.func, 'contextlib.closing', 'contextlib.aclosing')) return true;
  const { func } = context_expr;
  return (
    func.kind === 'Attribute' && /^(?:open|connect|acquire|stream|transaction|cursor|session|request)$/.test(func.attr)
  );
}

/** The function around the statement, if it yields within it. */
function functionYieldingIn(statement: Node): FunctionDef | undefined {
  let yields = false;
  walk(statement, (node) => {
    yields ||= node.kind === 'Yield' && functionOf(node) === functionOf(statement);
  });
  return yields ? functionOf(statement) : undefined;
}

function functionOf(node: Node): FunctionDef | undefined {
  let around = node.parent;
  while (around !== undefined && around.kind !== 'FunctionDef' && around.kind !== 'AsyncFunctionDef') {
    if (around.kind === 'Lambda' || around.kind === 'ClassDef') return undefined;
    around = around.parent;
  }
  return around;
}

/** The first `break` or `return` that leaves the loop. */
function leavingOf(loop: For): Node | undefined {
  let found: Node | undefined;
  for (const statement of loop.body) {
    walk(statement, (node) => {
      const leaves = (node.kind === 'Break' && loopOf(node) === loop) || node.kind === 'Return';
      if (leaves && functionOf(node) === functionOf(loop)) found ??= node;
    });
  }
  return found;
}

function loopOf(node: Node): Node | undefined {
  let around = node.parent;
  while (around !== undefined && around.kind !== 'For' && around.kind !== 'AsyncFor' && around.kind !== 'While') {
    around = around.parent;
  }
  return around;
}

function short(file: ScannedFile, { context_expr }: WithItem): string {
  const text = textOf(file, context_expr);
  return text.length <= 50 && !/[\r\n]/.test(text) ? text : `${textOf(file, (context_expr as Call).func)}(…)`;
}
