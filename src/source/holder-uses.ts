// Where a program touches one holder: the expressions that denote it, under all the names it goes by (aliases, parameters
// it is passed to, attributes it is stored in), and what each of those places does to it.

import { calledFunctions, callSitesOf } from './call-sites.ts';
import { attributeStores } from './class-members.ts';
import type { Use } from './container-operations.ts';
import { usesOf } from './container-operations.ts';
import type { GrowthSiteQuery, HolderReference } from './growth-site-query.ts';
import type { Call, Expr } from './python-ast.ts';
import type { Binding } from './scopes.ts';
import { lookup } from './scopes.ts';
import type { ClassInfo, FunctionInfo, ModuleSource, SourceIndex } from './source-index.ts';
import { bindingOf, enclosingFunction, filesMentioning, findClasses, findFunctions, scopeOf } from './source-index.ts';
import type { GlobalName } from './type-inference.ts';
import { ancestorsOf, areRelated, definingGlobal, inferValues, isSameGlobal, resolveGlobal } from './type-inference.ts';
import type { Value } from './value.ts';

/** One name the holder goes by. */
export type Target = (
  | { readonly form: 'global'; readonly name: GlobalName }
  | {
      readonly form: 'attribute';
      readonly name: string;
      readonly className: string;
      readonly classes: readonly ClassInfo[];
      /** Whether the object is an instance of the class itself: code of subclasses never runs on it. */
      readonly isExact: boolean;
      readonly owner: GlobalName | undefined;
    }
  | { readonly form: 'variable'; readonly source: ModuleSource; readonly binding: Binding }
  /** What the function returns. */
  | { readonly form: 'result'; readonly function: FunctionInfo }
) & {
  /** Names followed from the holder to here. */
  readonly depth: number;
  /** Names something taken out of the holder, not the holder. */
  readonly entry: boolean;
  /** The calls that passed the holder in as an argument; more may be found while the search runs. */
  readonly vias: Passage[];
};

/** A call that hands the holder to a parameter; `outer` handed it to the function that makes this call. */
export interface Passage {
  readonly source: ModuleSource;
  readonly call: Call;
  readonly outer: Passage | undefined;
}

export interface Occurrence {
  readonly source: ModuleSource;
  readonly expr: Expr;
  /** False when only the attribute's name matched. */
  readonly certain: boolean;
}

export interface HolderUse {
  readonly target: Target;
  readonly source: ModuleSource;
  readonly expr: Expr;
  readonly use: Use;
  readonly certain: boolean;
}

export interface HolderUses {
  readonly uses: readonly HolderUse[];
  /** The syntax nodes that denote the holder. */
  readonly denoting: ReadonlySet<Expr>;
}

/** Names followed from the query's own: alias of an alias of a parameter is as far as people go. */
const MAX_DEPTH = 3;
const MAX_TARGETS = 48;

/** Everything the program does to the holder, under every name found for it. */
export function collectHolderUses(index: SourceIndex, query: GrowthSiteQuery): HolderUses {
  const targets = [...primaryTargets(index, query.holder)];
  const uses: HolderUse[] = [];
  const denoting = new Set<Expr>();
  for (let i = 0; i < targets.length; i++) {
    const target = targets[i]!;
    for (const occurrence of occurrencesOf(index, target)) {
      if (!target.entry) denoting.add(occurrence.expr);
      for (const use of usesOf(occurrence.expr)) {
        uses.push({ target, use, ...occurrence });
        if (target.depth >= MAX_DEPTH || targets.length >= MAX_TARGETS) continue;
        for (const next of furtherTargets(index, target, occurrence, use)) {
          const known = targets.find((target) => sameTarget(target, next));
          if (known === undefined) targets.push(next);
          else
            known.vias.push(...next.vias.filter((passage) => !known.vias.some((other) => other.call === passage.call)));
        }
      }
    }
  }
  return { uses, denoting };
}

