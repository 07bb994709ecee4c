// What the syntax of a class or function says about it: methods, attributes its methods assign, expressions it returns.
// No inference: base classes and types are type-inference.ts's business.

import type { Attribute, Expr, Node } from './python-ast.ts';
import type { Definition } from './scopes.ts';
import { unpackedValue } from './scopes.ts';
import type { ClassInfo, FunctionInfo, ModuleSource } from './source-index.ts';
import { bindingOf } from './source-index.ts';

/** Definitions of one variable, attribute or return value that are looked at. */
export const MAX_DEFINITIONS = 8;

/** Places where the class's own methods (or module code naming the class) assign the attribute. */
export function attributeStores(cls: ClassInfo, name: string): readonly Attribute[] {
  return (cls.file.attributes.get(name) ?? []).filter((node) => {
    if (node.ctx !== 'Store' || node.value.kind !== 'Name') return false;
    const receiver = bindingOf(cls.file, node.value);
    return (
      receiver?.definitions.some(
        (definition) =>
          (definition.kind === 'parameter' && isReceiver(cls, definition)) ||
          (definition.kind === 'class' && definition.node === cls.node),
      ) ?? false
    );
  });
}

/** The expression assigned to a store target, where the source writes it out. */
export function assignedValue(target: Expr): Expr | undefined {
  const parent = target.parent;
  switch (parent?.kind) {
    case 'Assign':
    case 'AnnAssign':
    case 'NamedExpr':
      return parent.value;
    case 'withitem':
      return parent.context_expr;
    case 'Tuple':
    case 'List':
      return unpackedValue(parent, parent.elts.indexOf(target));
    default:
      return undefined;
  }
}

/** The expressions a function returns, without those of functions inside it. */
export function returnedExpressions(callee: FunctionInfo): readonly Expr[] {
  const { node } = callee;
  if (node.kind === 'Lambda') return [node.body];
  const found: Expr[] = [];
  const pending: Node[] = [...node.body];
  for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
    switch (current.kind) {
      case 'Return':
        if (current.value !== undefined) found.push(current.value);
        break;
      case 'If':
      case 'For':
      case 'AsyncFor':
      case 'While':
        pending.push(...current.body, ...current.orelse);
        break;
      case 'With':
      case 'AsyncWith':
      case 'ExceptHandler':
      case 'match_case':
        pending.push(...current.body);
        break;
      case 'Try':
      case 'TryStar':
        pending.push(...current.body, ...current.handlers, ...current.orelse, ...current.finalbody);
        break;
      case 'Match':
        pending.push(...current.cases);
        break;
      default:
    }
    if (found.length >= MAX_DEFINITIONS) break;
  }
  return found;
}

export function ownMethods(cls: ClassInfo, name: string): readonly FunctionInfo[] {
  const definitions = cls.scope.bindings.get(name)?.definitions ?? [];
  return definitions.flatMap((definition) => {
    const info = definition.kind === 'function' ? cls.file.functionOf.get(definition.node) : undefined;
    return info === undefined ? [] : [info];
  });
}

/** Whether a parameter is the `self` or `cls` of a method of the class. */
export function isReceiver(cls: ClassInfo, definition: Definition & { readonly kind: 'parameter' }): boolean {
  const owner = cls.file.functionOf.get(definition.scope.node);
  if (owner === undefined || owner.class !== cls || owner.role === 'static method' || owner.role === 'function')
    return false;
  const { args } = owner.node;
  return (args.posonlyargs[0] ?? args.args[0]) === definition.node;
}

export function classAround(source: ModuleSource, method: FunctionInfo): ClassInfo | undefined {
  for (let scope = method.scope.parent; scope !== undefined; scope = scope.parent) {
    if (scope.kind === 'class') return source.classOf.get(scope.node);
  }
  return undefined;
}
