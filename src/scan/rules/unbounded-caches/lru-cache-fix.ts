// Turns a function that does nothing but get, miss, set on a dict of its own into one with functools.lru_cache.
// Only where the function is exactly that, its parameters are the key, and nobody else knows the dict.

import type { Expr, FunctionDef, Stmt } from '../../../source/python-ast.ts';
import { indentationAt, lineEndOf, lineStart, nextLineStart, useOf } from '../../edits/edits.ts';
import type { Edit, Fix } from '../../finding.ts';
import type { GrowingContainer } from '../../growth/growing-containers.ts';
import { type ScannedFile, textOf } from '../../scanned-file.ts';

const MAX_SIZE = 1024;

/** The function as a memoised one, and the dict gone; undefined unless all of it is plain. */
export function memoizeFunction(file: ScannedFile, growing: GrowingContainer): Fix | undefined {
  const { container, growth, uses } = growing;
  const callee = growth.function.node;
  if (container.form !== 'global' || !container.name.startsWith('_') || callee.kind !== 'FunctionDef') return undefined;
  const statement = container.target.parent;
  if (statement?.parent?.kind !== 'Module' || growth.function.scope.parent?.kind !== 'module') return undefined;
  if (!isEmptyDict(container.value) || callee.decorator_list.length > 0) return undefined;
  const line = { start: statement.start, end: nextLineStart(file.source.text, statement.end) };
  if (hasCommentIn(file, line)) return undefined;
  const key = keyOfParameters(callee);
  const cached = key === undefined ? undefined : cachedExpression(file, callee, container.name, key);
  if (cached === undefined) return undefined;
  // The dict's own assignment and the uses in the function are all there are.
  const isPrivate = [...uses.denoting].every(
    (expr) => expr === container.target || (expr.start >= callee.start && expr.end <= callee.end),
  );
  const cache = isPrivate ? useOf(file, 'functools', 'lru_cache') : undefined;
  if (cache === undefined) return undefined;
  return {
    title: `Cache \`${callee.name}\` with \`functools.lru_cache\` instead of \`${container.name}\``,
    safety: 'unsafe',
    edits: [
      removeLines(file, statement),
      ...cache.edits,
      decorate(file, callee, `@${cache.expression}(maxsize=${MAX_SIZE})`),
      replaceBody(callee, `return ${textOf(file, cached)}`),
    ],
  };
}

/** What is rewritten would lose its comments. */
function hasCommentIn(file: ScannedFile, stretch: { readonly start: number; readonly end: number }): boolean {
  return file.source.comments.some(({ start }) => start > stretch.start && start < stretch.end);
}

function isEmptyDict(value: Expr): boolean {
  return (
    (value.kind === 'Dict' && value.values.length === 0) ||
    (value.kind === 'Call' && value.args.length === 0 && value.keywords.length === 0)
  );
}

/** How the parameters together are written as a key: `name`, `(a, b)`. */
function keyOfParameters({ args }: FunctionDef): readonly string[] | undefined {
  if (args.vararg !== undefined || args.kwarg !== undefined || args.kwonlyargs.length > 0) return undefined;
  const names = [...args.posonlyargs, ...args.args].map(({ arg }) => arg);
  return names.length === 0 ? undefined : names;
}

function isKey(expr: Expr, names: readonly string[]): boolean {
  const parts = names.length === 1 ? [expr] : expr.kind === 'Tuple' ? expr.elts : [];
  return parts.length === names.length && parts.every((part, i) => part.kind === 'Name' && part.id === names[i]);
}

/** What the function computes for a key, where its body is one of the two plain forms and nothing else. */
function cachedExpression(
  file: ScannedFile,
  callee: FunctionDef,
  dict: string,
  key: readonly string[],
): Expr | undefined {
  const body = callee.body.filter((statement) => !isDocstring(statement));
  if (hasCommentIn(file, callee)) return undefined;
  return body.length === 2 ? afterMembership(body, dict, key) : afterGet(body, dict, key);
}

