// Whether keeping the value of an expression keeps the object of a local name too: the name itself, its bound methods,
// closures and partials over it. Syntax and names only; what an unknown call does with an argument is not asked.

import { walk } from '../../source/ast-walk.ts';
import type { Call, Expr, Node } from '../../source/python-ast.ts';
import { bindingOf } from '../../source/source-index.ts';
import type { ScannedFile } from '../scanned-file.ts';

/** Partials within partials that are looked into. */
const MAX_DEPTH = 4;

/** Whether whoever keeps the value of `expr` keeps what `name` stands for at the same place. */
export function holdsObject(file: ScannedFile, expr: Expr, name: string, depth = 0): boolean {
  switch (expr.kind) {
    case 'Name':
      return expr.id === name || innerFunctionUses(file, expr, name);
    case 'Attribute':
      return expr.value.kind === 'Name' && expr.value.id === name && isMethodOfClassAround(file, expr);
    case 'Lambda':
      return mentions(expr.body, name) && ![...expr.args.args, ...expr.args.kwonlyargs].some(({ arg }) => arg === name);
    case 'Call':
      return depth < MAX_DEPTH && isPartial(expr) && expr.args.some((arg) => holdsObject(file, arg, name, depth + 1));
    default:
      return false;
  }
}

/** `self.release` is a bound method when the class around defines it; `self.path` is an attribute's value. */
export function isMethodOfClassAround(file: ScannedFile, attribute: Expr & { readonly kind: 'Attribute' }): boolean {
  for (let node: Node | undefined = attribute.parent; node !== undefined; node = node.parent) {
    if (node.kind !== 'ClassDef') continue;
    const definitions = file.source.classOf.get(node)?.scope.bindings.get(attribute.attr)?.definitions ?? [];
    return definitions.some(
      (definition) => definition.kind === 'function' && file.source.functionOf.get(definition.node)?.role === 'method',
    );
  }
  return false;
}

/** Whether the name is read anywhere below `root`. */
export function mentions(root: Node, name: string): boolean {
  let found = false;
  walk(root, (node) => {
    if (node.kind === 'Name' && node.id === name && node.ctx === 'Load') found = true;
  });
  return found;
}

function innerFunctionUses(file: ScannedFile, callback: Expr & { readonly kind: 'Name' }, name: string): boolean {
  const binding = bindingOf(file.source, callback);
  return (binding?.definitions ?? []).some(
    (definition) =>
      definition.kind === 'function' && binding!.scope.kind === 'function' && mentions(definition.node, name),
  );
}

function isPartial(call: Call): boolean {
  const { func } = call;
  return (func.kind === 'Name' && func.id === 'partial') || (func.kind === 'Attribute' && func.attr === 'partial');
}
