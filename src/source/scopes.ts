// Symbol tables of one module with Python's rules: which scope a name belongs to, and what it is bound to there.
// Reference: the Python language reference, 4.2 "Naming and binding". Values and types are type-inference.ts's business.

import { isStatement, pushChildren } from './ast-walk.ts';
import type {
  Alias,
  Arg,
  ClassDef,
  ComprehensionExpr,
  Expr,
  FunctionDef,
  ImportFrom,
  Lambda,
  Module,
  Name,
  Node,
  NodeKind,
} from './python-ast.ts';

export type ScopeNode = Module | ClassDef | FunctionDef | Lambda | ComprehensionExpr;

export interface Scope {
  readonly kind: 'module' | 'class' | 'function' | 'lambda' | 'comprehension';
  readonly node: ScopeNode;
  readonly parent: Scope | undefined;
  /** As CPython's `__qualname__`; `<module>` for the module. Comprehensions carry the name of the function around them. */
  readonly qualname: string;
  readonly bindings: Map<string, Binding>;
  /** Names declared `global` or `nonlocal` here. */
  readonly declared: Map<string, 'global' | 'nonlocal'>;
}

/** One variable: a name in the scope that owns it, with everything that binds it anywhere. */
export interface Binding {
  readonly name: string;
  readonly scope: Scope;
  readonly definitions: Definition[];
}

/** What gives a variable a value. `node` is where; `scope` the scope that statement is in. */
export type Definition =
  | { readonly kind: 'import'; readonly node: Alias; readonly module: string; readonly scope: Scope }
  | { readonly kind: 'import from'; readonly node: Alias; readonly from: ImportFrom; readonly scope: Scope }
  | { readonly kind: 'function'; readonly node: FunctionDef; readonly scope: Scope }
  | { readonly kind: 'class'; readonly node: ClassDef; readonly scope: Scope }
  | { readonly kind: 'parameter'; readonly node: Arg; readonly default: Expr | undefined; readonly scope: Scope }
  /** `name = value`, `name: T = value`, `(name := value)`, `with value as name`. */
  | {
      readonly kind: 'value';
      readonly node: Node;
      readonly value: Expr;
      readonly annotation?: Expr;
      readonly entered?: boolean;
      readonly scope: Scope;
    }
  /** `name: T` alone. */
  | { readonly kind: 'annotation'; readonly node: Node; readonly annotation: Expr; readonly scope: Scope }
  /** Loop targets, unpacking, `except … as`, patterns, augmented assignment, `del`. */
  | { readonly kind: 'other'; readonly node: Node; readonly scope: Scope };

export interface ModuleScopes {
  readonly module: Scope;
  readonly scopeOf: ReadonlyMap<Node, Scope>;
  readonly starImports: readonly ImportFrom[];
}

/** Builds the symbol tables of a module in one pass over the tree, then settles `global` and `nonlocal` names. */
export function buildScopes(root: Module): ModuleScopes {
  const scopeOf = new Map<Node, Scope>();
  const starImports: ImportFrom[] = [];
  const module = createScope('module', root, undefined, '<module>');
  scopeOf.set(root, module);
  const bound: [string, Definition][] = [];
  const pending: Node[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    pushChildren(node, pending);
    if (!BINDING_KINDS.has(node.kind)) continue;
    const scope = scopeAt(node, scopeOf);
    openScope(node, scope, scopeOf);
    switch (node.kind) {
      case 'Global':
      case 'Nonlocal':
        for (const name of node.names) scope.declared.set(name, node.kind === 'Global' ? 'global' : 'nonlocal');
        break;
      case 'ImportFrom':
        if (node.names.some((alias) => alias.name === '*')) starImports.push(node);
        break;
      default:
    }
    collect(node, scope, scopeOf, bound);
  }
  // Declarations may follow in the text what they govern, so names find their owner only now.
  for (const [name, definition] of bound) {
    const owner = ownerOf(name, definition.scope);
    let binding = owner.bindings.get(name);
    if (binding === undefined) {
      binding = { name, scope: owner, definitions: [] };
      owner.bindings.set(name, binding);
    }
    binding.definitions.push(definition);
  }
  return { module, scopeOf, starImports };
}

