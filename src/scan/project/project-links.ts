// Joins the facts of all files and settles what findings hang on: who runs again and again, which classes are made often
// or live long, what other files take out of a container, which functions hand out resources. Facts in, answers out;
// no syntax tree is needed any more, so that files whose text has not changed are never parsed again.

import { COMMON_NAMES } from '../../source/call-sites.ts';
import type { FileResult } from '../check-file.ts';
import { CONFIDENCES, type Condition, type Confidence, type DraftFinding } from '../finding.ts';
import { type NameResolution, resolveNames } from './name-resolution.ts';

export interface ProjectLinks {
  readonly names: NameResolution;
  /** `module.qualname` of functions that run again and again, with the reason. */
  readonly repeating: ReadonlyMap<string, string>;
  /** `module.Class` made by code that runs again and again. */
  readonly madeRepeatedly: ReadonlySet<string>;
  /** `module.Class` kept by a module's variable or a class attribute. */
  readonly longLived: ReadonlySet<string>;
  /** `module.qualname` of called functions: for each call, the arguments that are the same at every run. */
  readonly argumentsOf: ReadonlyMap<string, readonly (readonly (number | string)[])[]>;
  readonly shrunkNames: ReadonlySet<string>;
  readonly shrunkAttributes: ReadonlySet<string>;
  /** `module.qualname` of functions that return an open resource. */
  readonly returnsResource: ReadonlySet<string>;
}

/** A method name that this many classes define says nothing about which of them is meant. */
const MAX_SAME_NAME = 3;

export function linkProject(results: readonly FileResult[]): ProjectLinks {
  const names = resolveNames(results);
  const shrunkNames = new Set<string>();
  const shrunkAttributes = new Set<string>();
  for (const { facts } of results) {
    for (const name of facts.shrunkNames) shrunkNames.add(names.resolve(name));
    for (const name of facts.shrunkAttributes) shrunkAttributes.add(name);
  }
  const { edges, repeated, argumentsOf } = callEdges(names, results);
  const repeating = spreadRepetition(results, edges, repeated);
  const { madeRepeatedly, longLived } = lifetimes(names, results, repeating);
  return {
    names,
    repeating,
    madeRepeatedly,
    longLived,
    argumentsOf,
    shrunkNames,
    shrunkAttributes,
    returnsResource: spreadResources(names, results),
  };
}

/** The finding as the project's facts leave it; undefined when one of them speaks against it. */
export function settle(links: ProjectLinks, draft: DraftFinding): DraftFinding | undefined {
  let { confidence } = draft;
  for (const { condition, otherwise } of draft.conditions) {
    if (holds(links, condition)) continue;
    if (otherwise === 'drop') return undefined;
    confidence = lower(confidence, otherwise);
  }
  return confidence === draft.confidence ? draft : { ...draft, confidence };
}

function holds(links: ProjectLinks, condition: Condition): boolean {
  switch (condition.kind) {
    case 'global is not shrunk elsewhere':
      return !links.shrunkNames.has(`${condition.module}.${condition.name}`);
    case 'attribute is not shrunk elsewhere':
      return !links.shrunkAttributes.has(condition.name);
    case 'runs repeatedly':
      return links.repeating.has(`${condition.module}.${condition.qualname}`);
    case 'is made repeatedly':
      return links.madeRepeatedly.has(`${condition.module}.${condition.className}`);
    case 'argument varies': {
      const calls = links.argumentsOf.get(`${condition.module}.${condition.qualname}`) ?? [];
      const { position, name } = condition;
      return calls.length === 0 || calls.some((fixed) => !fixed.includes(position) && !fixed.includes(name));
    }
    case 'is not a singleton': {
      const name = `${condition.module}.${condition.className}`;
      return !links.longLived.has(name) || links.madeRepeatedly.has(name);
    }
    case 'lives long':
      return links.longLived.has(`${condition.module}.${condition.className}`);
    case 'returns a resource':
      return links.returnsResource.has(links.names.resolve(`${condition.module}.${condition.qualname}`));
    case 'argument is only borrowed': {
      const name = `${condition.module}.${condition.qualname}`;
      const callee = links.names.functionFacts(name) ?? links.names.functionFacts(`${name}.__init__`);
      return callee?.resources?.borrows.includes(condition.position) ?? false;
    }
  }
}

function lower(a: Confidence, b: Confidence): Confidence {
  return CONFIDENCES[Math.max(CONFIDENCES.indexOf(a), CONFIDENCES.indexOf(b))]!;
}

interface CallGraph {
  /** Caller to callees, by full names; a class as callee means its `__init__`. */
  readonly edges: ReadonlyMap<string, readonly string[]>;
  /** Callees that one call alone makes run again and again, with the reason. */
  readonly repeated: ReadonlyMap<string, string>;
  readonly argumentsOf: ReadonlyMap<string, readonly (readonly (number | string)[])[]>;
}

