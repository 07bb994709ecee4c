// C04: an object that keeps a cache of its own bound method, and so refers to itself.

import { walk } from '../../../source/ast-walk.ts';
import type { Attribute, Call, Expr, FunctionDef, Node } from '../../../source/python-ast.ts';
import { bindingOf, type ClassInfo, enclosingFunction, type FunctionInfo } from '../../../source/source-index.ts';
import { hasFewInstances } from '../../lifetimes/instance-count.ts';
import type { Rule } from '../../rule.ts';
import { type ScannedFile, textOf } from '../../scanned-file.ts';
import { cacheAround, cacheMadeBy } from './cache-decorators.ts';

export const cacheBoundOnInstance: Rule = {
  name: 'cache-bound-on-instance',
  code: 'C04',
  cause: 'unbounded cache',
  sameAs: [],
  words: ['cache'],
  doc: {
    what: 'A cache of a bound method, or of a function that uses `self`, stored on `self`.',
    why: 'The object holds the cache, the cache holds the bound method, and the method holds the object. Nothing but the cycle collector frees such an object, with all its cached results. Where many are made, memory waits for collections that become rarer as the heap grows; where the collector is off, it is never freed.',
    evidence:
      'An attribute of `self` is given a memoizing decorator applied to a method of `self`, to a lambda or to an inner function that uses `self`. Medium; low where a fixed few objects of the class exist: enumeration members, singletons, objects that module variables keep.',
    fix: 'Keep plain values on the object: a `functools.cached_property` for a value without arguments, a bounded dictionary attribute for one with. Or cache a module function that takes just the values it needs. There is no automatic fix: which of these is right depends on the arguments.',
    ignore: 'The object lives as long as the process, or few are made.',
    example: {
      leaks: `
from functools import lru_cache

class Token:
    def __init__(self, text):
        self.text = text
        self.is_name = lru_cache(maxsize=None)(self._is_name)

    def _is_name(self):
        return self.text.isidentifier()
`,
      fine: `
from functools import cached_property

class Token:
    def __init__(self, text):
        self.text = text

    @cached_property
    def is_name(self):
        return self.text.isidentifier()
`,
    },
  },
  check(file, report) {
    for (const call of file.source.calls) {
      const wrapped = wrappedBy(file, call);
      const target = wrapped === undefined ? undefined : attributeAssigned(call);
      if (wrapped !== undefined && target !== undefined) check(target, call, wrapped);
    }
    for (const inner of file.source.functions) {
      const { node } = inner;
      if (node.kind === 'Lambda' || inner.class !== undefined || node.decorator_list.length === 0) continue;
      const cache = cacheAround(file, node.decorator_list);
      if (cache === undefined) continue;
      for (const name of file.source.names.get(node.name) ?? []) {
        const target = attributeAssigned(name);
        const isThis = bindingOf(file.source, name)?.definitions.some((definition) => definition.node === node);
        if (target !== undefined && isThis === true) check(target, cache.node, node);
      }
    }

    function check(target: Attribute, place: Expr, wrapped: Expr | FunctionDef): void {
      const cls = classOfReceiver(file, target);
      const self = target.value;
      if (cls === undefined || self.kind !== 'Name' || !holds(file, cls, wrapped, self.id)) return;
      const { module } = file.source;
      report({
        node: place,
        confidence: hasFewInstances(file, cls) ? 'low' : 'medium',
        message: `\`${textOf(file, target)}\` is a cache that holds \`${self.id}\`, which holds the cache: only the cycle collector frees the object`,
        remedy: 'keep the value in a `cached_property` or a dictionary attribute, or cache a function of plain values',
        evidence: [{ node: wrapped, text: `holds \`${self.id}\`` }],
        conditions: [{ condition: { kind: 'is not a singleton', module, className: cls.qualname }, otherwise: 'low' }],
        subject: { form: 'instance attribute', module, className: cls.qualname, name: target.attr },
      });
    }
  },
};

/** What a call caches: `lru_cache(maxsize=None)(f)`, `cache(f)`. */
function wrappedBy(file: ScannedFile, call: Call): Expr | undefined {
  const [wrapped] = call.args;
  if (wrapped === undefined || call.args.length !== 1) return undefined;
  const isFunction = wrapped.kind === 'Attribute' || wrapped.kind === 'Lambda' || wrapped.kind === 'Name';
  return isFunction && cacheMadeBy(file, call.func) !== undefined ? wrapped : undefined;
}

/** `self.f` of `self.f = value`. */
function attributeAssigned(value: Expr): Attribute | undefined {
  const { parent } = value;
  const target =
    parent?.kind === 'Assign' && parent.value === value
      ? parent.targets[0]
      : parent?.kind === 'AnnAssign' && parent.value === value
        ? parent.target
        : undefined;
  return target?.kind === 'Attribute' ? target : undefined;
}

/** The class whose method the attribute is stored in, when it is stored on the method's own object. */
function classOfReceiver(file: ScannedFile, target: Attribute): ClassInfo | undefined {
  const method = enclosingFunction(file.source, target);
  if (method?.class === undefined || method.role === 'static method' || method.role === 'class method')
    return undefined;
  return target.value.kind === 'Name' && target.value.id === receiverName(method) ? method.class : undefined;
}

function receiverName({ node: { args } }: FunctionInfo): string | undefined {
  return (args.posonlyargs[0] ?? args.args[0])?.arg;
}

/** Whether keeping the function keeps the object: its bound method, or a function over it. */
function holds(file: ScannedFile, cls: ClassInfo, wrapped: Expr | FunctionDef, self: string): boolean {
  switch (wrapped.kind) {
    case 'Attribute':
      return wrapped.value.kind === 'Name' && wrapped.value.id === self && isBound(file, cls, wrapped.attr);
    case 'Lambda':
      return uses(wrapped.body, self);
    case 'FunctionDef':
    case 'AsyncFunctionDef':
      return wrapped.body.some((statement) => uses(statement, self));
    case 'Name':
      return (bindingOf(file.source, wrapped)?.definitions ?? []).some(
        (definition) =>
          definition.kind === 'function' &&
          definition.scope.kind === 'function' &&
          definition.node.body.some((statement) => uses(statement, self)),
      );
    default:
      return false;
  }
}

/** A method of the class or, as far as this file tells, of its bases: no static method and no value set on the object. */
function isBound(file: ScannedFile, cls: ClassInfo, name: string): boolean {
  const own = cls.scope.bindings.get(name)?.definitions ?? [];
  if (own.length > 0) {
    return own.some(
      (definition) => definition.kind === 'function' && file.source.functionOf.get(definition.node)?.role === 'method',
    );
  }
  return cls.node.bases.length > 0 && !(file.source.attributes.get(name) ?? []).some(({ ctx }) => ctx === 'Store');
}

function uses(root: Node, name: string): boolean {
  let found = false;
  walk(root, (node) => {
    if (node.kind === 'Name' && node.id === name) found = true;
  });
  return found;
}
