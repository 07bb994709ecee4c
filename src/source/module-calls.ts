// Lines that run code of one named module or package, for leaks inside an extension: which calls may be losing memory.

import type { SourceSite } from './growth-site-query.ts';
import { isInLoop } from './holder-effects.ts';
import type { Expr, Node } from './python-ast.ts';
import { dottedName } from './qualified-name.ts';
import type { ModuleSource, SourceIndex } from './source-index.ts';
import { bindingOf, enclosingFunction, isLibraryPath, parsedFile } from './source-index.ts';
import { mergeSites, siteAt } from './source-site.ts';
import { inferValues } from './type-inference.ts';
import type { Value } from './value.ts';

export interface ModuleCallQuery {
  /** First part of the module's name: `ujson`, `pandas`. */
  readonly moduleRoot: string;
  readonly limit?: number;
}

const DEFAULT_LIMIT = 12;

/** Calls, subscripts and attribute look-ups that run the module's code, most direct first; application files only. */
export function findCallSites(index: SourceIndex, query: ModuleCallQuery): readonly SourceSite[] {
  const { moduleRoot } = query;
  const found: {
    readonly source: ModuleSource;
    readonly node: Node;
    readonly operation: string;
    readonly rank: number;
  }[] = [];
  for (const source of candidates(index, moduleRoot)) {
    const add = (node: Node, operation: string, directness: number) => {
      const once = enclosingFunction(source, node) === undefined && !isInLoop(node);
      found.push({ source, node, operation, rank: directness + (once ? 10 : 0) });
    };
    for (const call of source.calls) {
      const written = dottedName(source, call.func);
      if (written !== undefined && isUnder(written, moduleRoot)) add(call, 'call', 0);
      else if (comesFrom(index, source, call.func, moduleRoot)) add(call, 'method call', 1);
      else if (call.args.some((arg) => isObjectOf(index, source, arg, moduleRoot))) add(call, 'passed to a call', 2);
    }
    for (const node of source.subscripts) {
      if (isObjectOf(index, source, node.value, moduleRoot)) add(node, 'subscript', 1);
    }
  }
  found.sort((a, b) => a.rank - b.rank);
  // What runs once loses memory once.
  const repeated = found.filter(({ source, node }) => enclosingFunction(source, node) !== undefined || isInLoop(node));
  return mergeSites([
    (repeated.length > 0 ? repeated : found).map(({ source, node, operation }) =>
      siteAt(source, node, 'calls writer', operation),
    ),
  ]).slice(0, query.limit ?? DEFAULT_LIMIT);
}

/** Application files that name the module, or that use a variable such a file defines. */
function candidates(index: SourceIndex, root: string): readonly ModuleSource[] {
  const application = index.files.filter((file) => !isLibraryPath(file.path) && !isUnder(file.module, root));
  const direct = application.filter((file) => file.text.includes(root));
  const names = direct.map((file) => file.module.slice(file.module.lastIndexOf('.') + 1));
  const further = application.filter(
    (file) => !direct.includes(file) && names.some((name) => file.text.includes(name)),
  );
  return [...direct, ...further].flatMap((file) => parsedFile(index, file) ?? []);
}

function comesFrom(index: SourceIndex, source: ModuleSource, expr: Expr, root: string): boolean {
  const values = inferValues(index, source, expr);
  if (values.length > 0) return values.some((value) => isUnder(originOf(value), root));
  return isMadeBy(source, expr, root, MADE_BY_DEPTH);
}

/** Whether an expression of unknown type starts from the module: `engine = lib.create(); row = engine.run().first()`. */
function isMadeBy(source: ModuleSource, expr: Expr, root: string, depth: number): boolean {
  if (depth === 0) return false;
  const written = dottedName(source, expr);
  if (written !== undefined && isUnder(written, root)) return true;
  switch (expr.kind) {
    case 'Call':
      return isMadeBy(source, expr.func, root, depth - 1);
    case 'Attribute':
    case 'Subscript':
    case 'Await':
      return isMadeBy(source, expr.value, root, depth - 1);
    case 'Name':
      return (bindingOf(source, expr)?.definitions ?? []).some(
        (definition) => definition.kind === 'value' && isMadeBy(source, definition.value, root, depth - 1),
      );
    default:
      return false;
  }
}

/** Steps followed back from an object to the module that made it. */
const MADE_BY_DEPTH = 16;

/** Whether the expression is an object the module made, as against the module or one of its functions. */
function isObjectOf(index: SourceIndex, source: ModuleSource, expr: Expr, root: string): boolean {
  if (expr.kind === 'Constant') return false;
  const values = inferValues(index, source, expr);
  if (values.length === 0) return isMadeBy(source, expr, root, MADE_BY_DEPTH);
  return values.some(
    (value) =>
      isUnder(originOf(value), root) &&
      (value.kind === 'instance' ||
        (value.kind === 'external' && (value.called || dottedName(source, expr) === undefined))),
  );
}

function originOf(value: Value): string {
  switch (value.kind) {
    case 'module':
    case 'external':
      return value.name;
    case 'class':
    case 'instance':
      return value.class.file.module;
    case 'function':
      return value.function.file.module;
  }
}

function isUnder(name: string, root: string): boolean {
  return name === root || name.startsWith(`${root}.`);
}
