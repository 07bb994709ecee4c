// R16: a context manager made from a generator, whose release after the `yield` an exception skips.

import { walk } from '../../../source/ast-walk.ts';
import type { Call, Expr, FunctionDef, Node, Stmt, Yield } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { indentationAt, indentationUnit, lineEndOf, lineStart, nextLineStart } from '../../edits/edits.ts';
import { hasOwnLines } from '../../edits/line-edits.ts';
import type { Edit, Fix } from '../../finding.ts';
import { blockWith } from '../../lifetimes/guards.ts';
import type { Rule } from '../../rule.ts';
import { isNamed, type ScannedFile, textOf } from '../../scanned-file.ts';

export const ctxmanagerNoFinally: Rule = {
  name: 'ctxmanager-no-finally',
  code: 'R16',
  cause: 'open resource',
  sameAs: ['RUF075'],
  words: ['contextmanager'],
  doc: {
    what: 'A `@contextmanager` function that releases something after its `yield`, but not in a `finally` block.',
    why: 'An exception in the body of the `with` statement is raised at the `yield`. What stands behind it is then skipped: the file stays open, the temporary directory stays, the entry stays in its list.',
    evidence:
      'Behind the `yield` stands a call that releases something made or added before (`close`, `release`, `rmtree`, `pop`, …), and neither a `finally` block nor a handler nor a `with` statement does the same when an exception comes. Medium, since it takes an exception.',
    fix: 'Put the `yield` into `try` and the release into `finally`; the automatic fix does where the release is all that follows.',
    ignore: 'When no body of a `with` statement over it can fail.',
    example: {
      leaks: `
import contextlib, shutil, tempfile

@contextlib.contextmanager
def workspace():
    path = tempfile.mkdtemp()
    yield path
    shutil.rmtree(path)
`,
      fine: `
import contextlib, shutil, tempfile

@contextlib.contextmanager
def workspace():
    path = tempfile.mkdtemp()
    try:
        yield path
    finally:
        shutil.rmtree(path)
`,
    },
  },
  check(file, report) {
    for (const { node } of file.source.functions) {
      if (node.kind === 'Lambda' || !isContextManager(file, node)) continue;
      for (const yielding of yieldsOf(node)) {
        const release = skippedRelease(file, node, yielding);
        if (release === undefined) continue;
        report({
          node: release,
          confidence: 'medium',
          message: `An exception in the \`with\` body is raised at the \`yield\` of \`${node.name}\` and skips \`${calledText(file, release)}\``,
          remedy: 'put the `yield` into `try` and this into `finally`',
          evidence: [{ node: yielding, text: 'the body of the `with` statement runs here' }],
          fix: () => finallyFix(file, yielding, release),
        });
        break;
      }
    }
  },
};

function isContextManager(file: ScannedFile, { decorator_list }: FunctionDef): boolean {
  return decorator_list.some((decorator) =>
    isNamed(file, decorator, 'contextlib.contextmanager', 'contextlib.asynccontextmanager'),
  );
}

/** The `yield`s that are statements of the function itself, alone or assigned. */
function yieldsOf(owner: FunctionDef): readonly Yield[] {
  const found: Yield[] = [];
  for (const statement of owner.body) {
    walk(statement, (node) => {
      if (node.kind === 'Yield' && isOwn(node, owner)) found.push(node);
    });
  }
  return found;
}

function isOwn(node: Node, owner: FunctionDef): boolean {
  for (let around = node.parent; around !== undefined; around = around.parent) {
    if (around === owner) return true;
    if (around.kind === 'FunctionDef' || around.kind === 'AsyncFunctionDef' || around.kind === 'Lambda') return false;
  }
  return false;
}

/** The first release behind the `yield` that an exception raised there skips, and that nothing else makes up for. */
function skippedRelease(file: ScannedFile, owner: FunctionDef, yielding: Yield): Call | undefined {
  const caught: Stmt[] = [];
  const entered: Expr[] = [];
  let child: Node = yielding;
  for (let parent = yielding.parent; parent !== undefined; child = parent, parent = parent.parent) {
    // The rest of a loop or a branch of another kind is not what follows.
    if (parent.kind === 'For' || parent.kind === 'AsyncFor' || parent.kind === 'While') return undefined;
    if (parent.kind === 'With' || parent.kind === 'AsyncWith') {
      entered.push(
        ...parent.items.flatMap(({ context_expr, optional_vars }) => [context_expr, optional_vars ?? []].flat()),
      );
    }
    if (parent.kind === 'Try' || parent.kind === 'TryStar') {
      if (!parent.body.includes(child as Stmt)) return undefined;
      // A handler that ends normally leads on to what follows.
      if (parent.handlers.some(({ body }) => body.at(-1)?.kind !== 'Raise')) return undefined;
      caught.push(...parent.finalbody, ...parent.handlers.flatMap(({ body }) => body));
    }
    const block = blockWith(parent, child);
    for (const statement of block.slice(block.indexOf(child as Stmt) + 1)) {
      const release = releaseIn(file, owner, yielding, statement);
      if (release !== undefined && !isMadeUpFor(file, release, caught, entered)) return release;
    }
    if (parent === owner) return undefined;
  }
  return undefined;
}

