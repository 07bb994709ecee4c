// Follows one opened resource along the ways through its function: which names hold it, where it is released or handed on,
// and where it is lost while still open. Sets of names per point, all paths at once, exceptions of real calls included.

import type { Call, Node } from '../../source/python-ast.ts';
import { bindingOf } from '../../source/source-index.ts';
import type { Condition } from '../finding.ts';
import type { ScannedFile } from '../scanned-file.ts';
import { NOWHERE, RAISED, RETURNED } from './control-flow.ts';
import type { FunctionCode } from './function-code.ts';
import type { ResourceModel } from './resource-models.ts';
import { isReleasedIn, knownTruth, releasingBranch } from './resource-tests.ts';
import { type Effect, effectOf } from './resource-uses.ts';

export interface Opening {
  readonly call: Call;
  readonly model: ResourceModel;
  /** What the opened thing's life begins with: the call's own effect, or that of its element in an unpacking. */
  readonly effect: Effect;
}

/** What becomes of an opened resource. */
export interface Fate {
  /** Where it is lost on a path without exceptions: a `return`, or the function when its end is reached. */
  readonly lostAt: Node | undefined;
  /** The statement that gives the last name another value while it is open. */
  readonly reboundAt: Node | undefined;
  /** The statement whose exception loses it; the path may end normally, in a handler that forgets it. */
  readonly raisedAt: Node | undefined;
  /** On some path it is released. */
  readonly releases: readonly Node[];
  /** On some path something else becomes responsible. */
  readonly escapes: boolean;
  readonly isReturned: boolean;
  /** What must hold of functions of other files for it not to be theirs. */
  readonly conditions: readonly Condition[];
  /** Whether anything is done with it at all. */
  readonly isUsed: boolean;
  /** The names that hold it, and those that hold parts of it. */
  readonly names: readonly string[];
}

/** Names followed for one resource: itself and its aliases and parts. */
const MAX_NAMES = 8;
/** States visited for one resource; beyond it nothing is said. */
const MAX_STATES = 10_000;

interface Holder {
  readonly name: string;
  readonly isPart: boolean;
}

interface PointEvents {
  /** Bit of the holder that is mentioned, and what that does. */
  readonly loads: readonly { readonly bit: number; readonly effect: Effect; readonly node: Node }[];
  /** Bits whose name gets another value, or is deleted. */
  readonly cleared: number;
}

interface Subject {
  readonly code: FunctionCode;
  readonly holders: readonly Holder[];
  readonly events: ReadonlyMap<number, PointEvents>;
  readonly releases: readonly Node[];
  readonly isUsed: boolean;
}

/** Undefined when the code around is too tangled to say. */
export function fateOf(file: ScannedFile, code: FunctionCode, opening: Opening): Fate | undefined {
  const { effect } = opening;
  if (effect.kind !== 'name') return undefined;
  const subject = subjectOf(file, code, opening, effect);
  if (subject === undefined) return undefined;
  return explore(subject, opening, bitOf(subject.holders, effect));
}

/** All names the resource may come to have, and what every mention of them does. */
function subjectOf(file: ScannedFile, code: FunctionCode, opening: Opening, first: Holder): Subject | undefined {
  const holders: Holder[] = [{ name: first.name, isPart: first.isPart }];
  const events = new Map<number, { loads: { bit: number; effect: Effect; node: Node }[]; cleared: number }>();
  const releases: Node[] = [];
  let isUsed = false;
  for (let i = 0; i < holders.length; i++) {
    const holder = holders[i]!;
    for (const { point, name, isCaptured } of code.names.get(holder.name) ?? []) {
      const scope = bindingOf(file.source, name)?.scope;
      if (scope?.kind === 'comprehension' || (isCaptured && scope?.node !== code.owner)) continue;
      // A global's life is not this function's to follow.
      if (scope?.node !== code.owner) return undefined;
      let event = events.get(point);
      if (event === undefined) {
        event = { loads: [], cleared: 0 };
        events.set(point, event);
      }
      if (name.ctx !== 'Load') {
        if (!isCaptured) event.cleared |= 1 << i;
        continue;
      }
      isUsed = true;
      const effect: Effect = isCaptured
        ? { kind: 'escape', returned: false }
        : effectOf(file, { expr: name, model: opening.model, isPart: holder.isPart });
      if (effect.kind === 'use') continue;
      event.loads.push({ bit: 1 << i, effect, node: name });
      if (effect.kind === 'release') releases.push(name);
      if (effect.kind === 'name' && bitOf(holders, effect) === 0) {
        if (holders.length === MAX_NAMES) return undefined;
        holders.push({ name: effect.name, isPart: effect.isPart });
      }
    }
  }
  return { code, holders, events, releases, isUsed };
}

