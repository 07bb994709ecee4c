// Who runs a function: direct calls, constructor calls, operators that run a dunder method, decorated names, callbacks.
// Certain when the callee is resolved; by attribute name alone when the receiver is unknown and the name is telling.

import type { CallSite } from './class-creation.ts';
import { classCreations, constructions, isMetaclass, subclassesOf } from './class-creation.ts';
import { returnedExpressions } from './class-members.ts';
import type { Call, Expr, Node } from './python-ast.ts';
import type { Binding } from './scopes.ts';
import type { ClassInfo, FunctionInfo, ModuleSource, SourceIndex } from './source-index.ts';
import { bindingOf, enclosingFunction, filesMentioning } from './source-index.ts';
import { ancestorsOf, areRelated, definingGlobal, findMethods, inferValues, resolveGlobal } from './type-inference.ts';
import type { Value } from './value.ts';

/** Method names so common that a call on an unknown receiver says nothing. */
export const COMMON_NAMES: ReadonlySet<string> = new Set([
  'add',
  'append',
  'apply',
  'clear',
  'close',
  'commit',
  'connect',
  'copy',
  'count',
  'create',
  'delete',
  'dump',
  'execute',
  'extend',
  'find',
  'flush',
  'format',
  'get',
  'handle',
  'index',
  'insert',
  'items',
  'join',
  'keys',
  'load',
  'main',
  'match',
  'next',
  'open',
  'parse',
  'pop',
  'process',
  'push',
  'put',
  'read',
  'register',
  'remove',
  'replace',
  'reset',
  'run',
  'save',
  'search',
  'send',
  'set',
  'setup',
  'sort',
  'split',
  'start',
  'stop',
  'submit',
  'update',
  'values',
  'wait',
  'write',
]);

/** Nested results followed: decorator factories return decorators that return wrappers. */
const MAX_NESTING = 3;

/** Every place in the index that runs `callee`. */
export function callSitesOf(index: SourceIndex, callee: FunctionInfo, nesting = 0): readonly CallSite[] {
  const { node } = callee;
  if (node.kind === 'Lambda') {
    const parent = node.parent!;
    return [{ source: callee.file, node: parent, operation: 'callback', certain: true, receiver: undefined }];
  }
  const sites = [...referencesTo(index, callee, node.name)];
  if (callee.class !== undefined) sites.push(...implicitCalls(index, callee, callee.class, node.name));
  if (nesting < MAX_NESTING) sites.push(...callsOfResult(index, callee, node.name, nesting));
  return sites;
}

/** Calls and other references by name: `f()`, `obj.f()`, `@f`, `Thread(target=f)`. */
function referencesTo(index: SourceIndex, callee: FunctionInfo, name: string): readonly CallSite[] {
  const sites: CallSite[] = [];
  for (const source of filesMentioning(index, name)) {
    for (const expr of mentionsOf(source, name)) {
      if (expr.ctx !== 'Load') continue;
      const values = inferValues(index, source, expr);
      const certain = values.some((value) => value.kind === 'function' && runs(index, value.function, callee));
      const byName = expr.kind === 'Attribute' && values.length === 0 && callee.class !== undefined;
      if (!certain && !(byName && mayMean(source, callee, name))) continue;
      const use = howUsed(expr);
      if (use === undefined) {
        if (callee.role === 'property' && certain && expr.kind === 'Attribute') {
          sites.push({ source, node: expr, operation: 'attribute access', certain, receiver: expr.value });
        }
        continue;
      }
      if (!certain && use.operation !== 'call') continue;
      sites.push({ source, ...use, certain, receiver: expr.kind === 'Attribute' ? expr.value : undefined });
    }
  }
  return sites;
}

/** Places where a file names something: as a name, under an import alias, as an attribute. */
function mentionsOf(source: ModuleSource, name: string) {
  const aliases = source.importedAs.get(name) ?? [];
  return [
    ...(source.names.get(name) ?? []),
    ...aliases.flatMap((alias) => source.names.get(alias) ?? []),
    ...(source.attributes.get(name) ?? []),
  ];
}

function howUsed(
  expr: Expr,
): { readonly node: Node; readonly operation: 'call' | 'decorator' | 'callback' } | undefined {
  const parent = expr.parent!;
  switch (parent.kind) {
    case 'Call':
      return { node: parent, operation: parent.func === expr ? 'call' : 'callback' };
    case 'FunctionDef':
    case 'AsyncFunctionDef':
    case 'ClassDef':
      return parent.decorator_list.includes(expr) ? { node: expr, operation: 'decorator' } : undefined;
    case 'keyword':
    case 'Assign':
    case 'Dict':
    case 'List':
    case 'Tuple':
      return { node: expr, operation: 'callback' };
    default:
      return undefined;
  }
}

