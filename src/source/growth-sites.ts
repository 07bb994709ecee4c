// Answers a growth-site query: the lines that add to a holder, the calls that reach them, the lines that remove from it.

import type { CallerSite } from './callers.ts';
import { callersOf } from './callers.ts';
import { usesOf } from './container-operations.ts';
import { cacheDecoratorOf } from './growth-bound.ts';
import type { GrowthSiteQuery, GrowthSites, SourceSite } from './growth-site-query.ts';
import type { Effect } from './holder-effects.ts';
import { isInLoop, judgeHolderUses } from './holder-effects.ts';
import type { HolderUse } from './holder-uses.ts';
import { collectHolderUses, globalOccurrences } from './holder-uses.ts';
import type { Node } from './python-ast.ts';
import type { SeenRunning } from './seen-running.ts';
import { seenRunning } from './seen-running.ts';
import type { FunctionInfo, ModuleSource, SourceIndex } from './source-index.ts';
import { enclosingFunction, filesMentioning, findFunctions, isLibraryPath, unparsedFiles } from './source-index.ts';
import { mergeSites, siteAt } from './source-site.ts';
import { findTypeCreations } from './type-creations.ts';
import type { GlobalName } from './type-inference.ts';
import { definingGlobal, resolveGlobal } from './type-inference.ts';

/** Sites listed in all: more than a person reads. */
const MAX_SITES = 12;
const MAX_WRITES = 6;
const MAX_SHRINKS = 12;
/** Callers in the application that come before the second line of a library that writes. */
const CALLERS_BEFORE_WRITES = 2;
/** Callers inside libraries, which a person can seldom change: shown to explain the way, not to fill the page. */
const MAX_LIBRARY_CALLERS = 4;
/** What not having been seen running costs in the order: more than a doubt about the holder, less than a library's code. */
const UNSEEN = 3;

interface Candidate {
  readonly source: ModuleSource;
  readonly node: Node;
  readonly operation: string;
  readonly basis: SourceSite['basis'];
  /** Lower comes first. */
  readonly rank: number;
}

/** The lines that make the holder of `query` grow, and those that shrink or bound it. Never throws on bad source. */
export function findGrowthSites(index: SourceIndex, query: GrowthSiteQuery): GrowthSites {
  const isSeen = seenRunning(query.running ?? []);
  const found =
    query.holder.form === 'function cache' ? cacheSites(index, query) : containerSites(index, query, isSeen);
  const answer = preferRunning(found, isSeen);
  const writes = sites(answer.writes).slice(0, MAX_WRITES);
  const library = sites(answer.callers.filter((caller) => caller.source.isLibrary));
  const application = sites(answer.callers.filter((caller) => !caller.source.isLibrary));
  const isInApplication = application.length > 0 || answer.writes.some((write) => !write.source.isLibrary);
  // What a library does inside is told by one line; the lines that make it do so are the reader's own.
  const first = answer.writes.every((write) => write.source.isLibrary) ? 1 : writes.length;
  const creates = findTypeCreations(index, query.growingTypes).filter(
    (site) => !isInApplication || !isLibraryPath(site.path),
  );
  const grows = mergeSites([
    writes.slice(0, first),
    application.slice(0, CALLERS_BEFORE_WRITES),
    writes.slice(first),
    application.slice(CALLERS_BEFORE_WRITES),
    library.slice(0, application.length > 0 ? MAX_LIBRARY_CALLERS : MAX_SITES - MAX_WRITES),
    creates,
  ]);
  return {
    grows: grows.slice(0, MAX_SITES),
    shrinks: sites(answer.shrinks).slice(0, MAX_SHRINKS),
    ...(answer.bound === undefined ? {} : { bound: answer.bound }),
    unparsed: unparsedFiles(index),
  };
}

interface Answer {
  readonly writes: readonly Candidate[];
  readonly callers: readonly Candidate[];
  readonly shrinks: readonly Candidate[];
  readonly bound: number | undefined;
}