function primaryTargets(index: SourceIndex, holder: HolderReference): readonly Target[] {
  const first = { depth: 0, entry: false, vias: [] };
  switch (holder.form) {
    case 'global':
      return [{ ...first, form: 'global', name: definingGlobal(index, holder.module, holder.name) }];
    case 'class attribute':
    case 'instance attribute':
      return [
        {
          ...first,
          form: 'attribute',
          name: unmangled(holder.name),
          className: holder.className.slice(holder.className.lastIndexOf('.') + 1),
          classes: findClasses(index, holder.module, holder.className),
          isExact: holder.form === 'instance attribute',
          owner:
            holder.form === 'instance attribute' && holder.owner !== undefined
              ? definingGlobal(index, holder.owner.module, holder.owner.name)
              : undefined,
        },
      ];
    case 'function cache':
      return [];
    case 'closure':
    case 'default argument':
    case 'local': {
      const targets: Target[] = [];
      const bindings = new Set<Binding>();
      for (const callee of findFunctions(index, holder.module, holder.qualname)) {
        const name = holder.form === 'default argument' ? parameterOfDefault(callee, holder.name) : holder.name;
        const binding = variableOf(callee, name);
        if (binding === undefined || bindings.has(binding)) continue;
        bindings.add(binding);
        targets.push({ ...first, form: 'variable', source: callee.file, binding });
      }
      return targets;
    }
  }
}

/** `_Cache__data`, as the interpreter knows a private attribute, as it is written in its class: `__data`. */
function unmangled(name: string): string {
  return /^_[A-Za-z]\w*?(__\w*[A-Za-z0-9]_?)$/.exec(name)?.[1] ?? name;
}

/** `[2]`, the place of a default among the function's positional ones, as the parameter's name; names stay names. */
function parameterOfDefault(callee: FunctionInfo, name: string): string {
  const place = /^\[(\d+)\]$/.exec(name)?.[1];
  if (place === undefined) return name;
  const { posonlyargs, args, defaults } = callee.node.args;
  const positional = [...posonlyargs, ...args];
  return positional[positional.length - defaults.length + Number(place)]?.arg ?? name;
}

/** The function's own or enclosing variable of that name; else one of a function nested in it. */
function variableOf(callee: FunctionInfo, name: string): Binding | undefined {
  const seen = lookup(name, callee.scope);
  if (seen !== undefined && seen.scope.kind !== 'module') return seen;
  const prefix = `${callee.qualname}.<locals>.`;
  for (const inner of callee.file.functions) {
    if (!inner.qualname.startsWith(prefix)) continue;
    const binding = inner.scope.bindings.get(name);
    if (binding !== undefined) return binding;
  }
  return seen;
}

/** The expressions that denote the target. */
export function occurrencesOf(index: SourceIndex, target: Target): readonly Occurrence[] {
  switch (target.form) {
    case 'global':
      return globalOccurrences(index, target.name);
    case 'attribute':
      return attributeOccurrences(index, target);
    case 'variable':
      return (target.source.names.get(target.binding.name) ?? [])
        .filter((name) => bindingOf(target.source, name) === target.binding)
        .map((expr) => ({ source: target.source, expr, certain: true }));
    case 'result':
      return callSitesOf(index, target.function).flatMap(({ source, node, operation, certain }) =>
        node.kind === 'Call' && operation === 'call' ? [{ source, expr: node, certain }] : [],
      );
  }
}

export function globalOccurrences(index: SourceIndex, wanted: GlobalName): readonly Occurrence[] {
  const found = new Map<Expr, Occurrence>();
  const names = [wanted.name];
  // The list grows while other modules re-export the variable under further names.
  for (let i = 0; i < names.length && i < MAX_REEXPORTS; i++) {
    const name = names[i]!;
    for (const source of filesMentioning(index, name)) {
      const aliases = source.importedAs.get(name) ?? [];
      for (const expr of [name, ...aliases].flatMap((word) => spellings(source, word))) {
        const named = resolveGlobal(index, source, expr);
        if (named !== undefined && isSameGlobal(named, wanted)) found.set(expr, { source, expr, certain: true });
      }
      for (const alias of aliases) {
        const isExported = source.scopes.module.bindings.has(alias) && !names.includes(alias);
        if (isExported && isSameGlobal(definingGlobal(index, source.module, alias), wanted)) names.push(alias);
      }
    }
  }
  return [...found.values()];
}

/** Names under which one variable is re-exported. */
const MAX_REEXPORTS = 8;

