// What an expression may be: module, class, function or instance of a class, followed through imports, assignments,
// attributes, annotations and returns. Flow-insensitive and deliberately shallow: it serves to tell receivers apart,
// and an empty answer means "unknown", never "nothing".

import {
  assignedValue,
  attributeStores,
  classAround,
  isReceiver,
  MAX_DEFINITIONS,
  ownMethods,
  returnedExpressions,
} from './class-members.ts';
import type { Call, Expr, Subscript } from './python-ast.ts';
import type { Definition } from './scopes.ts';
import type { ClassInfo, FunctionInfo, ModuleSource, SourceIndex } from './source-index.ts';
import { bindingOf, enclosingFunction, importedModule, moduleSource } from './source-index.ts';
import type { Value } from './value.ts';
import { builtinInstance, distinctValues, instanceOf } from './value.ts';

/** Steps followed from one expression. Real chains (import, alias, attribute, return) stay well below. */
const MAX_DEPTH = 12;

export interface GlobalName {
  readonly module: string;
  readonly name: string;
}

export function inferValues(index: SourceIndex, source: ModuleSource, expr: Expr, depth = 0): readonly Value[] {
  const known = index.values.get(expr);
  if (known !== undefined) return known;
  if (depth > MAX_DEPTH) return [];
  index.values.set(expr, []); // an expression that depends on itself adds nothing
  const values = distinctValues(infer(index, source, expr, depth + 1));
  index.values.set(expr, values);
  return values;
}

export function isSameGlobal(a: GlobalName, b: GlobalName): boolean {
  return a.name === b.name && a.module === b.module;
}

/** The global variable an expression names, under the module that defines it. */
export function resolveGlobal(index: SourceIndex, source: ModuleSource, expr: Expr): GlobalName | undefined {
  switch (expr.kind) {
    case 'Name': {
      const binding = bindingOf(source, expr);
      if (binding === undefined) return starImported(index, source, expr.id);
      if (binding.scope.kind === 'module') return definingGlobal(index, source.module, expr.id);
      for (const definition of binding.definitions) {
        if (definition.kind === 'import from') {
          return definingGlobal(index, importedModule(source, definition.from), definition.node.name);
        }
      }
      return undefined;
    }
    case 'Attribute':
      return globalOfModule(index, source, expr.value, expr.attr);
    case 'Subscript':
      return subscriptedGlobal(index, source, expr);
    case 'Call': {
      const [object, name] = expr.args;
      if (expr.func.kind !== 'Name' || expr.func.id !== 'getattr' || object === undefined) return undefined;
      return name?.kind === 'Constant' && typeof name.value === 'string'
        ? globalOfModule(index, source, object, name.value)
        : undefined;
    }
    default:
      return undefined;
  }
}

/** Follows re-exports (`from .m import NAME`) to the module that gives the name its value. */
export function definingGlobal(index: SourceIndex, module: string, name: string, depth = 0): GlobalName {
  const source = depth < MAX_DEPTH ? moduleSource(index, module) : undefined;
  if (source === undefined) return { module, name };
  const binding = source.scopes.module.bindings.get(name);
  if (binding === undefined) return starImported(index, source, name, depth) ?? { module, name };
  const first = binding.definitions[0];
  if (first?.kind === 'import from') {
    return definingGlobal(index, importedModule(source, first.from), first.node.name, depth + 1);
  }
  return { module, name };
}

/** Values of a module's variable; of a submodule when the package has no variable of that name. */
export function globalValues(index: SourceIndex, module: string, name: string, depth = 0): readonly Value[] {
  if (depth > MAX_DEPTH) return [];
  const origin = definingGlobal(index, module, name);
  const source = moduleSource(index, origin.module);
  const binding = source?.scopes.module.bindings.get(origin.name);
  if (source !== undefined && binding !== undefined) {
    return binding.definitions
      .slice(0, MAX_DEFINITIONS)
      .flatMap((definition) => definitionValues(index, source, definition, depth + 1));
  }
  const submodule = `${module}.${name}`;
  if (index.byModule.has(submodule)) return [{ kind: 'module', name: submodule }];
  if (source !== undefined) return [];
  return [{ kind: 'external', name: `${origin.module}.${origin.name}`, called: false }];
}

