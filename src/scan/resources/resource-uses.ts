// What one mention of a resource does to it: uses it, releases it, gives it another name, hands it on. Read off the
// expression around the mention alone; the order of things is resource-flow.ts's business.

import type {
  Attribute,
  Call,
  Expr,
  FunctionDef,
  Keyword,
  Name,
  Node,
  NodeKind,
  Sequence,
} from '../../source/python-ast.ts';
import { dottedName } from '../../source/qualified-name.ts';
import { unpackedValue } from '../../source/scopes.ts';
import {
  bindingOf,
  type ClassInfo,
  enclosingFunction,
  type FunctionInfo,
  importedModule,
} from '../../source/source-index.ts';
import { findMethods } from '../../source/type-inference.ts';
import type { Condition } from '../finding.ts';
import { oncePerFile, type ScannedFile } from '../scanned-file.ts';
import { argumentFate } from './borrowing-calls.ts';
import { ANY_RESOURCE, type ResourceModel } from './resource-models.ts';

export type Effect =
  | { readonly kind: 'use' }
  | { readonly kind: 'release' }
  /** Something else is now responsible for it. `returned`: the caller is. */
  | { readonly kind: 'escape'; readonly returned: boolean }
  /** The name now holds it too; as a `part`, something that keeps it in use but does not release it. */
  | { readonly kind: 'name'; readonly name: string; readonly isPart: boolean }
  /** Passed to a function of another file, which may do anything unless the condition holds. */
  | { readonly kind: 'lend'; readonly condition: Condition };

const USE: Effect = { kind: 'use' };
const RELEASE: Effect = { kind: 'release' };
const ESCAPE: Effect = { kind: 'escape', returned: false };
const RETURN: Effect = { kind: 'escape', returned: true };

/** Expressions nested around a mention that are looked at; real ones stay well below. */
const MAX_CLIMB = 60;
/** Functions that pass a parameter on to one another. */
const MAX_CALLS = 8;

interface Mention {
  readonly expr: Expr;
  readonly model: ResourceModel;
  /** Whether the expression is not the resource but something that keeps it in use. */
  readonly isPart: boolean;
}

/** Climbs from the mention through the expressions it is the value of, to what is done with that value. */
export function effectOf(file: ScannedFile, mention: Mention, calls = 0): Effect {
  let lending: Lending = { ...mention, calls };
  for (let step = 0; step < MAX_CLIMB; step++) {
    const outcome = effectHere(file, lending);
    if (outcome.kind !== 'becomes') return outcome;
    lending = { ...lending, expr: outcome.expr, isPart: outcome.isPart };
  }
  return ESCAPE;
}

/** A mention, and how many calls of functions of the file were looked into to come to it. */
interface Lending extends Mention {
  readonly calls: number;
}

/** The expression around stands for the resource from there on, or (as a part) keeps it in use. */
interface Becomes {
  readonly kind: 'becomes';
  readonly expr: Expr;
  readonly isPart: boolean;
}

function becomes(expr: Expr, isPart: boolean): Becomes {
  return { kind: 'becomes', expr, isPart };
}

function effectHere(file: ScannedFile, lending: Lending): Effect | Becomes {
  const { expr, model, isPart } = lending;
  const parent = expr.parent;
  switch (parent?.kind) {
    case 'Attribute':
      return ofAttribute(parent, lending);
    case 'Subscript':
      if (parent.value !== expr) return parent.ctx === 'Load' ? USE : ESCAPE;
      return model.family === 'mapping' || model.parts.includes('[]') ? becomes(parent, true) : USE;
    case 'Await':
    case 'BoolOp':
      return becomes(parent, isPart);
    case 'IfExp':
      return parent.test === expr ? USE : becomes(parent, isPart);
    case 'BinOp':
    case 'JoinedStr':
    case 'FormattedValue':
      return model.isPlainValue ? becomes(parent, true) : USE;
    case 'keyword':
    case 'Call':
      return argument(file, parent, lending);
    case 'Tuple':
    case 'List':
    case 'Set':
      return inDisplay(file, parent, lending);
    case 'withitem':
      return entered(parent, model, isPart);
    case 'Assign':
      return parent.targets.length === 1 ? assigned(parent.targets[0]!, isPart) : ESCAPE;
    case 'AnnAssign':
    case 'NamedExpr':
      return assigned(parent.target, isPart);
    case 'Return':
      return isPart ? ESCAPE : RETURN;
    case 'comprehension':
      return parent.iter === expr && parent.parent?.kind === 'GeneratorExp' ? becomes(parent.parent, true) : USE;
    default:
      return parent !== undefined && ONLY_USING.has(parent.kind) ? USE : ESCAPE;
  }
}