/** Expressions that may name a global called `name`: the name, an attribute, `globals()['name']`, `getattr(m, 'name')`. */
function spellings(source: ModuleSource, name: string): readonly Expr[] {
  const quoted = (source.strings.get(name) ?? []).flatMap(({ parent }) =>
    parent?.kind === 'Subscript' || parent?.kind === 'Call' ? [parent] : [],
  );
  return [...(source.names.get(name) ?? []), ...(source.attributes.get(name) ?? []), ...quoted];
}

function attributeOccurrences(
  index: SourceIndex,
  target: Target & { readonly form: 'attribute' },
): readonly Occurrence[] {
  const { name, className } = target;
  const found: Occurrence[] = [];
  for (const source of filesMentioning(index, name)) {
    for (const expr of source.attributes.get(name) ?? []) {
      const match = receiverMatches(index, source, expr.value, target);
      if (match !== 'no') found.push({ source, expr, certain: match === 'yes' });
    }
    // In the class body an attribute is a plain name.
    for (const expr of source.names.get(name) ?? []) {
      const scope = bindingOf(source, expr)?.scope;
      const owner = scope?.kind === 'class' ? source.classOf.get(scope.node) : undefined;
      if (owner !== undefined && mayHave(index, target, owner)) {
        found.push({ source, expr, certain: true });
      }
    }
    for (const constant of source.strings.get(name) ?? []) {
      const call = constant.parent;
      if (call?.kind !== 'Call' || call.args[1] !== constant || call.func.kind !== 'Name' || call.func.id !== 'getattr')
        continue;
      if (receiverMatches(index, source, call.args[0]!, target) === 'yes')
        found.push({ source, expr: call, certain: true });
    }
  }
  if (found.some((occurrence) => occurrence.certain)) return found;
  return found.filter(({ source }) => source.text.includes(className));
}

function receiverMatches(
  index: SourceIndex,
  source: ModuleSource,
  receiver: Expr,
  target: Target & { readonly form: 'attribute' },
): 'yes' | 'perhaps' | 'no' {
  const { owner, classes } = target;
  if (owner !== undefined) {
    const global = resolveGlobal(index, source, receiver);
    if (global !== undefined && !isClassOrModule(inferValues(index, source, receiver))) {
      return isSameGlobal(global, owner) ? 'yes' : 'no';
    }
  }
  const values = inferValues(index, source, receiver);
  for (const value of values) {
    if (value.kind !== 'class' && value.kind !== 'instance') continue;
    if (mayHave(index, target, value.class)) return 'yes';
    if (classes.length === 0 && value.class.node.name === target.className) return 'yes';
  }
  if (values.length > 0) return 'no';
  // Nothing is known of the receiver: believe the name, unless another class of this file has an attribute of that name.
  const inHome = classes.some((cls) => cls.file === source) || source.text.includes(target.className);
  if (!inHome) return 'no';
  const rival = source.classes.some(
    (cls) => !classes.some((own) => areRelated(index, own, cls)) && attributeStores(cls, target.name).length > 0,
  );
  return rival ? 'no' : 'perhaps';
}

/** Whether an attribute that code of `cls` names may be the target's. */
function mayHave(
  index: SourceIndex,
  { classes, isExact }: Target & { readonly form: 'attribute' },
  cls: ClassInfo,
): boolean {
  return classes.some((own) => (isExact ? ancestorsOf(index, own).includes(cls) : areRelated(index, own, cls)));
}

function isClassOrModule(values: readonly Value[]): boolean {
  return values.some((value) => value.kind === 'class' || value.kind === 'module');
}