/** The scope a node is evaluated in: decorators, defaults, annotations and base classes belong to the scope around. */
export function scopeAt(node: Node, scopeOf: ReadonlyMap<Node, Scope>): Scope {
  let child = node;
  for (let parent = node.parent; parent !== undefined; child = parent, parent = parent.parent) {
    switch (parent.kind) {
      case 'Module':
        return scopeOf.get(parent)!;
      case 'FunctionDef':
      case 'AsyncFunctionDef':
      case 'ClassDef':
        if (isStatement(child)) return scopeOf.get(parent)!;
        break;
      case 'Lambda':
        if (child === parent.body) return scopeOf.get(parent)!;
        break;
      case 'ListComp':
      case 'SetComp':
      case 'GeneratorExp':
      case 'DictComp':
        if (child !== parent.generators[0] || !isFirstIterable(node, parent)) return scopeOf.get(parent)!;
        break;
      default:
    }
  }
  return scopeOf.get(node)!;
}

/** The variable a name means when read or written in `scope`; undefined for builtins and star-imported names. */
export function lookup(name: string, scope: Scope): Binding | undefined {
  const owner = scope.declared.get(name);
  if (owner === 'global') return moduleScope(scope).bindings.get(name);
  if (owner !== 'nonlocal') {
    const own = scope.bindings.get(name);
    if (own !== undefined) return own;
  }
  // A class body's names are seen in that body only, not in the functions and comprehensions inside it.
  for (let outer = scope.parent; outer !== undefined; outer = outer.parent) {
    if (outer.kind === 'class') continue;
    if (outer.declared.get(name) === 'global') return moduleScope(outer).bindings.get(name);
    const found = outer.bindings.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function moduleScope(scope: Scope): Scope {
  let current = scope;
  while (current.parent !== undefined) current = current.parent;
  return current;
}

/** The function (or lambda, or module, or class body) whose code object runs the scope. */
export function runningScope(scope: Scope): Scope {
  let current = scope;
  while (current.kind === 'comprehension' && current.parent !== undefined) current = current.parent;
  return current;
}

/** Nodes that open a scope, bind a name or declare one. */
const BINDING_KINDS: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'FunctionDef',
  'AsyncFunctionDef',
  'ClassDef',
  'Lambda',
  'ListComp',
  'SetComp',
  'GeneratorExp',
  'DictComp',
  'Global',
  'Nonlocal',
  'Import',
  'ImportFrom',
  'ExceptHandler',
  'MatchAs',
  'MatchStar',
  'MatchMapping',
  'Name',
]);

function createScope(kind: Scope['kind'], node: ScopeNode, parent: Scope | undefined, qualname: string): Scope {
  return { kind, node, parent, qualname, bindings: new Map(), declared: new Map() };
}

function openScope(node: Node, around: Scope, scopeOf: Map<Node, Scope>): void {
  switch (node.kind) {
    case 'FunctionDef':
    case 'AsyncFunctionDef':
      scopeOf.set(node, createScope('function', node, around, qualify(node.name, around)));
      break;
    case 'ClassDef':
      scopeOf.set(node, createScope('class', node, around, qualify(node.name, around)));
      break;
    case 'Lambda':
      scopeOf.set(node, createScope('lambda', node, around, qualify('<lambda>', around)));
      break;
    case 'ListComp':
    case 'SetComp':
    case 'GeneratorExp':
    case 'DictComp':
      scopeOf.set(node, createScope('comprehension', node, around, around.qualname));
      break;
    default:
  }
}

function qualify(name: string, around: Scope): string {
  const scope = runningScope(around);
  if (scope.kind === 'module' || scope.declared.get(name) === 'global') return name;
  return scope.kind === 'class' ? `${scope.qualname}.${name}` : `${scope.qualname}.<locals>.${name}`;
}

