// What the code of a file does to a resource that objects keep in an attribute: uses it, releases it, hands it on. Told by
// the attribute's name, whatever the object: another class may well be the one that closes.

import type { Attribute, Call, Node } from '../../source/python-ast.ts';
import { dottedName } from '../../source/qualified-name.ts';
import { functionAround, oncePerFile, type ScannedFile } from '../scanned-file.ts';
import { argumentFate } from './borrowing-calls.ts';
import { soundsLikeEnding } from './owned-fields.ts';
import { ANY_RESOURCE, type ResourceModel } from './resource-models.ts';
import { calleeOf, mentionsIn, parameterFate } from './resource-uses.ts';

export type FieldUse =
  | 'used'
  | 'released'
  /** Something else may release it from there on. */
  | 'handed on';

/** What mentioning the field there does. */
export function fieldUseOf(file: ScannedFile, field: Attribute, model: ResourceModel): FieldUse {
  const use = useOf(file, field, model);
  if (use !== 'name') return use;
  const owner = functionAround(file, field);
  const assign = field.parent;
  const target =
    assign?.kind === 'Assign' ? assign.targets[0] : assign?.kind === 'NamedExpr' ? assign.target : undefined;
  if (owner === undefined || target?.kind !== 'Name') return 'handed on';
  for (const mention of mentionsIn(file, target.id, owner)) {
    if (mention.ctx !== 'Load') continue;
    const inner = useOf(file, mention, model);
    if (inner !== 'used') return inner === 'released' ? 'released' : 'handed on';
  }
  return 'used';
}

/** Whether code reaches the field by its name as text: `getattr(self, name)` over a tuple of names. */
export function isReachedByText(file: ScannedFile, name: string): boolean {
  return (file.source.strings.get(name) ?? []).some((text) => !isInSlots(text));
}

function isInSlots(text: Node): boolean {
  const assign = text.parent?.parent;
  const target = assign?.kind === 'Assign' ? assign.targets[0] : undefined;
  return target?.kind === 'Name' && target.id === '__slots__';
}

const RELEASING = new Set([
  ...ANY_RESOURCE.methods,
  ...'kill stop destroy term join release clear __exit__ __aexit__ send_signal server_close close_all'.split(' '),
]);

function useOf(file: ScannedFile, expr: Node, model: ResourceModel): FieldUse | 'name' {
  const parent = expr.parent;
  switch (parent?.kind) {
    case 'Attribute':
      if (model.methods.includes(parent.attr) || RELEASING.has(parent.attr)) return 'released';
      // `os.kill(self.process.pid, SIGTERM)`, `os.close(self.file.fileno())`.
      return parent.attr === 'pid' || parent.attr === '__dict__' ? 'handed on' : 'used';
    case 'Call':
      return parent.func === expr ? 'used' : argumentUse(file, parent, expr, model);
    case 'keyword':
      return parent.parent?.kind === 'Call' ? argumentUse(file, parent.parent, expr, model) : 'handed on';
    case 'Assign':
      return parent.value === expr && parent.targets.length === 1 && parent.targets[0]!.kind === 'Name'
        ? 'name'
        : 'handed on';
    case 'NamedExpr':
      return 'name';
    case 'AnnAssign':
    case 'Tuple':
    case 'List':
    case 'Set':
    case 'Dict':
    case 'Starred':
    case 'withitem':
    case 'Lambda':
    case 'IfExp':
      return parent.kind === 'IfExp' && parent.test === expr ? 'used' : 'handed on';
    case 'Return':
      return isGetter(file, expr) ? 'used' : 'handed on';
    default:
      return 'used';
  }
}

/** Whoever asks an object for its file does not thereby take it over. */
function isGetter(file: ScannedFile, node: Node): boolean {
  const around = functionAround(file, node);
  const info = around === undefined ? undefined : file.source.functionOf.get(around);
  if (info?.role === 'property') return true;
  return /^_*(?:get|fileno|__enter__|__aenter__)/.test(around?.name ?? '');
}

function argumentUse(file: ScannedFile, call: Call, expr: Node, model: ResourceModel): FieldUse {
  const name = dottedName(file.source, call.func);
  if (name !== undefined && model.functions.includes(name)) return 'released';
  const { func } = call;
  const last = func.kind === 'Attribute' ? func.attr : func.kind === 'Name' ? func.id : '';
  if (soundsLikeEnding(last)) return 'released';
  switch (argumentFate(file.source, call)) {
    case 'used':
      return 'used';
    case 'kept by result':
    case 'owned by result':
      return model.isPlainValue && call.parent?.kind !== 'Assign' ? 'used' : 'handed on';
    default:
  }
  const callee = calleeOf(file, call);
  const position = call.args.indexOf(expr as never);
  if (callee !== undefined && position >= 0) {
    const { args } = callee.node;
    const isBound = callee.class !== undefined && callee.role !== 'static method';
    const parameter = [...args.posonlyargs, ...args.args][position + (isBound ? 1 : 0)];
    if (parameter !== undefined && parameterFate(file, callee, parameter.arg) === 'releases') return 'released';
  }
  const around = functionAround(file, call);
  return mayTakeOver(last) || (around !== undefined && endingFunctions(file).has(around.name)) ? 'handed on' : 'used';
}

/** Whether a callee given a resource may be the one to release it: a class, or one that keeps what it gets. */
function mayTakeOver(name: string): boolean {
  return /^_*[A-Z]|regist|append|add|push|put|insert|callback|final|defer|extend|enter|attach|set|own|adopt|manage|start|spawn|partial|wrap|create|connect|Thread|closing/.test(
    name,
  );
}

/** Names of the functions that end something, and of the methods of their own objects that they call. */
export const endingFunctions = oncePerFile((file): ReadonlySet<string> => {
  const names = new Set<string>();
  for (const { node } of file.source.functions) {
    if (node.kind !== 'Lambda' && soundsLikeEnding(node.name)) names.add(node.name);
  }
  const called = ownCallsByCaller(file);
  // A set grows while it is gone through, and gives what was added too.
  for (const name of names) for (const callee of called.get(name) ?? []) names.add(callee);
  return names;
});

/** Methods called on `self`, by the name of the function that calls them. */
function ownCallsByCaller(file: ScannedFile): ReadonlyMap<string, ReadonlySet<string>> {
  const called = new Map<string, Set<string>>();
  for (const { func } of file.source.calls) {
    if (func.kind !== 'Attribute' || func.value.kind !== 'Name' || func.value.id !== 'self') continue;
    const caller = functionAround(file, func)?.name;
    if (caller === undefined) continue;
    const known = called.get(caller);
    if (known === undefined) called.set(caller, new Set([func.attr]));
    else known.add(func.attr);
  }
  return called;
}