function callEdges(names: NameResolution, results: readonly FileResult[]): CallGraph {
  const byMethodName = new Map<string, string[]>();
  const known = new Set<string>();
  for (const { module, facts } of results) {
    for (const { qualname } of facts.functions) {
      known.add(`${module}.${qualname}`);
      const dot = qualname.lastIndexOf('.');
      // A function inside another is reached by that name only there.
      if (dot < 0 || qualname.endsWith('<locals>', dot)) continue;
      const name = qualname.slice(dot);
      append(byMethodName, name, `${module}.${qualname}`);
    }
  }
  const edges = new Map<string, string[]>();
  const repeated = new Map<string, string>();
  const argumentsOf = new Map<string, (readonly (number | string)[])[]>();
  for (const { module, facts } of results) {
    for (const { caller, callee, repeats, fixedArguments } of facts.calls) {
      // `thread.start()` says nothing of whose `start` that is.
      if (callee.startsWith('.') && COMMON_NAMES.has(callee.slice(1))) continue;
      const targets = callee.startsWith('.')
        ? (byMethodName.get(callee) ?? [])
        : namedTargets(names, known, byMethodName, callee);
      if (targets.length === 0 || targets.length > MAX_SAME_NAME) continue;
      for (const target of targets) {
        if (repeats !== undefined) repeated.set(target, repeats);
        append(argumentsOf, target, fixedArguments);
      }
      for (const target of targets) append(edges, `${module}.${caller}`, target);
    }
    // What a function defines inside itself runs when it does, or later on its behalf.
    for (const { qualname } of facts.functions) {
      const outer = qualname.lastIndexOf('.<locals>.');
      if (outer < 0) continue;
      append(edges, `${module}.${qualname.slice(0, outer)}`, `${module}.${qualname}`);
    }
  }
  return { edges, repeated, argumentsOf };
}

/** What a dotted name may run: a function, a class's `__init__`, or (for `bus.publish`) a method by its name. */
function namedTargets(
  names: NameResolution,
  known: ReadonlySet<string>,
  byMethodName: ReadonlyMap<string, readonly string[]>,
  name: string,
): readonly string[] {
  const resolved = names.resolve(name);
  if (known.has(resolved)) return [resolved];
  if (known.has(`${resolved}.__init__`)) return [`${resolved}.__init__`];
  const split = names.split(resolved);
  const dot = split?.[1].lastIndexOf('.') ?? -1;
  return split === undefined || dot < 0 ? [] : (byMethodName.get(split[1].slice(dot)) ?? []);
}

/** Everything reached from functions that run again and again; the reason names the one it was reached from. */
function spreadRepetition(
  results: readonly FileResult[],
  edges: ReadonlyMap<string, readonly string[]>,
  repeated: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const repeating = new Map(repeated);
  const pending = [...repeated.keys()];
  for (const { module, facts } of results) {
    for (const { qualname, repeats } of facts.functions) {
      if (repeats === undefined) continue;
      repeating.set(`${module}.${qualname}`, repeats);
      pending.push(`${module}.${qualname}`);
    }
  }
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    for (const callee of edges.get(name) ?? []) {
      if (repeating.has(callee)) continue;
      repeating.set(callee, `is called by ${name}`);
      pending.push(callee);
    }
  }
  return repeating;
}

function lifetimes(names: NameResolution, results: readonly FileResult[], repeating: ReadonlyMap<string, string>) {
  const classes = new Set(results.flatMap(({ module, facts }) => facts.classes.map((c) => `${module}.${c.qualname}`)));
  const madeRepeatedly = new Set<string>();
  const longLived = new Set<string>();
  /** What the life of a class's objects spreads to: its bases, and what its objects keep. */
  const spreads = new Map<string, string[]>();
  for (const { module, facts } of results) {
    for (const { qualname, bases } of facts.classes) {
      for (const base of bases) append(spreads, `${module}.${qualname}`, names.resolve(base));
    }
    for (const { caller, callee, inLoop, keptForGood, keptBySelf } of facts.calls) {
      if (callee.startsWith('.')) continue;
      const made = names.resolve(callee);
      if (!classes.has(made)) continue;
      if (keptBySelf) append(spreads, `${module}.${caller.slice(0, Math.max(0, caller.lastIndexOf('.')))}`, made);
      if (keptForGood) longLived.add(made);
      else if (inLoop || repeating.has(`${module}.${caller}`)) madeRepeatedly.add(made);
    }
  }
  // A set grows while it is gone through, and gives what was added too.
  for (const name of longLived) {
    for (const next of spreads.get(name) ?? []) if (classes.has(next)) longLived.add(next);
  }
  return { madeRepeatedly, longLived };
}

/** Functions that return an open resource, directly or as the result of another that does. */
function spreadResources(names: NameResolution, results: readonly FileResult[]): ReadonlySet<string> {
  const returning = new Set<string>();
  const callersOf = new Map<string, string[]>();
  for (const { module, facts } of results) {
    for (const { qualname, resources } of facts.functions) {
      const name = `${module}.${qualname}`;
      if (resources?.returns !== undefined) returning.add(name);
      for (const callee of resources?.returnsResultOf ?? []) {
        append(callersOf, names.resolve(callee), name);
      }
    }
  }
  const pending = [...returning];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    for (const caller of callersOf.get(name) ?? []) {
      if (returning.has(caller)) continue;
      returning.add(caller);
      pending.push(caller);
    }
  }
  return returning;
}

function append<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}
