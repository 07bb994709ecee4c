// Objects that are given a callback over themselves: a future whose callback names that future, an object with a method of
// its own under a second name, a file that has a method of the object that keeps it. Part of bound-callback-cycle.

import type { Attribute, Call, Expr, Name, Node } from '../../../source/python-ast.ts';
import type { Binding } from '../../../source/scopes.ts';
import { bindingOf } from '../../../source/source-index.ts';
import { isMethodOfClassAround } from '../../lifetimes/held-objects.ts';
import { isInside, type Receiver, receiverAround } from '../../lifetimes/receivers.ts';
import type { Report } from '../../rule.ts';
import { functionAround, type ScannedFile, textOf } from '../../scanned-file.ts';

export function checkCallbacksOnOwnObject(file: ScannedFile, report: Report): void {
  for (const call of file.source.calls) checkDoneCallback(file, call, report);
  for (const attributes of file.source.attributes.values()) {
    for (const target of attributes) {
      const { parent } = target;
      if (target.ctx !== 'Store' || parent?.kind !== 'Assign' || parent.value.kind !== 'Attribute') continue;
      if (isDeleted(file, target)) continue;
      checkSecondName(file, target, parent.value, report);
      checkMethodOfKeeper(file, target, parent.value, report);
    }
  }
}

/** `future.add_done_callback(lambda f: use(future))`, or the same through a function of that name. */
function checkDoneCallback(file: ScannedFile, call: Call, report: Report): void {
  const { func } = call;
  const isMethod = func.kind === 'Attribute' && func.attr === 'add_done_callback';
  const isFunction = !isMethod && /_add_done_callback$/.test(lastName(func));
  if (!isMethod && !isFunction) return;
  const future = isMethod ? func.value : call.args[0];
  const callback = call.args[isMethod ? 0 : 1];
  if (future?.kind !== 'Name' || callback === undefined) return;
  const binding = bindingOf(file.source, future);
  if (binding?.scope.kind !== 'function' || isTaskOfLoop(binding)) return;
  if (!closesOver(file, callback, future.id, binding)) return;
  report({
    node: callback,
    confidence: 'medium',
    message: `\`${future.id}\` keeps this callback, which closes over \`${future.id}\`: neither is freed before the garbage collector runs`,
    remedy: 'use the argument of the callback: it is the same future',
  });
}

/** The loop drops the callbacks of its tasks when they are done, and keeps the tasks until then anyway. */
function isTaskOfLoop({ definitions }: Binding): boolean {
  return definitions.some(
    (definition) =>
      definition.kind === 'value' &&
      definition.value.kind === 'Call' &&
      /^(?:create_task|ensure_future|create_future|start_soon|spawn)$/.test(lastName(definition.value.func)),
  );
}

/** Whether a lambda, or a function defined in the one around, reads the variable itself and no parameter of that name. */
function closesOver(file: ScannedFile, callback: Expr, name: string, binding: Binding): boolean {
  const code = callback.kind === 'Lambda' ? callback : innerFunction(file, callback);
  if (code === undefined) return false;
  return (file.source.names.get(name) ?? []).some(
    (use) => use.ctx === 'Load' && isInside(use, code) && bindingOf(file.source, use) === binding,
  );
}

/** A function that hands on itself is none: the variables of its next run are others. */
function innerFunction(file: ScannedFile, callback: Expr): Node | undefined {
  if (callback.kind !== 'Name') return undefined;
  const binding = bindingOf(file.source, callback);
  const [only] = binding?.definitions ?? [];
  if (binding?.scope.kind !== 'function' || only?.kind !== 'function') return undefined;
  return isInside(callback, only.node) ? undefined : only.node;
}

/** Names that are methods wherever they occur: data is never called so. */
const METHODS =
  /^(?:result|read|readline|readlines|write|writelines|close|flush|seek|send|sendall|recv|wait|cancel|acquire|release|execute|fetchall|fetchone)$/;

