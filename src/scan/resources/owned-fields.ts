// Attributes in which objects keep resources they opened themselves, by class, and the methods that end such objects.
// What becomes of the attributes afterwards is field-uses.ts's business.

import { assignedValue, returnedExpressions } from '../../source/class-members.ts';
import type { Attribute, Call, Expr, FunctionDef, Node } from '../../source/python-ast.ts';
import { bindingOf, type ClassInfo, type FunctionInfo } from '../../source/source-index.ts';
import { ancestorsOf } from '../../source/type-inference.ts';
import { isInside, receiverAround } from '../lifetimes/receivers.ts';
import { callsByName, functionAround, oncePerFile, type ScannedFile } from '../scanned-file.ts';
import { returnedResources } from './resource-leaks.ts';
import { ANY_RESOURCE, type ResourceModel } from './resource-models.ts';
import { libraryOpenings } from './resource-openings.ts';
import { calleeOf, effectOf, mentionsIn } from './resource-uses.ts';
import { OPENERS_BY_NAME } from './resources.ts';

export interface FieldOpening {
  /** The call that opens what the field then holds. */
  readonly call: Call;
  /** `self.x` where it is given the result; undefined where a default of the field makes it. */
  readonly target: Attribute | undefined;
}

export interface OwnedField {
  readonly cls: ClassInfo;
  readonly name: string;
  readonly model: ResourceModel;
  readonly openings: readonly FieldOpening[];
}

interface Acquisition extends FieldOpening {
  readonly cls: ClassInfo;
  readonly name: string;
  readonly model: ResourceModel;
}

export const ownedFieldsOf = oncePerFile((file): readonly OwnedField[] => {
  if (file.source.classes.length === 0) return [];
  const fields = group(acquisitionsOf(file, openingCalls(file)));
  return [...fields, ...group(acquisitionsOf(file, ownerCalls(file, fields)))];
});

function group(acquisitions: readonly Acquisition[]): readonly OwnedField[] {
  const fields = new Map<string, OwnedField & { readonly openings: FieldOpening[] }>();
  for (const { cls, name, model, call, target } of acquisitions) {
    const key = `${cls.node.start} ${name}`;
    const known = fields.get(key);
    if (known === undefined) fields.set(key, { cls, name, model, openings: [{ call, target }] });
    else known.openings.push({ call, target });
  }
  return [...fields.values()];
}

/** A call whose result, or one element of it, is a resource. */
interface OpeningCall {
  readonly call: Call;
  readonly model: ResourceModel;
  /** Which element of the returned tuple it is. */
  readonly element?: number;
}

function openingCalls(file: ScannedFile): readonly OpeningCall[] {
  const found: OpeningCall[] = [];
  const listed = new Set<Call>();
  for (const [name, calls] of callsByName(file)) {
    const elements = OPENERS_BY_NAME.get(name)?.elements;
    for (const call of elements === undefined ? [] : calls) {
      listed.add(call);
      elements!.forEach((model, element) => {
        if (model !== undefined) found.push({ call, model, element });
      });
    }
  }
  for (const { call, model } of libraryOpenings(file)) {
    if (listed.has(call)) continue;
    listed.add(call);
    found.push({ call, model });
  }
  const returned = returnedResources(file);
  if (returned.size === 0) return found;
  for (const call of file.source.calls) {
    const callee = calleeOf(file, call);
    const model = callee === undefined ? undefined : returned.get(callee.node);
    if (model !== undefined) found.push({ call, model });
  }
  return found;
}

/** Calls of the file's classes whose objects own resources and have a method to end them. */
function ownerCalls(file: ScannedFile, fields: readonly OwnedField[]): readonly OpeningCall[] {
  const owners = new Set(fields.map(({ cls }) => cls));
  return [...owners].flatMap((cls) => {
    const closers = closersOf(file, cls)
      .map(nameOf)
      .filter((name) => !name.startsWith('__'));
    if (closers.length === 0) return [];
    const { name } = cls.node;
    const model: ResourceModel = {
      ...ANY_RESOURCE,
      noun: `${/^[AEIOU]/.test(name) ? 'an' : 'a'} \`${name}\``,
      family: 'client',
      methods: [...closers, ...ANY_RESOURCE.methods],
      parts: [],
      isAsync: closersOf(file, cls).every(({ node }) => node.kind === 'AsyncFunctionDef'),
    };
    return (file.source.names.get(name) ?? []).flatMap((use) => {
      const call = use.parent;
      if (call?.kind !== 'Call' || call.func !== use) return [];
      const isClass = bindingOf(file.source, use)?.definitions.some(
        (definition) => definition.kind === 'class' && definition.node === cls.node,
      );
      return isClass === true ? [{ call, model }] : [];
    });
  });
}

function acquisitionsOf(file: ScannedFile, calls: readonly OpeningCall[]): readonly Acquisition[] {
  return calls.flatMap((opening) => {
    const byDefault = traitDefault(file, opening);
    if (byDefault !== undefined) return [byDefault];
    return targetsOf(file, opening).flatMap((target): readonly Acquisition[] => {
      const receiver = receiverAround(file, target);
      if (receiver === undefined || target.value.kind !== 'Name' || target.value.id !== receiver.name) return [];
      const { call, model } = opening;
      return [{ cls: receiver.cls, name: target.attr, model, call, target }];
    });
  });
}