/** `if key not in C: C[key] = expr`, `return C[key]` */
function afterMembership([test, last]: readonly Stmt[], dict: string, key: readonly string[]): Expr | undefined {
  if (test?.kind !== 'If' || test.orelse.length > 0 || test.test.kind !== 'Compare') return undefined;
  const { left, ops, comparators } = test.test;
  const isMiss = ops[0] === 'NotIn' && isKey(left, key) && isDict(comparators[0]!, dict);
  const [store, ...more] = test.body;
  const returnsEntry = last?.kind === 'Return' && last.value !== undefined && isEntry(last.value, dict, key);
  return isMiss && more.length === 0 && returnsEntry ? storedValue(store, dict, key) : undefined;
}

/** `v = C.get(key)`, `if v is None: v = expr; C[key] = v`, `return v` */
function afterGet([get, test, last, ...more]: readonly Stmt[], dict: string, key: readonly string[]): Expr | undefined {
  if (more.length > 0 || get?.kind !== 'Assign' || get.targets.length !== 1) return undefined;
  const [variable] = get.targets;
  const call = get.value;
  if (variable?.kind !== 'Name' || call.kind !== 'Call' || call.func.kind !== 'Attribute') return undefined;
  if (call.func.attr !== 'get' || call.args.length !== 1 || !isDict(call.func.value, dict)) return undefined;
  if (!isKey(call.args[0]!, key) || last?.kind !== 'Return' || !isName(last.value, variable.id)) return undefined;
  if (test?.kind !== 'If' || test.orelse.length > 0 || test.body.length !== 2) return undefined;
  if (test.test.kind !== 'Compare' || test.test.ops[0] !== 'Is' || !isName(test.test.left, variable.id))
    return undefined;
  const [compute, store] = test.body;
  if (compute?.kind !== 'Assign' || compute.targets.length !== 1 || !isName(compute.targets[0], variable.id)) {
    return undefined;
  }
  const stored = storedValue(store, dict, key);
  return isName(stored, variable.id) ? compute.value : undefined;
}

function storedValue(store: Stmt | undefined, dict: string, key: readonly string[]): Expr | undefined {
  if (store?.kind !== 'Assign' || store.targets.length !== 1) return undefined;
  return isEntry(store.targets[0]!, dict, key) ? store.value : undefined;
}

function isEntry(expr: Expr, dict: string, key: readonly string[]): boolean {
  return expr.kind === 'Subscript' && isDict(expr.value, dict) && isKey(expr.slice, key);
}

function isDict(expr: Expr, dict: string): boolean {
  return isName(expr, dict);
}

function isName(expr: Expr | undefined, name: string): boolean {
  return expr?.kind === 'Name' && expr.id === name;
}

function isDocstring(statement: Stmt): boolean {
  return statement.kind === 'Expr' && statement.value.kind === 'Constant' && typeof statement.value.value === 'string';
}

/** The statement's lines, with one blank line that would be left over. */
function removeLines(file: ScannedFile, statement: { readonly start: number; readonly end: number }): Edit {
  const { text } = file.source;
  const start = lineStart(text, statement.start);
  const end = nextLineStart(text, statement.end);
  const isBlankBefore = start === 0 || /(?:\r\n|\r|\n)[ \t]*(?:\r\n|\r|\n)$/.test(text.slice(0, start));
  const blank = /^[ \t]*(?:\r\n|\r|\n)/.exec(text.slice(end));
  return { start, end: isBlankBefore && blank !== null ? end + blank[0].length : end, text: '' };
}

function decorate(file: ScannedFile, callee: FunctionDef, decorator: string): Edit {
  const { text } = file.source;
  return {
    start: callee.start,
    end: callee.start,
    text: decorator + lineEndOf(text) + indentationAt(text, callee.start),
  };
}

function replaceBody(callee: FunctionDef, statement: string): Edit {
  const body = callee.body.filter((part) => !isDocstring(part));
  return { start: body[0]!.start, end: body.at(-1)!.end, text: statement };
}
