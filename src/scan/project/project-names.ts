// The names expressions have project-wide, by which facts of one file and of another find each other.

import type { Node } from '../../source/python-ast.ts';
import { dottedName } from '../../source/qualified-name.ts';
import { enclosingFunction } from '../../source/source-index.ts';
import type { ScannedFile } from '../scanned-file.ts';

/** The dotted name an expression has project-wide: imported names as imported, this module's own under its name. */
export function projectName(file: ScannedFile, expr: Node): string | undefined {
  if (expr.kind !== 'Name' && expr.kind !== 'Attribute') return undefined;
  const imported = dottedName(file.source, expr);
  if (imported !== undefined) return imported.startsWith('builtins.') ? undefined : imported;
  const attributes: string[] = [];
  let root: Node = expr;
  while (root.kind === 'Attribute') {
    attributes.push(root.attr);
    root = root.value;
  }
  if (root.kind !== 'Name') return undefined;
  const callee = enclosingFunction(file.source, expr);
  const first =
    callee?.class === undefined || callee.role === 'static method' ? undefined : firstParameter(callee.node);
  if (first !== undefined && root.id === first && callee?.class !== undefined) {
    return attributes.length === 1 ? `${file.source.module}.${callee.class.qualname}.${attributes[0]}` : undefined;
  }
  const binding = file.source.scopes.module.bindings.get(root.id);
  const isOwn = binding?.definitions.some(({ kind }) => kind === 'function' || kind === 'class' || kind === 'value');
  return isOwn === true ? [file.source.module, root.id, ...attributes.reverse()].join('.') : undefined;
}

export function firstParameter(node: {
  readonly args: {
    readonly posonlyargs: readonly { readonly arg: string }[];
    readonly args: readonly { readonly arg: string }[];
  };
}): string | undefined {
  return (node.args.posonlyargs[0] ?? node.args.args[0])?.arg;
}
