// One file as rules see it: its tree, names and scopes (source/), an index of just this file for type inference, and the
// questions most rules ask. Answers that take a pass over the file are computed once, on first need.

import { isStatement, pushChildren } from '../source/ast-walk.ts';
import type { SourceFile } from '../source/growth-site-query.ts';
import type { ParseError } from '../source/parse.ts';
import type { Call, Expr, FunctionDef, Node } from '../source/python-ast.ts';
import { dottedName } from '../source/qualified-name.ts';
import type { ModuleSource, SourceIndex } from '../source/source-index.ts';
import { createSourceIndex, parsedFile, scopeOf } from '../source/source-index.ts';

/** What is known of the project around a file. */
export interface ProjectFacts {
  /** Distributions the project depends on, lower case: fixes use no package that is not there. */
  readonly dependencies: readonly string[];
  /** Oldest Python the project supports. */
  readonly minimumPython: readonly [major: number, minor: number];
}

export const UNKNOWN_PROJECT: ProjectFacts = { dependencies: [], minimumPython: [3, 8] };

export interface ScannedFile {
  readonly source: ModuleSource;
  /** Knows this file only: inference stops at its imports, with the imported name. */
  readonly index: SourceIndex;
  readonly project: ProjectFacts;
  readonly memo: Map<unknown, unknown>;
}

export interface OpenedFile {
  /** Undefined when nothing of it could be parsed. */
  readonly file: ScannedFile | undefined;
  readonly errors: readonly ParseError[];
}

/** Parses one file. What could not be parsed is in `errors`, beside what could. */
export function openFile(text: SourceFile, project: ProjectFacts): OpenedFile {
  const index = createSourceIndex([text]);
  const source = parsedFile(index, text);
  const errors = index.errors.get(text) ?? [];
  if (source === undefined) return { file: undefined, errors };
  const deep = tooDeepAt(source.scopes.module.node);
  if (deep !== undefined) {
    const message = `nested more than ${MAX_DEPTH} levels deep: not looked at`;
    return { file: undefined, errors: [...errors, { message, line: deep.line }] };
  }
  return { file: { source, index, project, memo: new Map() }, errors };
}

/** Rules look upwards from a node, which in a chain of a hundred thousand calls takes for ever. CPython compiles no such file. */
const MAX_DEPTH = 2_000;

/** The first node below more levels than are looked through. */
function tooDeepAt(root: Node): Node | undefined {
  const pending: Node[] = [root];
  const depths: number[] = [0];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const depth = depths.pop()! + 1;
    if (depth > MAX_DEPTH) return node;
    pushChildren(node, pending);
    while (depths.length < pending.length) depths.push(depth);
  }
  return undefined;
}

/** `compute(file)`, once for each file. */
export function oncePerFile<T>(compute: (file: ScannedFile) => T): (file: ScannedFile) => T {
  return (file) => {
    if (!file.memo.has(compute)) file.memo.set(compute, compute(file));
    return file.memo.get(compute) as T;
  };
}

/** Calls by the dotted name of what is called, import aliases undone (`functools.lru_cache`, `builtins.open`). */
export const callsByName = oncePerFile((file): ReadonlyMap<string, readonly Call[]> => {
  const calls = new Map<string, Call[]>();
  for (const call of file.source.calls) {
    const name = dottedName(file.source, call.func);
    if (name === undefined) continue;
    const known = calls.get(name);
    if (known === undefined) calls.set(name, [call]);
    else known.push(call);
  }
  return calls;
});

/** Whether an expression names one of `names`, import aliases undone. */
export function isNamed(file: ScannedFile, expr: Expr, ...names: readonly string[]): boolean {
  const name = dottedName(file.source, expr);
  return name !== undefined && names.includes(name);
}

export function keywordOf(call: Call, name: string): Expr | undefined {
  return call.keywords.find((keyword) => keyword.arg === name)?.value;
}

/** The function definition (no lambda) whose code runs `node`; undefined in module and class bodies. */
export function functionAround(file: ScannedFile, node: Node): FunctionDef | undefined {
  for (let scope = scopeOf(file.source, node); ; scope = scope.parent) {
    if (scope.kind === 'function') return scope.node as FunctionDef;
    if (scope.parent === undefined || scope.kind === 'class') return undefined;
  }
}

/** Qualified name of the function or class around; `<module>` at top level. */
export function contextOf(file: ScannedFile, node: Node): string {
  return scopeOf(file.source, node).qualname;
}

/** The loop whose body runs `node` again and again, within the same function. */
export function loopAround(node: Node): Node | undefined {
  let child = node;
  for (let parent = node.parent; parent !== undefined; child = parent, parent = parent.parent) {
    switch (parent.kind) {
      case 'For':
      case 'AsyncFor':
        if (parent.body.includes(child as never)) return parent;
        break;
      case 'While':
        if (child === parent.test || parent.body.includes(child as never)) return parent;
        break;
      case 'FunctionDef':
      case 'AsyncFunctionDef':
      case 'ClassDef':
        if (isStatement(child)) return undefined;
        break;
      case 'Lambda':
        return undefined;
      default:
    }
  }
  return undefined;
}

export function textOf(file: ScannedFile, node: Node): string {
  return file.source.text.slice(node.start, node.end);
}
