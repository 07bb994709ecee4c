// How many objects of a class there can be, and how many of them differ, as far as the class's own text says: members of
// an enumeration, classes themselves, singletons, objects that are equal by value.

import type { Expr } from '../../source/python-ast.ts';
import { dottedName } from '../../source/qualified-name.ts';
import type { ClassInfo } from '../../source/source-index.ts';
import { keywordOf, type ScannedFile } from '../scanned-file.ts';

/** Whether a fixed few objects of the class are ever made: enumeration members, classes, singletons, test cases. */
export function hasFewInstances(file: ScannedFile, cls: ClassInfo): boolean {
  const { bases, keywords, decorator_list } = cls.node;
  if (bases.some((base) => FEW_INSTANCES.test(lastName(file, base)))) return true;
  if (keywords.some(({ arg, value }) => arg === 'metaclass' && /singleton|enum/i.test(lastName(file, value))))
    return true;
  if (decorator_list.some((decorator) => /singleton/i.test(lastName(file, decorator)))) return true;
  return cls.scope.bindings.has('__new__') && [...cls.scope.bindings.keys()].some((name) => /^_*instance$/i.test(name));
}

/** Bases whose instances are enumeration members, classes, singletons, test cases or commands of a command line. */
const FEW_INSTANCES = /(?:Enum|Flag|^type|Meta|MetaClass|Metaclass|Singleton|TestCase|^(?:App|Base|Label)?Command)$/;

/** Whether equal objects of the class share one cache entry: it defines equality and hash, or is made of its values. */
export function isEqualByValue(file: ScannedFile, cls: ClassInfo): boolean {
  const { bindings } = cls.scope;
  if (bindings.has('__eq__') && bindings.has('__hash__')) return true;
  if (
    cls.node.bases.some((base) => /^(?:NamedTuple|str|int|float|bytes|tuple|frozenset)$/.test(lastName(file, base)))
  ) {
    return true;
  }
  return cls.node.decorator_list.some((decorator) => {
    const name = lastName(file, decorator);
    if (name === 'frozen') return true;
    if (decorator.kind !== 'Call') return false;
    return ['frozen', 'unsafe_hash'].some((option) => {
      const value = keywordOf(decorator, option);
      return value?.kind === 'Constant' && value.value === true;
    });
  });
}

/** Whether objects of the class may lack a `__dict__`, so that nothing can be kept on them by a new name. */
export function hasSlots(file: ScannedFile, cls: ClassInfo): boolean {
  return (
    cls.scope.bindings.has('__slots__') ||
    cls.node.bases.some((base) => lastName(file, base) === 'NamedTuple') ||
    cls.node.decorator_list.some(
      (decorator) =>
        lastName(file, decorator) === 'define' ||
        (decorator.kind === 'Call' && keywordOf(decorator, 'slots') !== undefined),
    )
  );
}

/** The last part of a name, of what is called, or of what is subscripted: `Generic` of `typing.Generic[T]`. */
function lastName(file: ScannedFile, expr: Expr): string {
  const named = expr.kind === 'Call' ? expr.func : expr.kind === 'Subscript' ? expr.value : expr;
  const name = dottedName(file.source, named);
  if (name !== undefined) return name.slice(name.lastIndexOf('.') + 1);
  return named.kind === 'Name' ? named.id : named.kind === 'Attribute' ? named.attr : '';
}