/** `future.get = future.result`: the object holds its own bound method. */
function checkSecondName(file: ScannedFile, target: Attribute, method: Attribute, report: Report): void {
  const { value: object } = target;
  if (object.kind !== 'Name' || method.value.kind !== 'Name' || method.value.id !== object.id) return;
  if (!METHODS.test(method.attr) || !isLocalObject(file, object)) return;
  report({
    node: target.parent!,
    confidence: 'medium',
    message: `\`${textOf(file, target)}\` holds a bound method of \`${object.id}\`, so \`${object.id}\` keeps itself until the garbage collector runs`,
    remedy: 'define the second name on the class, or call through a `weakref.ref`',
  });
}

function isLocalObject(file: ScannedFile, object: Name): boolean {
  if (receiverAround(file, object)?.name === object.id) return false;
  const binding = bindingOf(file.source, object);
  return (
    binding?.scope.kind === 'function' &&
    binding.definitions.every(({ kind }) => kind === 'value' || kind === 'parameter')
  );
}

/** `f = open(…); f.path_of = self.path; self.files = [f]`: an open file waits for the garbage collector. */
function checkMethodOfKeeper(file: ScannedFile, target: Attribute, method: Attribute, report: Report): void {
  const receiver = receiverAround(file, target);
  if (receiver === undefined || method.value.kind !== 'Name' || method.value.id !== receiver.name) return;
  const { value: object } = target;
  if (object.kind !== 'Name' || object.id === receiver.name || !isMethodOfClassAround(file, method)) return;
  if (!isOpened(file, object) || !isKeptBy(file, object, receiver)) return;
  report({
    node: target.parent!,
    confidence: 'medium',
    message: `\`${textOf(file, target)}\` holds \`${receiver.name}\`, which keeps \`${object.id}\`: what is open stays so until the garbage collector runs`,
    remedy: `give \`${object.id}\` what the method needs, not the method of its owner`,
  });
}

/** Whether the variable is set to what a call opens. */
function isOpened(file: ScannedFile, object: Name): boolean {
  const definitions = bindingOf(file.source, object)?.definitions ?? [];
  return definitions.some(
    (definition) =>
      definition.kind === 'value' &&
      definition.value.kind === 'Call' &&
      /^(?:open|connect|create_connection|socket|Popen|makefile|mmap)$/.test(lastName(definition.value.func)),
  );
}

/** Whether the function stores the object in an attribute of its own, as it is or in a list made here. */
function isKeptBy(file: ScannedFile, object: Name, receiver: Receiver): boolean {
  const places = usesInFunction(file, object).flatMap((use) => {
    if (isStoredOn(use, receiver)) return [true];
    const list = listGiven(use);
    return list === undefined ? [] : usesInFunction(file, list).map((other) => isStoredOn(other, receiver));
  });
  return places.includes(true);
}

/** The local list that the name is put in: `list = [name]`, `list.append(name)`. */
function listGiven({ parent }: Name): Name | undefined {
  const assign = parent?.kind === 'List' ? parent.parent : undefined;
  const holder =
    assign?.kind === 'Assign'
      ? assign.targets[0]
      : parent?.kind === 'Call' && parent.func.kind === 'Attribute' && parent.func.attr === 'append'
        ? parent.func.value
        : undefined;
  return holder?.kind === 'Name' ? holder : undefined;
}

function isStoredOn(use: Name, { name }: Receiver): boolean {
  const value: Expr = use.parent?.kind === 'List' ? use.parent : use;
  const assign = value.parent;
  if (assign?.kind !== 'Assign' || assign.value !== value) return false;
  const [target] = assign.targets;
  return target?.kind === 'Attribute' && target.value.kind === 'Name' && target.value.id === name;
}

function usesInFunction(file: ScannedFile, name: Name): readonly Name[] {
  const around = functionAround(file, name);
  if (around === undefined) return [];
  return (file.source.names.get(name.id) ?? []).filter((use) => use.ctx === 'Load' && isInside(use, around));
}

function isDeleted(file: ScannedFile, target: Attribute): boolean {
  return (file.source.attributes.get(target.attr) ?? []).some(({ ctx }) => ctx === 'Del');
}

function lastName(func: Expr): string {
  return func.kind === 'Name' ? func.id : func.kind === 'Attribute' ? func.attr : '';
}