/** Whether calling what `found` resolves to may run `callee`: itself, or an override in a related class. */
function runs(index: SourceIndex, found: FunctionInfo, callee: FunctionInfo): boolean {
  if (found === callee) return true;
  return (
    found.class !== undefined &&
    callee.class !== undefined &&
    found.node.kind !== 'Lambda' &&
    callee.node.kind !== 'Lambda' &&
    found.node.name === callee.node.name &&
    areRelated(index, found.class, callee.class)
  );
}

/** Whether a file may call the method on a receiver nothing is known of. */
function mayMean(source: ModuleSource, callee: FunctionInfo, name: string): boolean {
  if (COMMON_NAMES.has(name)) return false;
  if (source === callee.file) return true;
  if (source.isLibrary !== callee.file.isLibrary && source.isLibrary) return false;
  const module = callee.file.module.slice(callee.file.module.lastIndexOf('.') + 1);
  return (
    source.text.includes(callee.class!.node.name) ||
    new RegExp(`\\bimport\\b.*\\b${module}\\b|\\bfrom\\s+\\S*\\b${module}\\b`).test(source.text)
  );
}

/** Syntax that runs a special method without naming it. */
function implicitCalls(index: SourceIndex, callee: FunctionInfo, cls: ClassInfo, name: string): readonly CallSite[] {
  switch (name) {
    case '__init__':
    case '__new__':
    case '__post_init__':
      return isMetaclass(index, cls)
        ? classCreations(index, cls)
        : constructions(index, subclassesOf(index, cls), (made) => findMethods(index, made, name).includes(callee));
    case '__init_subclass__':
      return classCreations(index, cls);
    case '__call__':
      return isMetaclass(index, cls)
        ? []
        : operatorSites(index, cls, (source) => source.calls.map((node) => [node, node.func]), 'call');
    case '__setattr__':
      return operatorSites(index, cls, (source) => attributesIn(source, 'Store'), 'operator');
    case '__getattr__':
    case '__getattribute__':
      return operatorSites(index, cls, (source) => attributesIn(source, 'Load'), 'operator');
    case '__getitem__':
    case '__missing__':
      return operatorSites(index, cls, (source) => subscriptsIn(source, 'Load'), 'operator');
    case '__setitem__':
      return operatorSites(index, cls, (source) => subscriptsIn(source, 'Store'), 'operator');
    case '__enter__':
    case '__aenter__':
    case '__exit__':
    case '__aexit__':
      return operatorSites(
        index,
        cls,
        (source) => source.withItems.map((item) => [item.context_expr, item.context_expr]),
        'operator',
      );
    default:
      return [];
  }
}

type Operand = readonly [node: Node, object: Expr];

function operatorSites(
  index: SourceIndex,
  cls: ClassInfo,
  operands: (source: ModuleSource) => readonly Operand[],
  operation: CallSite['operation'],
): readonly CallSite[] {
  const names = subclassesOf(index, cls).map((c) => c.node.name);
  const globals = globalInstanceNames(index, names);
  const sites: CallSite[] = [];
  for (const source of filesMentioning(index, ...names, ...globals)) {
    for (const [node, object] of operands(source)) {
      const certain = inferValues(index, source, object).some(
        (value) => value.kind === 'instance' && ancestorsOf(index, value.class).includes(cls),
      );
      // Inside the class itself `self.x = …` is how it is built, not how it is used.
      if (certain && enclosingFunction(source, node)?.class !== cls) {
        sites.push({ source, node, operation, certain, receiver: object });
      }
    }
  }
  return sites;
}

/** Names of module variables assigned from a call of one of the classes. */
function globalInstanceNames(index: SourceIndex, classNames: readonly string[]): readonly string[] {
  const names = new Set<string>();
  for (const source of filesMentioning(index, ...classNames)) {
    for (const binding of source.scopes.module.bindings.values()) {
      for (const definition of binding.definitions) {
        if (definition.kind !== 'value' || definition.value.kind !== 'Call') continue;
        const { func } = definition.value;
        const spelled = func.kind === 'Name' ? func.id : func.kind === 'Attribute' ? func.attr : '';
        if (classNames.includes(spelled)) names.add(binding.name);
      }
    }
  }
  return [...names];
}

