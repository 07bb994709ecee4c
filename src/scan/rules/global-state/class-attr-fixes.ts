// Gives a container in a class body to its objects, or lets it hold them weakly, where the class shows which is meant.

import type { FunctionDef, Stmt } from '../../../source/python-ast.ts';
import { indentationAt, lineEndOf, lineStart, nextLineStart, replaceNode, useOf } from '../../edits/edits.ts';
import type { Fix } from '../../finding.ts';
import type { GrowingContainer } from '../../growth/growing-containers.ts';
import { type ScannedFile, textOf } from '../../scanned-file.ts';

/** `_all = set()` that objects add themselves to becomes a WeakSet. */
export function holdObjectsWeakly(file: ScannedFile, { container, growth, others }: GrowingContainer): Fix | undefined {
  const { kind, value, cls } = container;
  const isEmptySet = kind === 'set' && value.kind === 'Call' && value.args.length === 0;
  if (!isEmptySet || others.length > 0 || growth.operation !== 'add') return undefined;
  // Objects with slots alone cannot be referred to weakly.
  if (cls === undefined || cls.scope.bindings.has('__slots__')) return undefined;
  const weak = useOf(file, 'weakref', 'WeakSet');
  if (weak === undefined) return undefined;
  return {
    title: `Let \`${container.label}\` know only the objects that are alive`,
    safety: 'unsafe',
    edits: [...weak.edits, replaceNode(value, `${weak.expression}()`)],
  };
}

/** `items = []` in the class body, used through `self` only, moves into `__init__`. */
export function makeInInit(file: ScannedFile, { container, uses }: GrowingContainer): Fix | undefined {
  const { cls, target, value, name } = container;
  const statement = target.parent;
  const init = cls?.node.body.find(
    (node): node is FunctionDef => node.kind === 'FunctionDef' && node.name === '__init__',
  );
  if (init === undefined || statement?.kind !== 'Assign' || statement.targets.length > 1) return undefined;
  const self = (init.args.posonlyargs[0] ?? init.args.args[0])?.arg;
  // A docstring stays first; a class body of one line has no room.
  const first = init.body.find((node) => !isDocstring(node));
  if (first === undefined) return undefined;
  const { text } = file.source;
  const isOwnLine = text.slice(lineStart(text, first.start), first.start).trim() === '';
  const isThroughSelf = [...uses.denoting].every(
    (expr) => expr === target || (expr.kind === 'Attribute' && expr.value.kind === 'Name' && expr.value.id === self),
  );
  const rest = text.slice(statement.end, nextLineStart(text, statement.end));
  if (self === undefined || !isOwnLine || !isThroughSelf || rest.trim() !== '') return undefined;
  const made = `${self}.${name} = ${textOf(file, value)}${lineEndOf(text)}${indentationAt(text, first.start)}`;
  return {
    title: `Give each object a \`${name}\` of its own`,
    safety: 'unsafe',
    edits: [
      { start: lineStart(text, statement.start), end: nextLineStart(text, statement.end), text: '' },
      { start: first.start, end: first.start, text: made },
    ],
  };
}

function isDocstring(statement: Stmt): boolean {
  return statement.kind === 'Expr' && statement.value.kind === 'Constant' && typeof statement.value.value === 'string';
}