/** What evaluates, tests or iterates over its parts, and is done with them then. */
const ONLY_USING: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'For',
  'AsyncFor',
  'YieldFrom',
  'UnaryOp',
  'Compare',
  'Expr',
  'If',
  'While',
  'Assert',
  'AugAssign',
  'Starred',
  'Slice',
  'Match',
]);

function ofAttribute(attribute: Attribute, { model, isPart }: Lending): Effect | Becomes {
  const { attr, ctx } = attribute;
  if (!isPart && model.methods.includes(attr)) return RELEASE;
  if (ctx !== 'Load' || PLAIN_ATTRIBUTES.has(attr)) return USE;
  const call = calledBy(attribute);
  if (call === undefined) return becomes(attribute, true);
  if (!isPart && model.parts.includes(attr)) return becomes(call, true);
  return attr === '__enter__' ? ESCAPE : USE;
}

/** Attributes that are values of their own: having one does not keep the resource in use. */
const PLAIN_ATTRIBUTES: ReadonlySet<string> = new Set(
  'size width height format shape dtype n_frames name names mode closed encoding newlines pid returncode args family type proto title status code reason headers url'.split(
    ' ',
  ),
);

function argument(file: ScannedFile, around: Call | Keyword, lending: Lending): Effect | Becomes {
  const { expr, model, isPart } = lending;
  const call = around.kind === 'keyword' ? around.parent : around;
  if (call?.kind !== 'Call') return ESCAPE;
  if (call.func === expr) return USE;
  const name = dottedName(file.source, call.func);
  if (name !== undefined && model.functions.includes(name)) return isPart && !model.isPlainValue ? ESCAPE : RELEASE;
  switch (argumentFate(file.source, call)) {
    case 'used':
      return USE;
    case 'kept by result':
      return becomes(call, true);
    case 'owned by result':
      return becomes(call, isPart);
    default:
  }
  const callee = calleeOf(file, call) ?? constructorOf(file, call);
  if (callee !== undefined) return parameterEffect(file, callee, parameterFor(callee, call, around, expr), lending);
  if (model.family === 'temporary' && !mayTakeCare(call)) return USE;
  if (model.family === 'file' && isReadByTemporary(expr, call)) return USE;
  const condition = isPart ? undefined : borrowCondition(file, call, expr);
  return condition === undefined ? ESCAPE : { kind: 'lend', condition };
}

/** Whether a call given a path may be the one that sees to its removal. */
function mayTakeCare({ func }: Call): boolean {
  const name = func.kind === 'Name' ? func.id : func.kind === 'Attribute' ? func.attr : '';
  return /^[_A-Z]|clean|remove|delete|unlink|rmtree|register|append|add|push|put|insert|callback|final|defer|extend/.test(
    name,
  );
}

/** `Reader(open(path)).records()`: what is given the file is itself gone after the expression. */
function isReadByTemporary(expr: Node, call: Call): boolean {
  const method = call.parent;
  if (expr.kind !== 'Call' || method?.kind !== 'Attribute' || calledBy(method) === undefined) return false;
  return !/^(?:start|run|append|add|put|close|add_done_callback|__enter__)/.test(method.attr);
}