function bitOf(holders: readonly Holder[], { name, isPart }: Holder): number {
  const i = holders.findIndex((holder) => holder.name === name && holder.isPart === isPart);
  return i < 0 ? 0 : 1 << i;
}

/** A point, the set of names that hold the open resource there, and whether an exception led there. */
interface State {
  readonly point: number;
  readonly held: number;
  readonly raisedAt: Node | undefined;
}

function explore(subject: Subject, opening: Opening, held: number): Fate | undefined {
  const { flow, pointsOf } = subject.code;
  const fate = {
    lostAt: undefined as Node | undefined,
    reboundAt: undefined as Node | undefined,
    raisedAt: undefined as Node | undefined,
    releases: subject.releases,
    isUsed: subject.isUsed,
    escapes: false,
    isReturned: false,
    conditions: new Set<Condition>(),
  };
  const seen = new Set<number>();
  const pending: State[] = [];
  const visit = (point: number, names: number, raisedAt: Node | undefined, from: Node) => {
    if (point === RETURNED || point === RAISED) {
      if (raisedAt !== undefined) fate.raisedAt ??= raisedAt;
      else if (point === RETURNED) fate.lostAt ??= from;
      return;
    }
    const key = (point * 2 + (raisedAt === undefined ? 0 : 1)) * 2 ** MAX_NAMES + names;
    if (seen.has(key)) return;
    seen.add(key);
    pending.push({ point, held: names, raisedAt });
  };
  for (const start of pointsOf.get(opening.call) ?? []) {
    for (const next of flow.next[start]!) visit(next, held, undefined, flow.nodes[start]!);
  }
  for (let state = pending.pop(); state !== undefined; state = pending.pop()) {
    if (seen.size > MAX_STATES) return undefined;
    const { point, raisedAt } = state;
    const node = flow.nodes[point]!;
    const event = subject.events.get(point);
    const used = useAt(subject, event, state.held, fate);
    if (used === undefined) continue;
    const raising = raisedAt ?? node;
    if (flow.raising[point] === 'call') visit(flow.raised[point]!, state.held, raising, node);
    if (flow.abandoned[point] !== NOWHERE) visit(flow.abandoned[point]!, state.held, raising, node);
    const names = (state.held & ~(event?.cleared ?? 0)) | used;
    if (names === 0) {
      if (raisedAt === undefined) fate.reboundAt ??= node;
      else fate.raisedAt ??= raisedAt;
      continue;
    }
    for (const next of onward(subject, point, names)) visit(next, names, raisedAt, node);
  }
  return { ...fate, conditions: [...fate.conditions], names: subject.holders.map(({ name }) => name) };
}

/** The names that come to hold it at a point; undefined when it is no longer this function's to release. */
function useAt(
  subject: Subject,
  event: PointEvents | undefined,
  held: number,
  fate: { escapes: boolean; isReturned: boolean; readonly conditions: Set<Condition> },
): number | undefined {
  let named = 0;
  for (const { bit, effect } of event?.loads ?? []) {
    if ((held & bit) === 0) continue;
    switch (effect.kind) {
      case 'release':
        return undefined;
      case 'escape':
        fate.escapes = true;
        fate.isReturned ||= effect.returned;
        return undefined;
      case 'name':
        named |= bitOf(subject.holders, effect);
        break;
      case 'lend':
        fate.conditions.add(effect.condition);
        break;
      default:
    }
  }
  return named;
}

/**
 * Where a point leads while the names hold an open resource. Tests of them have one outcome only, and an exception that no
 * handler takes is not followed past handlers that release it: their author knew what may be raised.
 */
function onward(subject: Subject, point: number, held: number): readonly number[] {
  const { flow } = subject.code;
  const next = flow.next[point]!;
  const node = flow.nodes[point]!;
  switch (node.kind) {
    case 'Try':
    case 'TryStar': {
      const { handlers } = node;
      return handlers.some(({ body }) => isReleasedIn(body, subject.releases)) ? next.slice(0, handlers.length) : next;
    }
    case 'If':
    case 'While': {
      if (next.length < 2) return next;
      const isHeld = (name: string) => subject.holders.some((each, i) => each.name === name && (held & (1 << i)) !== 0);
      const truth = knownTruth(node.test, isHeld);
      if (truth !== undefined) return [next[truth ? 0 : 1]!];
      const branch = node.kind === 'If' ? releasingBranch(node, subject.releases) : undefined;
      return branch === undefined ? next : [next[branch]!];
    }
    default:
      return next;
  }
}