/** The class and its bases within the index, in an order close enough to the MRO for attribute look-up. */
export function ancestorsOf(index: SourceIndex, cls: ClassInfo): readonly ClassInfo[] {
  const known = index.ancestors.get(cls);
  if (known !== undefined) return known;
  index.ancestors.set(cls, [cls]);
  const order = [cls];
  for (const base of cls.node.bases) {
    for (const value of inferValues(index, cls.file, base)) {
      if (value.kind !== 'class') continue;
      for (const ancestor of ancestorsOf(index, value.class)) {
        if (!order.includes(ancestor)) order.push(ancestor);
      }
    }
  }
  index.ancestors.set(cls, order);
  return order;
}

/** Whether one class is the other or derives from it: an attribute of one may be the attribute of the other. */
export function areRelated(index: SourceIndex, a: ClassInfo, b: ClassInfo): boolean {
  return a === b || ancestorsOf(index, a).includes(b) || ancestorsOf(index, b).includes(a);
}

/** The method a call on an instance of `cls` runs. */
export function findMethods(index: SourceIndex, cls: ClassInfo, name: string): readonly FunctionInfo[] {
  for (const ancestor of ancestorsOf(index, cls)) {
    const found = ownMethods(ancestor, name);
    if (found.length > 0) return found;
  }
  return [];
}

function infer(index: SourceIndex, source: ModuleSource, expr: Expr, depth: number): readonly Value[] {
  switch (expr.kind) {
    case 'Name': {
      const binding = bindingOf(source, expr);
      if (binding === undefined) {
        const star = starImported(index, source, expr.id);
        if (star !== undefined) return globalValues(index, star.module, star.name, depth);
        return [{ kind: 'external', name: `builtins.${expr.id}`, called: false }];
      }
      return binding.definitions
        .slice(0, MAX_DEFINITIONS)
        .flatMap((definition) => definitionValues(index, source, definition, depth));
    }
    case 'Attribute':
      return inferValues(index, source, expr.value, depth).flatMap((value) =>
        memberValues(index, value, expr.attr, depth),
      );
    case 'Call':
      return inferValues(index, source, expr.func, depth).flatMap((value) =>
        resultValues(index, source, expr, value, depth),
      );
    case 'Await':
    case 'NamedExpr':
    case 'Starred':
      return inferValues(index, source, expr.value, depth);
    case 'BoolOp':
      return expr.values.flatMap((value) => inferValues(index, source, value, depth));
    case 'IfExp':
      return [expr.body, expr.orelse].flatMap((value) => inferValues(index, source, value, depth));
    case 'Lambda': {
      const info = source.functionOf.get(expr);
      return info === undefined ? [] : [{ kind: 'function', function: info }];
    }
    case 'Subscript': {
      const global = subscriptedGlobal(index, source, expr);
      if (global !== undefined) return globalValues(index, global.module, global.name, depth);
      const key = expr.slice;
      const isModuleTable = inferValues(index, source, expr.value, depth).some(
        (value) => value.kind === 'external' && value.name === 'sys.modules',
      );
      return isModuleTable && key.kind === 'Constant' && typeof key.value === 'string'
        ? [moduleValue(index, key.value)]
        : [];
    }
    case 'List':
    case 'ListComp':
      return [builtinInstance('list')];
    case 'Dict':
    case 'DictComp':
      return [builtinInstance('dict')];
    case 'Set':
    case 'SetComp':
      return [builtinInstance('set')];
    case 'Tuple':
      return [builtinInstance('tuple')];
    case 'Constant':
      return expr.value === null ? [] : [builtinInstance(typeof expr.value === 'string' ? 'str' : 'constant')];
    default:
      return [];
  }
}

function definitionValues(
  index: SourceIndex,
  source: ModuleSource,
  definition: Definition,
  depth: number,
): readonly Value[] {
  if (depth > MAX_DEPTH) return [];
  switch (definition.kind) {
    case 'import':
      return [moduleValue(index, definition.module)];
    case 'import from':
      return globalValues(index, importedModule(source, definition.from), definition.node.name, depth + 1);
    case 'function': {
      const info = source.functionOf.get(definition.node);
      return info === undefined ? [] : [{ kind: 'function', function: info }];
    }
    case 'class': {
      const info = source.classOf.get(definition.node);
      return info === undefined ? [] : [{ kind: 'class', class: info }];
    }
    case 'parameter': {
      const owner = source.functionOf.get(definition.scope.node);
      if (owner?.class !== undefined && isReceiver(owner.class, definition)) {
        return [{ kind: owner.role === 'class method' ? 'class' : 'instance', class: owner.class }];
      }
      const { annotation } = definition.node;
      const declared = annotation === undefined ? [] : annotatedValues(index, source, annotation, depth);
      if (declared.length > 0 || definition.default === undefined) return declared;
      return inferValues(index, source, definition.default, depth);
    }
    case 'value': {
      const declared =
        definition.annotation === undefined ? [] : annotatedValues(index, source, definition.annotation, depth);
      return [...declared, ...inferValues(index, source, definition.value, depth)];
    }
    case 'annotation':
      return annotatedValues(index, source, definition.annotation, depth);
    default:
      return [];
  }
}

