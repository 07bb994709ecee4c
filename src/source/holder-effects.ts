// Judges what the program does to a holder: which uses make it grow, which shrink it, what bounds it.
// The rules a single expression cannot settle: rebinding, lazy initialisation, defaultdict reads, len() guards.

import { isStatement, statementOf, walk } from './ast-walk.ts';
import { calledFunctions } from './call-sites.ts';
import type { Use } from './container-operations.ts';
import { usesOf } from './container-operations.ts';
import { boundOfGuard, boundOfValue, comparesWithLimit } from './growth-bound.ts';
import type { HolderUse, HolderUses } from './holder-uses.ts';
import type { Compare, Expr, Node } from './python-ast.ts';
import type { FunctionInfo, ModuleSource, SourceIndex } from './source-index.ts';
import { bindingOf, enclosingFunction } from './source-index.ts';
import { inferValues } from './type-inference.ts';

export interface Effect {
  readonly source: ModuleSource;
  readonly node: Node;
  readonly operation: string;
  readonly function: FunctionInfo | undefined;
  readonly origin: HolderUse;
}

export interface HolderEffects {
  readonly grows: readonly Effect[];
  /** Operations that may as well replace (`x.attr = v`): worth showing only when nothing else is known to add. */
  readonly mayGrow: readonly Effect[];
  readonly shrinks: readonly Effect[];
  readonly bound: number | undefined;
}

export function judgeHolderUses(index: SourceIndex, { uses, denoting }: HolderUses): HolderEffects {
  const definitions = definitionsOf(uses);
  const fillsOnRead = definitions.some(({ source, value }) => isFilledOnRead(index, source, value));
  const grows: Effect[] = [];
  const mayGrow: Effect[] = [];
  const shrinks: Effect[] = [];
  const guards: HolderUse[] = [];
  for (const origin of uses) {
    const { use } = origin;
    switch (use.effect) {
      case 'grow':
        (use.unsure ? mayGrow : grows).push(effect(origin, use.node, use.operation));
        break;
      case 'read':
        if (fillsOnRead && !origin.target.entry) grows.push(effect(origin, use.node, 'defaultdict read'));
        break;
      case 'method':
        if (!origin.target.entry) mayGrow.push(effect(origin, use.call, `method ${use.name}`));
        break;
      case 'shrink':
        if (!origin.target.entry && !isOfAlias(origin, use)) shrinks.push(effect(origin, use.node, use.operation));
        break;
      case 'rebind': {
        if (origin.target.entry) break;
        const kind = rebindKind(origin, use.value, denoting);
        if (kind === 'extends') grows.push(effect(origin, use.target, 'rebinding'));
        else if (kind === 'replaces' && origin.target.depth === 0)
          shrinks.push(effect(origin, use.target, 'rebinding'));
        break;
      }
      case 'measured':
        guards.push(origin);
        break;
      default:
    }
  }
  let bound = definitions.map(({ source, value }) => boundOfValue(index, source, value)).find((n) => n !== undefined);
  const shrinkers = new Set(shrinks.flatMap((shrink) => (shrink.function === undefined ? [] : [shrink.function])));
  for (const origin of guards) {
    if (origin.use.effect !== 'measured') continue;
    const { compare } = origin.use;
    if (!isGuard(index, origin.source, compare, denoting, shrinkers)) continue;
    shrinks.push(effect(origin, compare, 'len() guard'));
    bound ??= boundOfGuard(index, origin.source, compare);
  }
  return { grows, mayGrow, shrinks: relinkedAsGrowth(shrinks, mayGrow), bound };
}

interface HolderDefinition {
  readonly source: ModuleSource;
  readonly value: Expr;
}

/** The values the holder is created with. */
function definitionsOf(uses: readonly HolderUse[]): readonly HolderDefinition[] {
  return uses.flatMap(({ source, use, target }) => {
    if (use.effect !== 'rebind' || use.value === undefined || target.entry) return [];
    return [{ source, value: factoryResult(use.value) }];
  });
}

/** What `field(default_factory=…)` of a dataclass makes. */
function factoryResult(value: Expr): Expr {
  if (value.kind !== 'Call') return value;
  const factory = value.keywords.find(
    (keyword) => keyword.arg === 'default_factory' || keyword.arg === 'factory',
  )?.value;
  if (factory === undefined) return value;
  return factory.kind === 'Lambda' ? factory.body : factory;
}

function isFilledOnRead(index: SourceIndex, source: ModuleSource, value: Expr): boolean {
  return inferValues(index, source, value).some((made) => {
    if (made.kind === 'external') return /(?:^|\.)(?:defaultdict|DefaultDict)$/.test(made.name);
    if (made.kind !== 'instance') return false;
    const { node, file, scope } = made.class;
    return (
      scope.bindings.has('__missing__') ||
      node.bases.some((base) =>
        inferValues(index, file, base).some((b) => b.kind === 'external' && b.name === 'collections.defaultdict'),
      )
    );
  });
}