function attributesIn(source: ModuleSource, ctx: 'Load' | 'Store'): readonly Operand[] {
  const found: Operand[] = [];
  for (const nodes of source.attributes.values()) {
    for (const node of nodes) if (node.ctx === ctx) found.push([node, node.value]);
  }
  return found;
}

function subscriptsIn(source: ModuleSource, ctx: 'Load' | 'Store'): readonly Operand[] {
  return source.subscripts.filter((node) => node.ctx === ctx).map((node) => [node, node.value]);
}

/** A function that its maker returns runs where the result is called: decorated names, variables, immediate calls. */
function callsOfResult(index: SourceIndex, callee: FunctionInfo, name: string, nesting: number): readonly CallSite[] {
  const around = callee.scope.parent;
  const maker = around?.kind === 'function' ? callee.file.functionOf.get(around.node) : undefined;
  if (maker === undefined || !returnedExpressions(maker).some((expr) => mentionsName(expr, name))) return [];
  const sites: CallSite[] = [];
  for (const site of callSitesOf(index, maker, nesting + 1)) {
    const { node, source } = site;
    const parent = node.parent;
    if (site.operation === 'decorator') {
      if (parent?.kind === 'FunctionDef' || parent?.kind === 'AsyncFunctionDef') {
        const decorated = source.functionOf.get(parent);
        if (decorated !== undefined) sites.push(...callSitesOf(index, decorated, nesting + 1));
      }
    } else if (node.kind === 'Call' && site.operation === 'call') {
      if (parent?.kind === 'Call' && parent.func === node) sites.push({ ...site, node: parent });
      else if (parent?.kind === 'Call') sites.push({ ...site, node: parent, operation: 'callback' });
      else if (
        (parent?.kind === 'FunctionDef' || parent?.kind === 'AsyncFunctionDef') &&
        parent.decorator_list.includes(node)
      ) {
        sites.push({ ...site, operation: 'decorator' });
      } else if (parent?.kind === 'Assign') {
        for (const target of parent.targets) sites.push(...callsThrough(index, source, target));
      }
    }
  }
  return sites;
}

/** Calls of the function a variable or attribute was given. */
function callsThrough(index: SourceIndex, source: ModuleSource, target: Expr): readonly CallSite[] {
  if (target.kind !== 'Name') return [];
  const binding = bindingOf(source, target);
  if (binding === undefined) return [];
  const sites: CallSite[] = [];
  const files = binding.scope.kind === 'module' ? filesMentioning(index, target.id) : [source];
  for (const file of files) {
    for (const expr of mentionsOf(file, target.id)) {
      const call = expr.parent;
      if (call?.kind !== 'Call' || call.func !== expr || !isVariable(index, file, expr, source, binding)) continue;
      sites.push({ source: file, node: call, operation: 'call', certain: true, receiver: undefined });
    }
  }
  return sites;
}

function isVariable(
  index: SourceIndex,
  file: ModuleSource,
  expr: Expr,
  source: ModuleSource,
  binding: Binding,
): boolean {
  if (file === source && expr.kind === 'Name' && bindingOf(file, expr) === binding) return true;
  if (binding.scope.kind !== 'module') return false;
  const global = resolveGlobal(index, file, expr);
  const wanted = definingGlobal(index, source.module, binding.name);
  return global?.module === wanted.module && global.name === wanted.name;
}

function mentionsName(expr: Expr, name: string): boolean {
  if (expr.kind === 'Name') return expr.id === name;
  if (expr.kind === 'Call') return [expr.func, ...expr.args].some((part) => mentionsName(part, name));
  if (expr.kind === 'IfExp') return mentionsName(expr.body, name) || mentionsName(expr.orelse, name);
  if (expr.kind === 'Tuple' || expr.kind === 'List') return expr.elts.some((part) => mentionsName(part, name));
  return false;
}

/** The functions a call runs, as far as known: plain functions, methods, and constructors' `__init__`. */
export function calledFunctions(index: SourceIndex, source: ModuleSource, call: Call): readonly FunctionInfo[] {
  return inferValues(index, source, call.func).flatMap((value) => functionsOf(index, value));
}

function functionsOf(index: SourceIndex, value: Value): readonly FunctionInfo[] {
  switch (value.kind) {
    case 'function':
      return [value.function];
    case 'class':
      return findMethods(index, value.class, '__init__');
    case 'instance':
      return findMethods(index, value.class, '__call__');
    default:
      return [];
  }
}