function memberValues(index: SourceIndex, value: Value, name: string, depth: number): readonly Value[] {
  switch (value.kind) {
    case 'module':
      return globalValues(index, value.name, name, depth + 1);
    case 'external':
      if (!value.called && index.byModule.has(`${value.name}.${name}`)) {
        return [{ kind: 'module', name: `${value.name}.${name}` }];
      }
      return [{ kind: 'external', name: `${value.name}.${name}`, called: false }];
    case 'class':
    case 'instance':
      if (name === '__class__') return [{ kind: 'class', class: value.class }];
      for (const ancestor of ancestorsOf(index, value.class)) {
        const found = ownMemberValues(index, ancestor, name, depth);
        if (found.length > 0) return found;
      }
      return [];
    case 'function':
      return [];
  }
}

function ownMemberValues(index: SourceIndex, cls: ClassInfo, name: string, depth: number): readonly Value[] {
  if (depth > MAX_DEPTH) return [];
  const values: Value[] = [];
  for (const method of ownMethods(cls, name)) {
    if (method.role === 'property') values.push(...returnValues(index, method, depth + 1));
    else values.push({ kind: 'function', function: method });
  }
  if (values.length > 0) return values;
  for (const definition of cls.scope.bindings.get(name)?.definitions.slice(0, MAX_DEFINITIONS) ?? []) {
    values.push(...definitionValues(index, cls.file, definition, depth + 1));
  }
  for (const store of attributeStores(cls, name).slice(0, MAX_DEFINITIONS)) {
    const parent = store.parent;
    if (parent?.kind === 'AnnAssign') values.push(...annotatedValues(index, cls.file, parent.annotation, depth + 1));
    const assigned = assignedValue(store);
    if (assigned !== undefined) values.push(...inferValues(index, cls.file, assigned, depth + 1));
  }
  return values;
}

function resultValues(
  index: SourceIndex,
  source: ModuleSource,
  call: Call,
  callee: Value,
  depth: number,
): readonly Value[] {
  switch (callee.kind) {
    case 'class':
      return [{ kind: 'instance', class: callee.class }];
    case 'instance':
      return findMethods(index, callee.class, '__call__').flatMap((method) => returnValues(index, method, depth + 1));
    case 'function':
      return returnValues(index, callee.function, depth + 1);
    case 'external':
      return externalResult(index, source, call, callee.name, depth);
    case 'module':
      return [];
  }
}

/** Results of the few callables outside the index whose result is one of their arguments in another form. */
function externalResult(
  index: SourceIndex,
  source: ModuleSource,
  call: Call,
  name: string,
  depth: number,
): readonly Value[] {
  const first = call.args[0];
  switch (name) {
    case 'builtins.super': {
      const method = enclosingFunction(source, call);
      const cls = method === undefined ? undefined : classAround(source, method);
      if (cls === undefined) return [];
      return cls.node.bases
        .flatMap((base) => inferValues(index, cls.file, base, depth))
        .map((value): Value => (value.kind === 'class' ? { kind: 'instance', class: value.class } : value));
    }
    case 'builtins.type':
      if (first === undefined || call.args.length !== 1) break;
      return inferValues(index, source, first, depth).flatMap((value): Value[] =>
        value.kind === 'instance' ? [{ kind: 'class', class: value.class }] : [],
      );
    case 'builtins.getattr': {
      const attr = call.args[1];
      if (first === undefined || attr?.kind !== 'Constant' || typeof attr.value !== 'string') return [];
      const attribute = attr.value;
      return inferValues(index, source, first, depth).flatMap((value) => memberValues(index, value, attribute, depth));
    }
    case 'typing.cast':
      return first === undefined ? [] : annotatedValues(index, source, first, depth);
    case 'functools.partial':
    case 'weakref.proxy':
    case 'weakref.WeakMethod':
    case 'contextlib.closing':
    case 'copy.copy':
      return first === undefined ? [] : inferValues(index, source, first, depth);
    default:
  }
  return [{ kind: 'external', name, called: true }];
}

