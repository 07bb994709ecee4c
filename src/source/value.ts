// The values type inference deals in: what an expression may evaluate to, as far as the source says.

import type { ClassInfo, FunctionInfo } from './source-index.ts';

/** What an expression may evaluate to, as far as the source says. */
export type Value =
  | { readonly kind: 'module'; readonly name: string }
  | { readonly kind: 'class'; readonly class: ClassInfo }
  | { readonly kind: 'instance'; readonly class: ClassInfo }
  | { readonly kind: 'function'; readonly function: FunctionInfo }
  /** Something outside the index by its dotted name (`collections.deque`), or the result of calling it. */
  | { readonly kind: 'external'; readonly name: string; readonly called: boolean };

export function instanceOf(value: Value): readonly Value[] {
  switch (value.kind) {
    case 'class':
      return [{ kind: 'instance', class: value.class }];
    case 'external':
      return [{ ...value, called: true }];
    default:
      return [];
  }
}

export function builtinInstance(name: string): Value {
  return { kind: 'external', name: `builtins.${name}`, called: true };
}

/** The values without repetitions, in order. */
export function distinctValues(values: readonly Value[]): readonly Value[] {
  if (values.length < 2) return values;
  const kept: Value[] = [];
  for (const value of values) {
    if (!kept.some((other) => sameValue(other, value))) kept.push(value);
  }
  return kept;
}

function sameValue(a: Value, b: Value): boolean {
  switch (a.kind) {
    case 'module':
      return b.kind === 'module' && a.name === b.name;
    case 'class':
    case 'instance':
      return b.kind === a.kind && a.class === b.class;
    case 'function':
      return b.kind === 'function' && a.function === b.function;
    case 'external':
      return b.kind === 'external' && a.name === b.name && a.called === b.called;
  }
}
