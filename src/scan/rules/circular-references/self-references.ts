// Objects that refer to themselves, directly or through an object they keep: `self.root = parent or self`,
// `self.request.response = self`. Part of parent-child-cycle: one class is enough for these cycles.

import type { Attribute, Expr, Node } from '../../../source/python-ast.ts';
import { isInside, type Receiver, receiverAround } from '../../lifetimes/receivers.ts';
import { functionAround, type ScannedFile } from '../../scanned-file.ts';

export interface SelfReference {
  /** The attribute that is given the object. */
  readonly target: Attribute;
  readonly receiver: Receiver;
  /** The attribute of the object that leads there; undefined where `target` is its own. */
  readonly through: Attribute | undefined;
}

export function selfReferencesOf(file: ScannedFile): readonly SelfReference[] {
  const found: SelfReference[] = [];
  for (const uses of file.source.attributes.values()) {
    for (const target of uses) {
      if (target.ctx !== 'Store' || target.parent?.kind !== 'Assign') continue;
      const reference = selfReference(file, target, target.parent.value);
      if (reference !== undefined) found.push(reference);
    }
  }
  return found;
}

function selfReference(file: ScannedFile, target: Attribute, value: Expr): SelfReference | undefined {
  const names = value.kind === 'Name' ? [value] : value.kind === 'BoolOp' ? value.values : [];
  if (names.length === 0) return undefined;
  const through = target.value.kind === 'Attribute' ? target.value : undefined;
  const root = (through ?? target).value;
  if (root.kind !== 'Name' || !names.some((name) => name.kind === 'Name' && name.id === root.id)) return undefined;
  const receiver = receiverAround(file, target);
  if (receiver?.name !== root.id) return undefined;
  if (through !== undefined && !isKept(file, through, receiver)) return undefined;
  return isSetElsewhere(file, target) ? undefined : { target, receiver, through };
}

/** Whether the class stores the object in between itself: a property may give another each time. */
function isKept(file: ScannedFile, through: Attribute, { cls }: Receiver): boolean {
  return (file.source.attributes.get(through.attr) ?? []).some(
    (store) => store.ctx === 'Store' && isInside(store, cls.node),
  );
}

/** Whether the file deletes the attribute or sets it to None again, other than where an object begins. */
function isSetElsewhere(file: ScannedFile, target: Attribute): boolean {
  return (file.source.attributes.get(target.attr) ?? []).some(
    (use) =>
      use !== target &&
      (use.ctx === 'Del' || (isNoneAssignment(use.parent) && functionAround(file, use)?.name !== '__init__')),
  );
}

function isNoneAssignment(node: Node | undefined): boolean {
  return node?.kind === 'Assign' && node.value.kind === 'Constant' && node.value.value === null;
}