function returnValues(index: SourceIndex, callee: FunctionInfo, depth: number): readonly Value[] {
  if (depth > MAX_DEPTH) return [];
  const { node, file } = callee;
  if (node.kind === 'Lambda') return inferValues(index, file, node.body, depth);
  if (node.returns !== undefined) {
    const declared = annotatedValues(index, file, node.returns, depth);
    if (declared.length > 0) return declared;
  }
  return returnedExpressions(callee).flatMap((value) => inferValues(index, file, value, depth));
}

/** Instances of the type an annotation names: `T`, `"T"`, `Optional[T]`, `T | None`, `Final[T]`. */
function annotatedValues(index: SourceIndex, source: ModuleSource, annotation: Expr, depth: number): readonly Value[] {
  if (depth > MAX_DEPTH) return [];
  switch (annotation.kind) {
    case 'Name':
    case 'Attribute':
      return inferValues(index, source, annotation, depth).flatMap(instanceOf);
    case 'Constant':
      return typeof annotation.value === 'string' ? namedType(index, source, annotation.value, depth) : [];
    case 'BinOp':
      return [annotation.left, annotation.right].flatMap((side) => annotatedValues(index, source, side, depth + 1));
    case 'Subscript': {
      const outer =
        annotation.value.kind === 'Attribute'
          ? annotation.value.attr
          : annotation.value.kind === 'Name'
            ? annotation.value.id
            : '';
      if (!/^(?:Optional|Union|ClassVar|Final|Annotated|Awaitable|Coroutine)$/.test(outer)) {
        return annotatedValues(index, source, annotation.value, depth + 1);
      }
      const inner = annotation.slice.kind === 'Tuple' ? annotation.slice.elts : [annotation.slice];
      return inner.flatMap((argument) => annotatedValues(index, source, argument, depth + 1));
    }
    default:
      return [];
  }
}

/** The type a string annotation names, for plain dotted names. */
function namedType(index: SourceIndex, source: ModuleSource, text: string, depth: number): readonly Value[] {
  if (!/^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/.test(text)) return [];
  const [first, ...rest] = text.split('.');
  let values = globalValues(index, source.module, first!, depth + 1);
  for (const name of rest) values = values.flatMap((value) => memberValues(index, value, name, depth + 1));
  return values.flatMap(instanceOf);
}

function moduleValue(index: SourceIndex, name: string): Value {
  return index.byModule.has(name) ? { kind: 'module', name } : { kind: 'external', name, called: false };
}

function globalOfModule(index: SourceIndex, source: ModuleSource, object: Expr, name: string): GlobalName | undefined {
  for (const value of inferValues(index, source, object)) {
    if (value.kind === 'module') return definingGlobal(index, value.name, name);
    if (value.kind === 'external' && !value.called) return { module: value.name, name };
  }
  return undefined;
}

/** `globals()['NAME']`, `vars(module)['NAME']`, `module.__dict__['NAME']`. */
function subscriptedGlobal(index: SourceIndex, source: ModuleSource, expr: Subscript): GlobalName | undefined {
  const { value: table, slice } = expr;
  if (slice.kind !== 'Constant' || typeof slice.value !== 'string') return undefined;
  if (table.kind === 'Attribute' && table.attr === '__dict__') {
    return globalOfModule(index, source, table.value, slice.value);
  }
  if (table.kind !== 'Call' || table.func.kind !== 'Name') return undefined;
  if (table.func.id === 'globals') return definingGlobal(index, source.module, slice.value);
  const object = table.args[0];
  return table.func.id === 'vars' && object !== undefined
    ? globalOfModule(index, source, object, slice.value)
    : undefined;
}

function starImported(index: SourceIndex, source: ModuleSource, name: string, depth = 0): GlobalName | undefined {
  if (name.startsWith('_')) return undefined;
  for (const from of source.scopes.starImports) {
    const module = importedModule(source, from);
    const target = moduleSource(index, module);
    if (target === undefined || target === source) continue;
    if (target.scopes.module.bindings.has(name)) return definingGlobal(index, module, name, depth + 1);
    if (depth < MAX_DEPTH && target.scopes.starImports.length > 0) {
      const further = starImported(index, target, name, depth + 1);
      if (further !== undefined) return further;
    }
  }
  return undefined;
}