/** Moves sites in functions that were seen running forward. */
function preferRunning(answer: Answer, isSeen: SeenRunning): Answer {
  const reranked = (candidates: readonly Candidate[]): readonly Candidate[] =>
    candidates.map((candidate) => ({
      ...candidate,
      rank: candidate.rank + (isSeen(candidate.source, candidate.node) ? 0 : UNSEEN),
    }));
  return { ...answer, writes: reranked(answer.writes), callers: reranked(answer.callers) };
}

function containerSites(index: SourceIndex, query: GrowthSiteQuery, isSeen: SeenRunning): Answer {
  const collected = collectHolderUses(index, query);
  const effects = judgeHolderUses(index, collected);
  const inFunction = effects.grows.some((grow) => grow.function !== undefined || isInLoop(grow.node));
  const writing = inFunction || effects.grows.length > 0 ? effects.grows : effects.mayGrow;
  const owner = ownerOf(index, query);
  const writers = new Set<FunctionInfo>();
  const callers: Candidate[] = [];
  for (const grow of writing) {
    const { vias } = grow.origin.target;
    // A function that adds to its parameter writes to the holder only when the holder is what it is given.
    if (vias.length === 0 && grow.function !== undefined) writers.add(grow.function);
    for (const via of vias) {
      const { source, call, outer } = via;
      callers.push({
        source,
        node: call,
        operation: 'call',
        basis: 'calls writer',
        rank: callerRank(source, call, 1, true),
      });
      const caller = enclosingFunction(source, call);
      if (outer === undefined && caller !== undefined) writers.add(caller);
      if (outer !== undefined) {
        const rank = callerRank(outer.source, outer.call, 2, true);
        callers.push({ source: outer.source, node: outer.call, operation: 'call', basis: 'calls writer', rank });
        const outermost = enclosingFunction(outer.source, outer.call);
        if (outer.outer === undefined && outermost !== undefined) writers.add(outermost);
      }
    }
  }
  callers.push(...callersAsCandidates(callersOf(index, runningFirst([...writers], isSeen), { owner })));
  const inApplication = [...writing, ...callers].some(({ source }) => !source.isLibrary);
  if (!inApplication) callers.push(...handedOn(index, collected.uses, owner));
  return {
    writes: writing.map((grow) => ({ ...grow, basis: 'writes holder', rank: writeRank(grow) })),
    callers,
    shrinks: effects.shrinks.map((shrink) => ({ ...shrink, basis: 'writes holder', rank: writeRank(shrink) })),
    bound: effects.bound ?? (owner === undefined ? undefined : ownerBound(index, owner)),
  };
}

function runningFirst(functions: readonly FunctionInfo[], isSeen: SeenRunning): readonly FunctionInfo[] {
  return [...functions].sort((a, b) => Number(isSeen(b.file, b.node)) - Number(isSeen(a.file, a.node)));
}

function ownerOf(index: SourceIndex, { holder }: GrowthSiteQuery): GlobalName | undefined {
  if (holder.form !== 'instance attribute' || holder.owner === undefined) return undefined;
  return definingGlobal(index, holder.owner.module, holder.owner.name);
}

/** A bound given where the owner is made: `EVENTS = queue.Queue(maxsize=100)`. */
function ownerBound(index: SourceIndex, owner: GlobalName): number | undefined {
  return judgeHolderUses(index, collectHolderUses(index, { holder: { form: 'global', ...owner }, growingTypes: [] }))
    .bound;
}

/** With no write in any Python source (the container belongs to native code), what is done with the holder or its owner. */
function handedOn(index: SourceIndex, uses: readonly HolderUse[], owner: GlobalName | undefined): readonly Candidate[] {
  const found: Candidate[] = [];
  const add = (source: ModuleSource, node: Node, operation: string) =>
    found.push({ source, node, operation, basis: 'calls writer', rank: callerRank(source, node, 2, true) });
  for (const { source, use } of uses) {
    if (use.effect === 'argument') add(source, use.call, 'passed to a call');
  }
  if (owner === undefined) return found;
  for (const { source, expr } of globalOccurrences(index, owner)) {
    for (const use of usesOf(expr)) {
      if (use.effect === 'grow') add(source, use.node, use.operation);
      else if (use.effect === 'method') add(source, use.call, 'call');
      else if (use.effect === 'argument') add(source, use.call, 'passed to a call');
    }
  }
  return found;
}

