// Outwards from the functions that write to a holder: who calls them, who calls those, up to a few levels.

import { callSitesOf } from './call-sites.ts';
import type { CallSite } from './class-creation.ts';
import { isReceiver } from './class-members.ts';
import type { Expr } from './python-ast.ts';
import type { FunctionInfo, ModuleSource, SourceIndex } from './source-index.ts';
import { bindingOf, enclosingFunction } from './source-index.ts';
import type { GlobalName } from './type-inference.ts';
import { inferValues, resolveGlobal } from './type-inference.ts';

export interface CallerSite extends CallSite {
  /** 1 for calls of the writer itself. */
  readonly level: number;
}

export interface CallerSearch {
  /** The one object whose calls count, where the holder hangs on a global instance. */
  readonly owner?: GlobalName | undefined;
  readonly maxLevel?: number;
}

const DEFAULT_MAX_LEVEL = 3;
/** While only library code has been met, the search goes on: the application is what a person can change. */
const MAX_LIBRARY_LEVEL = 6;
/** Functions followed per level: beyond, a writer is so widely used that its callers say nothing. */
const MAX_FRONTIER = 128;
const MAX_SITES = 2000;

/** Call sites of `writers`, nearest first; breadth first, every function once. */
export function callersOf(
  index: SourceIndex,
  writers: readonly FunctionInfo[],
  search: CallerSearch = {},
): readonly CallerSite[] {
  const maxLevel = search.maxLevel ?? DEFAULT_MAX_LEVEL;
  const seen = new Set<FunctionInfo>(writers);
  const found: CallerSite[] = [];
  let frontier: readonly FunctionInfo[] = [...seen];
  // While the object has not been named, its other instances' calls are told apart by their receiver.
  let bound = new Set<FunctionInfo>(search.owner === undefined ? [] : writers);
  let reached = false;
  for (
    let level = 1;
    frontier.length > 0 && level <= (reached ? maxLevel : Math.max(maxLevel, MAX_LIBRARY_LEVEL));
    level++
  ) {
    const next: FunctionInfo[] = [];
    const nextBound = new Set<FunctionInfo>();
    for (const callee of frontier.slice(0, MAX_FRONTIER)) {
      for (const site of callSitesOf(index, callee)) {
        const relation = bound.has(callee) ? relationTo(index, site, search.owner!) : 'owner';
        if (relation === 'other' || isLibraryTest(site.source)) continue;
        if (found.length >= MAX_SITES) return found;
        found.push({ ...site, level });
        reached ||= !site.source.isLibrary;
        const caller = enclosingFunction(site.source, site.node);
        if (caller === undefined || seen.has(caller)) continue;
        seen.add(caller);
        next.push(caller);
        if (relation === 'self') nextBound.add(caller);
      }
    }
    frontier = next;
    bound = nextBound;
  }
  return found;
}

/** Whether a method is called on the owner, on `self` (so the question passes to the caller's callers), or on another object. */
function relationTo(index: SourceIndex, site: CallSite, owner: GlobalName): 'owner' | 'self' | 'other' {
  const { receiver, source } = site;
  if (receiver === undefined) return 'owner';
  const global = resolveGlobal(index, source, receiver);
  if (global !== undefined) {
    if (global.module === owner.module && global.name === owner.name) return 'owner';
    return inferValues(index, source, receiver).some((value) => value.kind === 'instance') ? 'other' : 'owner';
  }
  const method = enclosingFunction(source, site.node);
  if (receiver.kind === 'Name' && method?.class !== undefined && isReceiverName(source, receiver)) return 'self';
  if (isSuperCall(receiver)) return 'self';
  // An object made on the spot is not the long-lived one.
  return isFresh(index, source, receiver) ? 'other' : 'owner';
}

/** Packages ship their tests; nobody's program runs them. */
function isLibraryTest(source: ModuleSource): boolean {
  return source.isLibrary && /\/tests?\/|\/test_\w+\.py$/.test(source.path);
}

/** `self` or `cls`: the first parameter of a method. */
function isReceiverName(source: ModuleSource, name: Expr & { readonly kind: 'Name' }): boolean {
  return (bindingOf(source, name)?.definitions ?? []).some((definition) => {
    const owner = definition.kind === 'parameter' ? source.functionOf.get(definition.scope.node) : undefined;
    return owner?.class !== undefined && definition.kind === 'parameter' && isReceiver(owner.class, definition);
  });
}

function isSuperCall(expr: Expr): boolean {
  return expr.kind === 'Call' && expr.func.kind === 'Name' && expr.func.id === 'super';
}

/** A constructor call, or a local variable given nothing else. */
function isFresh(index: SourceIndex, source: ModuleSource, expr: Expr): boolean {
  if (expr.kind === 'Call') return inferValues(index, source, expr.func).some((value) => value.kind === 'class');
  if (expr.kind !== 'Name') return false;
  const definitions = bindingOf(source, expr)?.definitions ?? [];
  return (
    definitions.length > 0 &&
    definitions.every(
      ({ kind, ...definition }) =>
        kind === 'value' &&
        'value' in definition &&
        definition.value.kind === 'Call' &&
        isFresh(index, source, definition.value),
    )
  );
}
