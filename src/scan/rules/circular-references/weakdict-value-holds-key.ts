// X08: a WeakKeyDictionary whose value refers to its key, which therefore never goes away.

import { usesOf } from '../../../source/container-operations.ts';
import type { Expr, FunctionDef, Name } from '../../../source/python-ast.ts';
import { inferValues } from '../../../source/type-inference.ts';
import { holdsObject } from '../../lifetimes/held-objects.ts';
import { isInside } from '../../lifetimes/receivers.ts';
import type { Rule } from '../../rule.ts';
import { functionAround, type ScannedFile, textOf } from '../../scanned-file.ts';

export const weakdictValueHoldsKey: Rule = {
  name: 'weakdict-value-holds-key',
  code: 'X08',
  cause: 'circular reference',
  sameAs: [],
  words: ['WeakKeyDictionary'],
  doc: {
    what: 'An entry of a `weakref.WeakKeyDictionary` whose value refers to the key.',
    why: 'The dictionary holds its values strongly. A value that holds the key keeps it alive, so the entry is never removed: the dictionary grows like any other.',
    evidence:
      'The dictionary is known to be a `WeakKeyDictionary`, and the value is a container, bound method, closure or partial with the key in it, the key itself, an object that the function stores the key on, or one of a class of this file whose `__init__` stores that argument. High in all these cases.',
    fix: 'Let the value refer to the key through `weakref.ref(key)`, or store the value on the key object.',
    ignore: 'Never: the weak reference has no effect.',
    example: {
      leaks: `
import weakref

WRAPPERS = weakref.WeakKeyDictionary()

class Wrapper:
    def __init__(self, target):
        self.target = target

def wrap(target):
    WRAPPERS[target] = Wrapper(target)
`,
      fine: `
import weakref

WRAPPERS = weakref.WeakKeyDictionary()

class Wrapper:
    def __init__(self, target):
        self.target = weakref.ref(target)

def wrap(target):
    WRAPPERS[target] = Wrapper(target)
`,
    },
  },
  check(file, report) {
    for (const subscript of file.source.subscripts) {
      const { parent, slice } = subscript;
      if (subscript.ctx !== 'Store' || parent?.kind !== 'Assign' || slice.kind !== 'Name') continue;
      if (!holdsKey(file, parent.value, slice.id) || !isWeakKeyed(file, subscript.value)) continue;
      report({
        node: parent,
        confidence: 'high',
        message: `the value under \`${slice.id}\` refers to \`${slice.id}\`, so the entry of \`${textOf(file, subscript.value)}\` never goes away`,
        remedy: 'let the value hold `weakref.ref` of the key',
        evidence: [{ node: parent.value, text: `holds \`${slice.id}\`` }],
      });
    }
  },
};

function isWeakKeyed(file: ScannedFile, container: Expr): boolean {
  return inferValues(file.index, file.source, container).some(
    (value) => value.kind === 'external' && value.called && /(?:^|\.)WeakKeyDictionary$/.test(value.name),
  );
}

/** Whether the value certainly refers to the key's object. */
function holdsKey(file: ScannedFile, value: Expr, key: string): boolean {
  switch (value.kind) {
    case 'Tuple':
    case 'List':
    case 'Set':
      return value.elts.some((element) => element.kind === 'Name' && element.id === key);
    case 'Dict':
      return value.values.some((element) => element.kind === 'Name' && element.id === key);
    case 'Call':
      return holdsObject(file, value, key) || storesArgument(file, value, key);
    case 'Name':
      return holdsObject(file, value, key) || isGivenKey(file, value, key);
    default:
      return holdsObject(file, value, key);
  }
}

/** `value.loop = key` in the same function. */
function isGivenKey(file: ScannedFile, value: Name, key: string): boolean {
  const around = functionAround(file, value);
  return (
    around !== undefined &&
    (file.source.names.get(key) ?? []).some(({ parent, ctx }) => {
      if (ctx !== 'Load' || parent?.kind !== 'Assign' || !isInside(parent, around)) return false;
      const target = parent.targets[0]!;
      return target.kind === 'Attribute' && target.value.kind === 'Name' && target.value.id === value.id;
    })
  );
}

/** Whether the call makes an object of this file's class that stores the argument in an attribute, and nothing weaker. */
function storesArgument(file: ScannedFile, call: Expr & { readonly kind: 'Call' }, key: string): boolean {
  const position = call.args.findIndex((argument) => argument.kind === 'Name' && argument.id === key);
  if (position < 0) return false;
  return inferValues(file.index, file.source, call.func).some((value) => {
    const init = value.kind === 'class' ? value.class.scope.bindings.get('__init__')?.definitions[0] : undefined;
    return init?.kind === 'function' && keepsParameter(file, init.node, position);
  });
}

function keepsParameter(file: ScannedFile, init: FunctionDef, position: number): boolean {
  const parameter = [...init.args.posonlyargs, ...init.args.args][position + 1]?.arg;
  if (parameter === undefined) return false;
  return (file.source.names.get(parameter) ?? []).some(
    (name) =>
      isInside(name, init) && usesOf(name).some((use) => use.effect === 'alias' && use.target.kind === 'Attribute'),
  );
}