/** Names the holder gets by this use of it. */
function furtherTargets(index: SourceIndex, from: Target, { source, expr }: Occurrence, use: Use): readonly Target[] {
  const next = { depth: from.depth + 1, vias: from.vias };
  switch (use.effect) {
    case 'alias': {
      const entry = from.entry || use.entry;
      // Once stored where others reach it, the holder no longer depends on the call that passed it.
      return targetsNamed(index, source, use.target).map((target) => ({
        ...target,
        ...next,
        entry,
        vias: target.form === 'variable' ? from.vias : [],
      }));
    }
    case 'default': {
      const callee = source.functionOf.get(use.parameter.parent!.parent!);
      const binding = callee?.scope.bindings.get(use.parameter.arg);
      return binding === undefined
        ? []
        : [{ ...next, form: 'variable', source, binding, entry: from.entry || use.entry }];
    }
    case 'argument': {
      const entry = from.entry || use.entry;
      return calledFunctions(index, source, use.call).flatMap((callee): Target[] => {
        const binding = parameterOf(source, use.call, callee, use.position);
        if (binding === undefined) return [];
        return [
          {
            form: 'variable',
            source: callee.file,
            binding,
            depth: next.depth,
            entry,
            vias: [{ source, call: use.call, outer: from.vias[0] }],
          },
        ];
      });
    }
    case 'returned': {
      const callee = enclosingFunction(source, expr);
      if (callee === undefined || from.form === 'result') return [];
      return [{ ...next, form: 'result', function: callee, entry: from.entry || use.entry }];
    }
    default:
      return [];
  }
}

type NamedTarget =
  | Omit<Target & { readonly form: 'global' }, 'depth' | 'entry' | 'vias'>
  | Omit<Target & { readonly form: 'attribute' }, 'depth' | 'entry' | 'vias'>
  | Omit<Target & { readonly form: 'variable' }, 'depth' | 'entry' | 'vias'>;

/** What an assignment target names. */
function targetsNamed(index: SourceIndex, source: ModuleSource, target: Expr): readonly NamedTarget[] {
  if (target.kind === 'Name') {
    const binding = bindingOf(source, target);
    if (binding === undefined) return [];
    if (binding.scope.kind === 'module') {
      return [{ form: 'global', name: definingGlobal(index, source.module, target.id) }];
    }
    const cls = source.classOf.get(binding.scope.node);
    return cls === undefined ? [{ form: 'variable', source, binding }] : [attributeOf(cls, target.id)];
  }
  if (target.kind !== 'Attribute') return [];
  return inferValues(index, source, target.value).flatMap((value): NamedTarget[] => {
    switch (value.kind) {
      case 'class':
      case 'instance':
        return [attributeOf(value.class, target.attr)];
      case 'module':
        return [{ form: 'global', name: definingGlobal(index, value.name, target.attr) }];
      default:
        return [];
    }
  });
}

function attributeOf(cls: ClassInfo, name: string): NamedTarget {
  return { form: 'attribute', name, className: cls.node.name, classes: [cls], isExact: false, owner: undefined };
}

/** The parameter of `callee` that the argument of the call becomes. */
function parameterOf(
  source: ModuleSource,
  call: Call,
  callee: FunctionInfo,
  position: number | string,
): Binding | undefined {
  const { args } = callee.node;
  const positional = [...args.posonlyargs, ...args.args];
  if (typeof position === 'string') {
    return positional.some((arg) => arg.arg === position) || args.kwonlyargs.some((arg) => arg.arg === position)
      ? callee.scope.bindings.get(position)
      : undefined;
  }
  if (call.args.slice(0, position).some((arg) => arg.kind === 'Starred')) return undefined;
  const name = positional[position + receiverOffset(source, call, callee)]?.arg;
  return name === undefined ? undefined : callee.scope.bindings.get(name);
}

/** 1 when the call itself supplies the first parameter (`self`, `cls`). */
function receiverOffset(source: ModuleSource, call: Call, callee: FunctionInfo): number {
  if (callee.role === 'class method') return 1;
  if (callee.role !== 'method') return 0;
  // `Class.method(obj, …)` supplies it by hand.
  const named = callee.class?.node.name;
  const { func } = call;
  const explicit =
    func.kind === 'Attribute' &&
    func.value.kind === 'Name' &&
    func.value.id === named &&
    scopeOf(source, call).kind !== 'class';
  return explicit ? 0 : 1;
}

function sameTarget(a: Target, b: Target): boolean {
  if (a.entry !== b.entry) return false;
  switch (a.form) {
    case 'global':
      return b.form === 'global' && isSameGlobal(a.name, b.name);
    case 'attribute':
      return b.form === 'attribute' && a.name === b.name && a.classes[0] === b.classes[0];
    case 'variable':
      return b.form === 'variable' && a.binding === b.binding;
    case 'result':
      return b.form === 'result' && a.function === b.function;
  }
}