/** Records what `node` binds itself; names inside targets are recorded when the walk comes to them. */
function collect(node: Node, scope: Scope, scopeOf: ReadonlyMap<Node, Scope>, bound: [string, Definition][]): void {
  switch (node.kind) {
    case 'FunctionDef':
    case 'AsyncFunctionDef':
      bound.push([node.name, { kind: 'function', node, scope }]);
      collectParameters(node, scopeOf.get(node)!, bound);
      break;
    case 'Lambda':
      collectParameters(node, scopeOf.get(node)!, bound);
      break;
    case 'ClassDef':
      bound.push([node.name, { kind: 'class', node, scope }]);
      break;
    case 'Import':
      for (const alias of node.names) {
        const name = alias.asname ?? alias.name.split('.', 1)[0]!;
        bound.push([
          name,
          { kind: 'import', node: alias, module: alias.asname === undefined ? name : alias.name, scope },
        ]);
      }
      break;
    case 'ImportFrom':
      for (const alias of node.names) {
        if (alias.name !== '*') {
          bound.push([alias.asname ?? alias.name, { kind: 'import from', node: alias, from: node, scope }]);
        }
      }
      break;
    case 'ExceptHandler':
      if (node.name !== undefined) bound.push([node.name, { kind: 'other', node, scope }]);
      break;
    case 'MatchAs':
    case 'MatchStar':
      if (node.name !== undefined) bound.push([node.name, { kind: 'other', node, scope }]);
      break;
    case 'MatchMapping':
      if (node.rest !== undefined) bound.push([node.rest, { kind: 'other', node, scope }]);
      break;
    case 'Name':
      if (node.ctx !== 'Load') bound.push([node.id, nameDefinition(node, scope)]);
      break;
    default:
  }
}

function collectParameters(node: FunctionDef | Lambda, scope: Scope, bound: [string, Definition][]): void {
  const { args } = node;
  const positional = [...args.posonlyargs, ...args.args];
  const firstDefault = positional.length - args.defaults.length;
  positional.forEach((arg, i) => {
    bound.push([arg.arg, { kind: 'parameter', node: arg, default: args.defaults[i - firstDefault], scope }]);
  });
  args.kwonlyargs.forEach((arg, i) => {
    bound.push([arg.arg, { kind: 'parameter', node: arg, default: args.kw_defaults[i], scope }]);
  });
  for (const arg of [args.vararg, args.kwarg]) {
    if (arg !== undefined) bound.push([arg.arg, { kind: 'other', node: arg, scope }]);
  }
}

function nameDefinition(node: Name, scope: Scope): Definition {
  const parent = node.parent!;
  switch (parent.kind) {
    case 'Assign':
      return { kind: 'value', node, value: parent.value, scope };
    case 'AnnAssign':
      return parent.value === undefined
        ? { kind: 'annotation', node, annotation: parent.annotation, scope }
        : { kind: 'value', node, value: parent.value, annotation: parent.annotation, scope };
    case 'NamedExpr': {
      // An assignment expression in a comprehension binds in the scope around it (PEP 572).
      return { kind: 'value', node, value: parent.value, scope: runningScope(scope) };
    }
    case 'withitem':
      return { kind: 'value', node, value: parent.context_expr, entered: true, scope };
    case 'Tuple':
    case 'List': {
      const value = unpackedValue(parent, parent.elts.indexOf(node));
      return value === undefined ? { kind: 'other', node, scope } : { kind: 'value', node, value, scope };
    }
    default:
      return { kind: 'other', node, scope };
  }
}

/** The element that `a, b = x, y` gives to the target at `index`, where both sides are written out. */
export function unpackedValue(target: Node & { readonly elts: readonly Expr[] }, index: number): Expr | undefined {
  const assign = target.parent;
  if (assign?.kind !== 'Assign' || (assign.value.kind !== 'Tuple' && assign.value.kind !== 'List')) return undefined;
  const values = assign.value.elts;
  if (values.length !== target.elts.length) return undefined;
  if ([...values, ...target.elts].some((element) => element.kind === 'Starred')) return undefined;
  return values[index];
}

function ownerOf(name: string, scope: Scope): Scope {
  const declared = scope.declared.get(name);
  if (declared === undefined) return scope;
  if (declared === 'global') return moduleScope(scope);
  for (let outer = scope.parent; outer !== undefined; outer = outer.parent) {
    if (outer.kind !== 'function' && outer.kind !== 'lambda') continue;
    if (!outer.declared.has(name)) return outer;
  }
  return scope;
}

/** Whether `node` lies in the first `for … in ITERABLE` of the comprehension, which runs in the scope around it. */
function isFirstIterable(node: Node, comprehension: ComprehensionExpr): boolean {
  const first = comprehension.generators[0];
  for (let current: Node | undefined = node; current !== undefined; current = current.parent) {
    if (current.parent === first) return current === first!.iter;
  }
  return false;
}