/** `del alias` drops a name, not an element. */
function isOfAlias(origin: HolderUse, use: Use): boolean {
  return (
    use.effect === 'shrink' &&
    use.operation === 'del' &&
    use.node.kind === 'Delete' &&
    origin.target.form === 'variable'
  );
}

/** What `X = value` does to X: `extends` (X = X + […]), `replaces`, or `defines` it. */
function rebindKind(
  { source, expr, target }: HolderUse,
  value: Expr | undefined,
  denoting: ReadonlySet<Expr>,
): 'extends' | 'replaces' | 'defines' {
  if (value !== undefined && (extendsItself(value, denoting) || isExtendedCopy(source, value, denoting)))
    return 'extends';
  const enclosing = enclosingFunction(source, expr);
  switch (target.form) {
    case 'global':
      if (enclosing === undefined) return 'defines';
      break;
    case 'attribute':
      if (enclosing === undefined) return 'defines';
      if (enclosing.node.kind !== 'Lambda' && BUILDING_METHODS.test(enclosing.node.name)) return 'defines';
      break;
    case 'variable':
      if (target.binding.definitions[0]?.node === expr && !isInLoop(expr)) return 'defines';
      break;
    case 'result':
      return 'defines';
  }
  return isLazyInitialisation(expr, denoting) ? 'defines' : 'replaces';
}

const BUILDING_METHODS =
  /^(?:__init__|__new__|__post_init__|__attrs_post_init__|__setstate__|__init_subclass__|__set_name__|setUp|setup_method|_*init\w*)$/;

/** `X + more`, `[*X, more]`, `{**X, …}`, `Node(X)`, `(X, item)`: the new value still holds the old one. */
function extendsItself(value: Expr, denoting: ReadonlySet<Expr>): boolean {
  switch (value.kind) {
    case 'BinOp':
      return (
        (value.op === 'Add' || value.op === 'BitOr') &&
        [value.left, value.right].some(
          (side) => denoting.has(side) || extendsItself(side, denoting) || copies(side, denoting),
        )
      );
    case 'List':
    case 'Tuple':
    case 'Set':
      return value.elts.some(
        (element) => denoting.has(element) || (element.kind === 'Starred' && denoting.has(element.value)),
      );
    case 'Dict':
      return value.values.some((element) => denoting.has(element));
    case 'Call': {
      const args = [...value.args, ...value.keywords.map((keyword) => keyword.value)];
      const holding = args.some((arg) => denoting.has(arg) || (arg.kind === 'Starred' && denoting.has(arg.value)));
      // `list(X)` copies; `Node(X)`, `chain(X, more)`, `dict(X, key=value)` add.
      return holding && (args.length > 1 || !copies(value, denoting)) && !isSelection(value);
    }
    case 'IfExp':
      return extendsItself(value.body, denoting) || extendsItself(value.orelse, denoting);
    default:
      return false;
  }
}

/** Copy on write: `new = X.copy(); new[key] = value; X = new`. */
function isExtendedCopy(source: ModuleSource, value: Expr, denoting: ReadonlySet<Expr>): boolean {
  if (value.kind !== 'Name') return false;
  const binding = bindingOf(source, value);
  const isCopy = binding?.definitions.some(
    (definition) => definition.kind === 'value' && isCopyOf(definition.value, denoting),
  );
  if (isCopy !== true) return false;
  const uses = (source.names.get(value.id) ?? [])
    .filter((name) => bindingOf(source, name) === binding)
    .flatMap((name) => usesOf(name));
  return uses.some((use) => use.effect === 'grow' && !use.entry) && !uses.some((use) => use.effect === 'shrink');
}

/** `X.copy()`, `copy.copy(X)`, `dict(X)`, `[*X]`, `{**X}`. */
function isCopyOf(value: Expr, denoting: ReadonlySet<Expr>): boolean {
  switch (value.kind) {
    case 'Call':
      if (value.func.kind === 'Attribute' && value.func.attr === 'copy') {
        return denoting.has(value.func.value) || value.args.some((arg) => denoting.has(arg));
      }
      return copies(value, denoting);
    case 'Subscript':
      return value.slice.kind === 'Slice' && denoting.has(value.value);
    default:
      return extendsItself(value, denoting);
  }
}

function copies(value: Expr, denoting: ReadonlySet<Expr>): boolean {
  return (
    value.kind === 'Call' &&
    value.func.kind === 'Name' &&
    COPYING.has(value.func.id) &&
    value.args.some((arg) => denoting.has(arg))
  );
}

