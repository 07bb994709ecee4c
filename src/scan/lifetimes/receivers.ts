// The method around a place, and the name its object has there. Static and class methods have no object.

import type { Node } from '../../source/python-ast.ts';
import type { Scope } from '../../source/scopes.ts';
import type { ClassInfo, FunctionInfo } from '../../source/source-index.ts';
import { scopeOf } from '../../source/source-index.ts';
import type { Conditional } from '../finding.ts';
import type { ScannedFile } from '../scanned-file.ts';

export interface Receiver {
  readonly method: FunctionInfo;
  readonly cls: ClassInfo;
  /** `self`, as this method spells it. */
  readonly name: string;
}

/** The method that runs `node`, or defines the function that does. */
export function receiverAround(file: ScannedFile, node: Node): Receiver | undefined {
  for (let scope: Scope | undefined = scopeOf(file.source, node); scope !== undefined; scope = scope.parent) {
    if (scope.kind === 'class') return undefined;
    const method = file.source.functionOf.get(scope.node);
    if (method?.class === undefined) continue;
    const { args } = method.node;
    const name = (args.posonlyargs[0] ?? args.args[0])?.arg;
    if (name === undefined || (method.role !== 'method' && method.role !== 'property')) return undefined;
    return { method, cls: method.class, name };
  }
  return undefined;
}

/** Whether one object of the class is all there should be, by what its definition says. */
export function isSingleton(cls: ClassInfo): boolean {
  const { node, scope, file } = cls;
  const said = [...node.bases, ...node.keywords.map(({ value }) => value), ...node.decorator_list];
  if (said.some((expr) => /singleton/i.test(file.text.slice(expr.start, expr.end)))) return true;
  return ['_instance', 'instance', '__instance', '_instances', '_singleton'].some((name) => scope.bindings.has(name));
}

/** A finding about every object of the class: sure where many are made, hidden where there is only one. */
export function perObject(file: ScannedFile, cls: ClassInfo): readonly Conditional[] {
  const made = { module: file.source.module, className: cls.qualname };
  return [
    { condition: { kind: 'is made repeatedly', ...made }, otherwise: 'medium' },
    { condition: { kind: 'is not a singleton', ...made }, otherwise: 'low' },
  ];
}

type Stretch = Pick<Node, 'start' | 'end'>;

/** Whether the text of `node` lies within that of `around`. */
export function isInside(node: Stretch, around: Stretch): boolean {
  return node.start >= around.start && node.end <= around.end;
}