/** `for each in (a, b): each.close()`, `a, b = b, a`, `return a, b`, `select([a], …)`. */
function inDisplay(file: ScannedFile, display: Sequence, lending: Lending): Effect {
  const { expr } = lending;
  const parent = display.parent;
  switch (parent?.kind) {
    case 'Call': {
      const fate = argumentFate(file.source, parent);
      return fate === 'used' ? USE : ESCAPE;
    }
    case 'Compare':
    case 'BinOp':
      return USE;
    case 'For': {
      if (parent.iter !== display || parent.target.kind !== 'Name' || lending.calls > MAX_CALLS) return ESCAPE;
      const { id } = parent.target;
      const body = parent.body[0]!.start;
      const uses = mentionsIn(file, id, parent).filter(({ ctx, start }) => ctx === 'Load' && start >= body);
      const effects = uses.map((use) => effectOf(file, { ...lending, expr: use }, lending.calls + 1));
      return effects.find(({ kind }) => kind === 'release') ?? effects.find(({ kind }) => kind !== 'use') ?? USE;
    }
    case 'Assign': {
      const [target] = parent.targets;
      if (target?.kind !== 'Tuple' || parent.targets.length !== 1) return ESCAPE;
      const place = target.elts.find((_, i) => unpackedValue(target, i) === expr);
      return place === undefined ? ESCAPE : assigned(place, lending.isPart);
    }
    default:
      return ESCAPE;
  }
}

function assigned(target: Expr, isPart: boolean): Effect {
  if (target.kind === 'Name') return { kind: 'name', name: target.id, isPart };
  return target.kind === 'Tuple' || target.kind === 'List' ? USE : ESCAPE;
}

function entered(item: Node & { readonly kind: 'withitem' }, model: ResourceModel, isPart: boolean): Effect {
  if (!isPart && model.with !== 'does not close' && model.with !== 'no with') return RELEASE;
  const bound = item.optional_vars;
  return bound === undefined ? USE : assigned(bound, isPart);
}

function calledBy(func: Expr): Call | undefined {
  return func.parent?.kind === 'Call' && func.parent.func === func ? func.parent : undefined;
}

/** The function of this file that a call runs: by its name, or as a method on `self`. */
export function calleeOf(file: ScannedFile, call: Call): FunctionInfo | undefined {
  const { func } = call;
  if (func.kind === 'Name') {
    const definitions = bindingOf(file.source, func)?.definitions ?? [];
    const [only] = definitions;
    return only?.kind === 'function' && definitions.length === 1 ? file.source.functionOf.get(only.node) : undefined;
  }
  if (func.kind !== 'Attribute' || func.value.kind !== 'Name') return undefined;
  const { id } = func.value;
  if (id !== 'self' && id !== 'cls') return undefined;
  const cls = enclosingFunction(file.source, call)?.class;
  const methods = cls === undefined ? [] : findMethods(file.index, cls, func.attr);
  return methods.length === 1 ? methods[0] : undefined;
}

/** The `__init__` of this file that a call runs: by the name of its class, or as `cls(…)` in a class method. */
function constructorOf(file: ScannedFile, call: Call): FunctionInfo | undefined {
  const { func } = call;
  const [only, another] = func.kind === 'Name' ? (bindingOf(file.source, func)?.definitions ?? []) : [];
  if (only === undefined || another !== undefined) return undefined;
  const cls = only.kind === 'class' ? file.source.classOf.get(only.node) : classOfParameter(file, call, only.node);
  const inits = cls === undefined ? [] : findMethods(file.index, cls, '__init__');
  return inits.length === 1 ? inits[0] : undefined;
}

function classOfParameter(file: ScannedFile, call: Call, parameter: Node): ClassInfo | undefined {
  const method = enclosingFunction(file.source, call);
  if (method?.role !== 'class method') return undefined;
  const { args } = method.node;
  return (args.posonlyargs[0] ?? args.args[0]) === parameter ? method.class : undefined;
}

function parameterFor(callee: FunctionInfo, call: Call, around: Node, expr: Node): string | undefined {
  const { args } = callee.node;
  if (around.kind === 'keyword') {
    const all = [...args.posonlyargs, ...args.args, ...args.kwonlyargs];
    return all.find(({ arg }) => arg === around.arg)?.arg;
  }
  if (call.args.some(({ kind }) => kind === 'Starred')) return undefined;
  const isBound =
    callee.class !== undefined && callee.role !== 'static method' && (call.func.kind === 'Attribute' || isInit(callee));
  return [...args.posonlyargs, ...args.args][call.args.indexOf(expr as Expr) + (isBound ? 1 : 0)]?.arg;
}