const COPYING: ReadonlySet<string> = new Set([
  'list',
  'dict',
  'set',
  'tuple',
  'frozenset',
  'sorted',
  'reversed',
  'deque',
  'OrderedDict',
  'iter',
]);

/** `filter(keep, X)`, `sorted(X, key=…)`, `nlargest(10, X)`: takes a part of X. */
function isSelection(call: Expr & { readonly kind: 'Call' }): boolean {
  const name = call.func.kind === 'Name' ? call.func.id : call.func.kind === 'Attribute' ? call.func.attr : '';
  return /^(?:filter|sorted|islice|nlargest|nsmallest|takewhile|dropwhile|sample|max|min|next|len|map|prune\w*|trim\w*|evict\w*|deque)$/.test(
    name,
  );
}

/** `if X is None: X = {}`, `if not hasattr(self, 'x'): …`, `except AttributeError: self.x = {}`. */
function isLazyInitialisation(expr: Expr, denoting: ReadonlySet<Expr>): boolean {
  let child: Node = expr;
  for (let node = expr.parent; node !== undefined && !isFunction(node); child = node, node = node.parent) {
    if (node.kind === 'If' && node.body.includes(child as never) && testsAbsence(node.test, denoting)) return true;
    if (
      node.kind === 'ExceptHandler' &&
      node.type?.kind === 'Name' &&
      /^(?:AttributeError|NameError|KeyError)$/.test(node.type.id)
    ) {
      return true;
    }
  }
  return false;
}

function testsAbsence(test: Expr, denoting: ReadonlySet<Expr>): boolean {
  switch (test.kind) {
    case 'Compare':
      return denoting.has(test.left) && (test.ops[0] === 'Is' || test.ops[0] === 'Eq');
    case 'UnaryOp':
      return (
        test.op === 'Not' &&
        (denoting.has(test.operand) ||
          (test.operand.kind === 'Call' && test.operand.func.kind === 'Name' && test.operand.func.id === 'hasattr'))
      );
    case 'BoolOp':
      return test.values.some((value) => testsAbsence(value, denoting));
    default:
      return false;
  }
}

/** Whether a length comparison decides about evicting, refusing or adding. */
function isGuard(
  index: SourceIndex,
  source: ModuleSource,
  compare: Compare,
  denoting: ReadonlySet<Expr>,
  shrinkers: ReadonlySet<FunctionInfo>,
): boolean {
  if (compare.ops.length !== 1 || !/^(?:Gt|GtE|Lt|LtE|Eq)$/.test(compare.ops[0]!)) return false;
  if (!comparesWithLimit(index, source, compare)) return false;
  let child: Node = compare;
  let test: Node | undefined = compare.parent;
  while (test !== undefined && test.kind !== 'If' && test.kind !== 'While') {
    if (isStatement(test)) return false;
    child = test;
    test = test.parent;
  }
  if (test === undefined || test.test !== child) return false;
  let acts = false;
  for (const statement of test.body) {
    walk(statement, (node) => {
      if (node.kind === 'Return' || node.kind === 'Raise' || node.kind === 'Continue' || node.kind === 'Break')
        acts = true;
      else if (node.kind === 'Name' || node.kind === 'Attribute') acts ||= denoting.has(node);
      if (node.kind === 'Call' && !acts)
        acts = calledFunctions(index, source, node).some((callee) => shrinkers.has(callee));
    });
  }
  return acts;
}

/** In `self.tail.next = node; self.tail = node` the rebinding moves along a chain that keeps every node. */
function relinkedAsGrowth(shrinks: readonly Effect[], mayGrow: readonly Effect[]): readonly Effect[] {
  const linking = new Set(
    mayGrow
      .filter((link) => link.operation === 'attribute assignment' && link.function !== undefined)
      .map((link) => link.function),
  );
  return shrinks.filter((shrink) => shrink.operation !== 'rebinding' || !linking.has(shrink.function));
}

/** Whether the code at `node` runs more than once per call of what it stands in. */
export function isInLoop(node: Node): boolean {
  for (let outer = statementOf(node).parent; outer !== undefined && !isFunction(outer); outer = outer.parent) {
    if (outer.kind === 'For' || outer.kind === 'AsyncFor' || outer.kind === 'While') return true;
  }
  return false;
}

function isFunction(node: Node): boolean {
  return node.kind === 'FunctionDef' || node.kind === 'AsyncFunctionDef' || node.kind === 'Lambda';
}

function effect(origin: HolderUse, node: Node, operation: string): Effect {
  return { source: origin.source, node, operation, function: enclosingFunction(origin.source, node), origin };
}