function cacheSites(index: SourceIndex, query: GrowthSiteQuery): Answer {
  const { holder } = query;
  const empty: Answer = { writes: [], callers: [], shrinks: [], bound: undefined };
  if (holder.form !== 'function cache') return empty;
  const writes: Candidate[] = [];
  const callers: Candidate[] = [];
  const shrinks: Candidate[] = [];
  let bound: number | undefined;
  for (const callee of findFunctions(index, holder.module, holder.qualname)) {
    const cache = cacheDecoratorOf(index, callee);
    bound ??= cache?.bound;
    writes.push({
      source: callee.file,
      node: callee.node,
      operation: 'memoised definition',
      basis: 'writes holder',
      rank: 0,
    });
    callers.push(...callersAsCandidates(callersOf(index, [callee])));
    if (callee.node.kind !== 'Lambda') shrinks.push(...cacheClears(index, callee, callee.node.name));
  }
  return { writes, callers, shrinks, bound };
}

/** Callers as rows; what runs once when a module is imported, or to start the program, is no growth site of its own. */
function callersAsCandidates(found: readonly CallerSite[]): readonly Candidate[] {
  return found
    .filter(({ source, node, level }) => level === 1 || !runsOnce(source, node))
    .map(({ source, node, operation, level, certain }) => ({
      source,
      node,
      operation,
      basis: 'calls writer',
      rank: callerRank(source, node, level, certain),
    }));
}

function runsOnce(source: ModuleSource, node: Node): boolean {
  return enclosingFunction(source, node) === undefined && !isInLoop(node);
}

/** `f.cache_clear()`, `Class.method.cache_clear()`. */
function cacheClears(index: SourceIndex, callee: FunctionInfo, name: string): readonly Candidate[] {
  return filesMentioning(index, 'cache_clear').flatMap((source) =>
    (source.attributes.get('cache_clear') ?? []).flatMap((node): Candidate[] => {
      const cached = node.value;
      const spelled = cached.kind === 'Name' ? cached.id : cached.kind === 'Attribute' ? cached.attr : '';
      const aliased = source.importedAs.get(name)?.includes(spelled) === true;
      if (spelled !== name && !aliased) return [];
      const global = resolveGlobal(index, source, cached);
      if (global !== undefined && (global.module !== callee.file.module || global.name !== name)) return [];
      return [{ source, node, operation: 'cache_clear', basis: 'writes holder', rank: 0 }];
    }),
  );
}

/** Application before library; what runs again and again before what runs once; the holder before its entries. */
function writeRank({ source, node, origin, function: around }: Effect): number {
  const once = around === undefined && !isInLoop(node);
  return (
    (source.isLibrary ? 8 : 0) +
    (once ? 4 : 0) +
    (origin.certain ? 0 : 2) +
    (origin.target.entry || isEntryUse(origin) ? 1 : 0)
  );
}

function isEntryUse({ use }: HolderUse): boolean {
  return use.effect === 'grow' && use.entry;
}

function callerRank(source: ModuleSource, node: Node, level: number, certain: boolean): number {
  return (source.isLibrary ? 100 : 0) + (runsOnce(source, node) ? 10 : 0) + level * 2 + (certain ? 0 : 1);
}

function sites(candidates: readonly Candidate[]): readonly SourceSite[] {
  const ordered = candidates
    .map((candidate, at) => ({ candidate, at }))
    .sort((a, b) => a.candidate.rank - b.candidate.rank || a.at - b.at);
  return mergeSites([
    ordered.map(({ candidate }) => siteAt(candidate.source, candidate.node, candidate.basis, candidate.operation)),
  ]);
}