function isInit({ node }: FunctionInfo): boolean {
  return node.kind !== 'Lambda' && node.name === '__init__';
}

function parameterEffect(file: ScannedFile, callee: FunctionInfo, name: string | undefined, lending: Lending): Effect {
  if (name === undefined || lending.calls > MAX_CALLS) return ESCAPE;
  const fate = parameterFate(file, callee, name, lending.calls + 1);
  if (fate === 'borrows') return USE;
  return fate === 'releases' && !lending.isPart ? RELEASE : ESCAPE;
}

type ParameterFate = 'borrows' | 'releases' | 'keeps';

const fatesOf = oncePerFile((): Map<string, ParameterFate> => new Map());

/** What a function does with the resource it gets for a parameter, whatever the path through it. */
export function parameterFate(file: ScannedFile, callee: FunctionInfo, name: string, calls = 0): ParameterFate {
  const fates = fatesOf(file);
  const key = `${callee.node.start} ${name}`;
  const known = fates.get(key);
  if (known !== undefined) return known;
  // A function that calls itself with its own parameter does with it what it does elsewhere.
  fates.set(key, 'borrows');
  const fate = computeFate(file, callee, name, calls);
  fates.set(key, fate);
  return fate;
}

function computeFate(file: ScannedFile, callee: FunctionInfo, name: string, calls: number): ParameterFate {
  const { node } = callee;
  if (node.kind === 'Lambda') return 'keeps';
  const mentions = mentionsIn(file, name, node);
  // What makes nothing of a parameter is there to be overridden.
  let fate: ParameterFate = mentions.length > 0 ? 'borrows' : 'keeps';
  for (const mention of mentions) {
    if (mention.ctx !== 'Load' || isInnerFunction(mention, node)) return 'keeps';
    const effect = effectOf(file, { expr: mention, model: ANY_RESOURCE, isPart: false }, calls);
    if (effect.kind === 'release') fate = 'releases';
    else if (effect.kind !== 'use') return 'keeps';
  }
  return fate;
}

const mentionsByName = oncePerFile((): Map<string, readonly Name[]> => new Map());

/** Mentions of a name within a node, in the order of the text. */
export function mentionsIn(file: ScannedFile, name: string, { start, end }: Node): readonly Name[] {
  const known = mentionsByName(file);
  let mentions = known.get(name);
  if (mentions === undefined) {
    mentions = [...(file.source.names.get(name) ?? [])].sort((a, b) => a.start - b.start);
    known.set(name, mentions);
  }
  return mentions.slice(firstFrom(mentions, start), firstFrom(mentions, end));
}

function firstFrom(nodes: readonly Node[], offset: number): number {
  let low = 0;
  let high = nodes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (nodes[middle]!.start < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isInnerFunction(mention: Node, owner: FunctionDef): boolean {
  for (let node = mention.parent; node !== undefined && node !== owner; node = node.parent) {
    if (node.kind === 'FunctionDef' || node.kind === 'AsyncFunctionDef' || node.kind === 'Lambda') return true;
  }
  return false;
}

/** The question to ask of another file of the project, where the callee is imported from one. */
function borrowCondition(file: ScannedFile, call: Call, expr: Node): Condition | undefined {
  const position = call.args.indexOf(expr as Expr);
  const callee = position < 0 ? undefined : projectFunction(file, call.func);
  return callee === undefined ? undefined : { kind: 'argument is only borrowed', ...callee, position };
}

/** What a name means that is imported from another module of the same top-level package. */
export function projectFunction(
  file: ScannedFile,
  name: Expr,
): { readonly module: string; readonly qualname: string } | undefined {
  const [only] = name.kind === 'Name' ? (bindingOf(file.source, name)?.definitions ?? []) : [];
  if (only?.kind !== 'import from') return undefined;
  const module = importedModule(file.source, only.from);
  const root = file.source.module.split('.', 1)[0]!;
  const isOwn = (only.from.level ?? 0) > 0 || module === root || module.startsWith(`${root}.`);
  return isOwn ? { module, qualname: only.node.name } : undefined;
}