/** The attributes that are given what the call opens, and nothing else is: directly or by way of one local name. */
function targetsOf(file: ScannedFile, { call, model, element }: OpeningCall): readonly Attribute[] {
  let value: Node = call;
  while (value.parent?.kind === 'Await' || value.parent?.kind === 'BoolOp' || isBranch(value)) value = value.parent!;
  const assign = value.parent;
  if (assign?.kind !== 'Assign' && assign?.kind !== 'AnnAssign') return [];
  const targets = assign.kind === 'Assign' ? assign.targets : [assign.target];
  if (targets.length !== 1) return [];
  let target = targets[0]!;
  if (element !== undefined) {
    const place = target.kind === 'Tuple' || target.kind === 'List' ? target.elts[element] : undefined;
    if (place === undefined) return [];
    target = place;
  }
  if (target.kind === 'Attribute') return [target];
  return target.kind === 'Name' ? storesOfLocal(file, target, model) : [];
}

function isBranch(value: Node): boolean {
  return value.parent?.kind === 'IfExp' && value.parent.test !== value;
}

/** `self.x = name`, where the local name only opens and uses the resource before. */
function storesOfLocal(
  file: ScannedFile,
  local: Expr & { readonly kind: 'Name' },
  model: ResourceModel,
): readonly Attribute[] {
  const owner = functionAround(file, local);
  if (owner === undefined) return [];
  const stores: Attribute[] = [];
  const mentions = mentionsIn(file, local.id, owner).filter(({ ctx, start }) => ctx === 'Load' && start > local.end);
  for (const mention of mentions) {
    const assign = mention.parent;
    const target = assign?.kind === 'Assign' && assign.targets.length === 1 ? assign.targets[0] : undefined;
    if (target?.kind === 'Attribute' && assign?.kind === 'Assign' && assign.value === mention) {
      stores.push(target);
      continue;
    }
    const { kind } = effectOf(file, { expr: mention, model, isPart: false });
    if (kind === 'escape' || (kind === 'release' && stores.length > 0)) return [];
  }
  return stores.length === 1 ? stores : [];
}

/** `def _context_default(self): return zmq.Context()`, as traitlets makes the first value of `context`. */
function traitDefault(file: ScannedFile, { call, model }: OpeningCall): Acquisition | undefined {
  const method = call.parent?.kind === 'Return' ? functionAround(file, call) : undefined;
  const info = method === undefined ? undefined : file.source.functionOf.get(method);
  if (method === undefined || info?.class === undefined || returnedExpressions(info).length !== 1) return undefined;
  const name = traitNameOf(method);
  return name !== undefined && info.class.scope.bindings.has(name)
    ? { cls: info.class, name, model, call, target: undefined }
    : undefined;
}

function traitNameOf({ name, decorator_list }: FunctionDef): string | undefined {
  for (const decorator of decorator_list) {
    if (decorator.kind !== 'Call' || decorator.func.kind !== 'Name' || decorator.func.id !== 'default') continue;
    const trait = decorator.args[0];
    if (trait?.kind === 'Constant' && typeof trait.value === 'string') return trait.value;
  }
  return /^_(\w+)_default$/.exec(name)?.[1];
}

const ENDING = '(?:a?close|shut_?down|disconnect|stop|terminate|clean_?up|dispose|destroy)';
const CLOSER = new RegExp(`^(?:${ENDING}|__(?:a?exit|del)__)$`);
const CLOSER_OF_KIND = new RegExp(`^${ENDING}_([a-z]+)$`);

/** The methods that end an object of the class: its own and those of its bases in this file. */
export function closersOf(file: ScannedFile, cls: ClassInfo): readonly FunctionInfo[] {
  const classes = new Set(ancestorsOf(file.index, cls));
  return file.source.functions.filter(
    (method) =>
      method.class !== undefined &&
      method.role === 'method' &&
      classes.has(method.class) &&
      endsObject(nameOf(method), cls.node.name),
  );
}

/** `close`, `__exit__`, or `shutdown_kernel` of a `KernelManager`. */
function endsObject(name: string, className: string): boolean {
  if (CLOSER.test(name)) return true;
  const kind = CLOSER_OF_KIND.exec(name)?.[1];
  return kind !== undefined && className.toLowerCase().includes(kind);
}

/** Whether a name promises that something ends: looser than `closersOf`, to be sure that nothing does. */
export function soundsLikeEnding(name: string): boolean {
  return /close|shut|stop|disconnect|terminate|clean|dispose|destroy|release|tear|finali[sz]e|quit|kill|unlink|free|finish|exit|reset|clear|__del__|logout|join|abort|cancel|reap|wait|drop|evict|expire|remove|lost|fail|error/i.test(
    name,
  );
}

export function nameOf({ node }: FunctionInfo): string {
  return node.kind === 'Lambda' ? '<lambda>' : node.name;
}

/** Whether a store gives the field None. */
export function isEmptied(store: Attribute): boolean {
  const value = assignedValue(store);
  return value?.kind === 'Constant' && value.value === null;
}

/** The classes around in this file that share the object: bases and derived ones. */
export function familyOf(file: ScannedFile, cls: ClassInfo): readonly ClassInfo[] {
  return file.source.classes.filter(
    (each) => ancestorsOf(file.index, each).includes(cls) || ancestorsOf(file.index, cls).includes(each),
  );
}

/** Whether the class has a base that is not in this file and may release what it does not know of. */
export function hasUnknownBase(file: ScannedFile, cls: ClassInfo): boolean {
  const known = ancestorsOf(file.index, cls);
  return known.some(({ node }) =>
    node.bases.some((base) => {
      const named = base.kind === 'Subscript' ? base.value : base;
      const name = named.kind === 'Name' ? named.id : named.kind === 'Attribute' ? named.attr : '';
      return !HARMLESS_BASES.has(name) && !known.some((each) => each.node.name === name);
    }),
  );
}

const HARMLESS_BASES: ReadonlySet<string> = new Set(['object', 'ABC', 'Generic', 'Protocol', 'Thread', 'Process']);

export function isWithin(node: Node, methods: readonly FunctionInfo[]): boolean {
  return methods.some((method) => isInside(node, method.node));
}
