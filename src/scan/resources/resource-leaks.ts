// The resources of a file that are not surely released, each with how it is lost. The rules of open resources divide them
// among themselves by family and kind; every leak is reported by one of them.

import type { Node } from '../../source/python-ast.ts';
import type { FunctionInfo } from '../../source/source-index.ts';
import type { Condition } from '../finding.ts';
import { oncePerFile, type ScannedFile } from '../scanned-file.ts';
import { type CodeOwner, codeOf } from './function-code.ts';
import { type Fate, fateOf } from './resource-flow.ts';
import type { ResourceModel } from './resource-models.ts';
import { libraryOpenings, type OpeningAt, ownOpenings, projectOpenings } from './resource-openings.ts';

export type LeakKind =
  /** Used where it is opened, never bound to a name. */
  | 'inline'
  /** No path releases it. */
  | 'never released'
  /** Some path without an exception does not. */
  | 'not on every path'
  /** Only an exception keeps it from being released. */
  | 'not on exceptions'
  /** Its last name is given another value while it is open, though the function releases what the name holds later. */
  | 'rebound';

export interface Leak extends OpeningAt {
  readonly kind: LeakKind;
  /** The statement at which it is lost; undefined for inline ones. */
  readonly lostAt: Node | undefined;
  readonly releases: readonly Node[];
  /** Whether it is handed to something else on the paths that do not lose it. */
  readonly escapes: boolean;
  readonly conditions: readonly Condition[];
  readonly isUsed: boolean;
  /** The names that hold it. */
  readonly names: readonly string[];
}

interface Analysis {
  readonly leaks: readonly Leak[];
  /** What the functions of the file return open, by their node. */
  readonly returns: ReadonlyMap<Node, ResourceModel>;
}

/** Functions returning what others return: wrappers of wrappers. */
const MAX_ROUNDS = 3;
/** Openings of one function that are followed; generated code has thousands. */
const MAX_OPENINGS = 100;

const analyse = oncePerFile((file): Analysis => {
  const leaks = new Map<Node, Leak>();
  const returns = new Map<Node, ResourceModel>();
  const followed = new Map<CodeOwner, number>();
  let openings: readonly OpeningAt[] = [...libraryOpenings(file), ...projectOpenings(file)];
  for (let round = 0; round < MAX_ROUNDS && openings.length > 0; round++) {
    const fresh = new Set<FunctionInfo>();
    for (const opening of openings) {
      const count = (followed.get(opening.owner) ?? 0) + 1;
      followed.set(opening.owner, count);
      if (count > MAX_OPENINGS) continue;
      const outcome = follow(file, opening);
      if (outcome?.leak !== undefined) addWorst(leaks, outcome.leak);
      const isOwned = outcome?.isReturned === true && opening.condition === undefined;
      const callee = isOwned ? handingOut(file, opening.owner) : undefined;
      if (callee === undefined || returns.has(callee.node)) continue;
      returns.set(callee.node, opening.model);
      fresh.add(callee);
    }
    openings = openingsBy(file, fresh, returns);
  }
  return { leaks: [...leaks.values()], returns };
});

const BY_WEIGHT: readonly LeakKind[] = [
  'never released',
  'rebound',
  'inline',
  'not on every path',
  'not on exceptions',
];

/** One leak for each call: of two descriptors of a pipe the one that is lost more surely. */
function addWorst(leaks: Map<Node, Leak>, leak: Leak): void {
  const known = leaks.get(leak.call);
  if (known === undefined || BY_WEIGHT.indexOf(leak.kind) < BY_WEIGHT.indexOf(known.kind)) leaks.set(leak.call, leak);
}

export function leaksOf(file: ScannedFile): readonly Leak[] {
  return analyse(file).leaks;
}

/** What the functions of a file return open, by their node. */
export function returnedResources(file: ScannedFile): ReadonlyMap<Node, ResourceModel> {
  return analyse(file).returns;
}

function openingsBy(
  file: ScannedFile,
  fresh: ReadonlySet<FunctionInfo>,
  returns: ReadonlyMap<Node, ResourceModel>,
): readonly OpeningAt[] {
  if (fresh.size === 0) return [];
  const names = new Set([...fresh].flatMap(({ node }) => (node.kind === 'Lambda' ? [] : [node.name])));
  return ownOpenings(file, (callee) => (fresh.has(callee) ? returns.get(callee.node) : undefined), names);
}

function handingOut(file: ScannedFile, owner: CodeOwner): FunctionInfo | undefined {
  const info = owner.kind === 'Module' ? undefined : file.source.functionOf.get(owner);
  return info !== undefined && isCalledDirectly(info) ? info : undefined;
}

/** Whether callers get what a function returns, not what a decorator makes of it (a cached or managed one). */
export function isCalledDirectly({ node }: FunctionInfo): boolean {
  return (
    node.kind === 'Lambda' ||
    node.decorator_list.every(
      (decorator) => decorator.kind === 'Name' && /^(?:staticmethod|classmethod)$/.test(decorator.id),
    )
  );
}

function follow(
  file: ScannedFile,
  opening: OpeningAt,
): { readonly leak: Leak | undefined; readonly isReturned: boolean } | undefined {
  const { effect } = opening;
  switch (effect.kind) {
    case 'use':
      return { leak: inline(opening, conditionsOf(opening)), isReturned: false };
    case 'lend':
      return { leak: inline(opening, [...conditionsOf(opening), effect.condition]), isReturned: false };
    case 'escape':
      return { leak: undefined, isReturned: effect.returned };
    case 'release':
      return undefined;
    default:
  }
  const code = codeOf(file, opening.owner);
  const fate = code === undefined ? undefined : fateOf(file, code, opening);
  return fate === undefined ? undefined : { leak: leakOf(opening, fate), isReturned: fate.isReturned };
}

function conditionsOf({ condition }: OpeningAt): readonly Condition[] {
  return condition === undefined ? [] : [condition];
}

function inline(opening: OpeningAt, conditions: readonly Condition[]): Leak {
  return {
    ...opening,
    kind: 'inline',
    lostAt: undefined,
    releases: [],
    escapes: false,
    isUsed: true,
    conditions,
    names: [],
  };
}

function leakOf(opening: OpeningAt, fate: Fate): Leak | undefined {
  const { releases, escapes, isUsed, names, lostAt, reboundAt, raisedAt } = fate;
  const conditions = [...conditionsOf(opening), ...fate.conditions];
  const common = { ...opening, releases, escapes, conditions, isUsed, names };
  // An alias that only keeps it in use: `rows = csv.reader(open(path))`.
  if (opening.effect.kind === 'name' && opening.effect.isPart) {
    return lostAt === undefined && reboundAt === undefined ? undefined : inline(opening, conditions);
  }
  const isNormal = lostAt !== undefined || reboundAt !== undefined;
  if (isNormal && releases.length === 0 && !escapes) {
    return { ...common, kind: 'never released', lostAt: lostAt ?? reboundAt };
  }
  if (reboundAt !== undefined) return { ...common, kind: 'rebound', lostAt: reboundAt };
  if (lostAt !== undefined) return { ...common, kind: 'not on every path', lostAt };
  return raisedAt === undefined ? undefined : { ...common, kind: 'not on exceptions', lostAt: raisedAt };
}
