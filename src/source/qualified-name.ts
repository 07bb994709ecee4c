// The dotted name an expression spells once import aliases are undone (`np.random.rand` is `numpy.random.rand`).
// Syntax and imports only: it says what was written, not what the name was re-exported from.

import type { Expr } from './python-ast.ts';
import type { ModuleSource } from './source-index.ts';
import { bindingOf, importedModule } from './source-index.ts';

/** Undefined unless the expression is a chain of attributes on an imported or built-in name. */
export function dottedName(source: ModuleSource, expr: Expr): string | undefined {
  const attributes: string[] = [];
  let root = expr;
  while (root.kind === 'Attribute') {
    attributes.push(root.attr);
    root = root.value;
  }
  if (root.kind !== 'Name') return undefined;
  const base = importedName(source, root);
  return base === undefined ? undefined : [base, ...attributes.reverse()].join('.');
}

function importedName(source: ModuleSource, name: Expr & { readonly kind: 'Name' }): string | undefined {
  const binding = bindingOf(source, name);
  if (binding === undefined) return `builtins.${name.id}`;
  for (const definition of binding.definitions) {
    if (definition.kind === 'import') return definition.module;
    if (definition.kind === 'import from') {
      return `${importedModule(source, definition.from)}.${definition.node.name}`;
    }
  }
  return undefined;
}