const RELEASING_FUNCTIONS: ReadonlySet<string> = new Set([
  'os.close',
  'os.remove',
  'os.unlink',
  'os.rmdir',
  'shutil.rmtree',
]);
const RELEASING_METHODS =
  /^(?:a?close|release|shutdown|disconnect|terminate|kill|cleanup|destroy|dispose|unlink|rmtree|rmdir|logout|quit|unregister|unsubscribe|removeHandler)$/;
/** Methods that take back what another method of the same object added. */
const TAKING_BACK: ReadonlyMap<string, RegExp> = new Map([
  ['pop', /^(?:append|push|insert|add|setdefault)$/],
  ['remove', /^(?:append|add|insert)$/],
  ['discard', /^add$/],
  ['popleft', /^appendleft$/],
  ['stop', /^start$/],
  ['disable', /^enable$/],
  ['detach', /^attach$/],
]);

/** A call of the statement that releases what was there before the `yield`. */
function releaseIn(file: ScannedFile, owner: FunctionDef, yielding: Yield, statement: Stmt): Call | undefined {
  let found: Call | undefined;
  walk(statement, (node) => {
    if (found !== undefined || node.kind !== 'Call') return;
    if (isRelease(file, owner, yielding, node)) found = node;
  });
  return found;
}

function isRelease(file: ScannedFile, owner: FunctionDef, yielding: Yield, call: Call): boolean {
  const { func } = call;
  const name = dottedName(file.source, func);
  if (name !== undefined && RELEASING_FUNCTIONS.has(name)) return isFromBefore(file, owner, yielding, call.args[0]);
  if (func.kind !== 'Attribute') return false;
  if (RELEASING_METHODS.test(func.attr)) return isFromBefore(file, owner, yielding, func.value);
  const adding = TAKING_BACK.get(func.attr);
  if (adding === undefined) return false;
  const receiver = textOf(file, func.value);
  return file.source.calls.some(
    ({ func: other, start, end }) =>
      other.kind === 'Attribute' &&
      adding.test(other.attr) &&
      start >= owner.start &&
      end <= yielding.start &&
      textOf(file, other.value) === receiver,
  );
}

/** Whether the thing is not made after the `yield`: what its name, or that of its object, stands for is older. */
function isFromBefore(file: ScannedFile, owner: FunctionDef, yielding: Yield, thing: Expr | undefined): boolean {
  let root = thing;
  while (root?.kind === 'Attribute') root = root.value;
  if (root?.kind !== 'Name') return false;
  const { id } = root;
  const stores = (file.source.names.get(id) ?? []).filter(
    ({ ctx, start, end }) => ctx === 'Store' && start >= owner.start && end <= owner.end,
  );
  if (stores.length === 0) return true;
  return stores.some(({ start }) => start < yielding.start) && !stores.some(({ start }) => start > yielding.start);
}

/** Whether a handler, a `finally` block or a `with` statement around the `yield` releases the same. */
function isMadeUpFor(file: ScannedFile, release: Call, caught: readonly Stmt[], entered: readonly Expr[]): boolean {
  const thing = thingOf(file, release);
  if (entered.some((manager) => textOf(file, manager).includes(thing))) return true;
  return caught.some((statement) => textOf(file, statement).includes(thing));
}

/** What is released, as written: `handle` of `handle.close()` and of `os.close(handle)`. */
function thingOf(file: ScannedFile, { func, args }: Call): string {
  const isMethod = func.kind === 'Attribute' && dottedName(file.source, func) === undefined;
  return textOf(file, isMethod ? func.value : (args[0] ?? func));
}

function calledText(file: ScannedFile, release: Call): string {
  const text = textOf(file, release);
  return text.length <= 60 && !/[\r\n]/.test(text) ? text : `${textOf(file, release.func).replace(/\s+/g, '')}(…)`;
}

/** `yield x` and the statements behind it in the same block become `try: yield x`, `finally:` and the statements. */
function finallyFix(file: ScannedFile, yielding: Yield, release: Call): Fix | undefined {
  const statement = yielding.parent;
  if (statement?.kind !== 'Expr' || statement.parent === undefined) return undefined;
  const block = blockWith(statement.parent, statement);
  const rest = block.slice(block.indexOf(statement) + 1);
  // Whatever else follows would run after exceptions too.
  if (rest.length === 0 || !rest.every((each) => each.kind === 'Expr' && isSimpleRelease(each.value))) return undefined;
  if (!rest.some((each) => each.start <= release.start && each.end >= release.end)) return undefined;
  const { text } = file.source;
  const lines = [statement, ...rest];
  if (!lines.every((each) => each.line === each.endLine && hasOwnLines(text, each))) return undefined;
  const indentation = indentationAt(text, statement.start);
  const unit = indentationUnit(text);
  const end = lineEndOf(text);
  const indented = lines.map(
    ({ start }): Edit => ({ start: lineStart(text, start), end: lineStart(text, start), text: unit }),
  );
  const [first, second, ...others] = indented;
  const finallyAt = nextLineStart(text, statement.end);
  return {
    title: 'Release it in a finally block',
    safety: 'unsafe',
    edits: [
      { ...first!, text: `${indentation}try:${end}${unit}` },
      ...(second!.start === finallyAt
        ? [{ ...second!, text: `${indentation}finally:${end}${unit}` }]
        : [{ start: finallyAt, end: finallyAt, text: `${indentation}finally:${end}` }, second!]),
      ...others,
    ],
  };
}

function isSimpleRelease(expr: Expr): boolean {
  return expr.kind === 'Call' || (expr.kind === 'Await' && expr.value.kind === 'Call');
}
