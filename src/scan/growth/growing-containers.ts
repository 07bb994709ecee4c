// Which persistent containers of a file are added to while the program runs and lose nothing, as far as the file shows:
// where they grow, by which key, and what kind of growth it is. Who reports what is the rules' business.

import { usesOf } from '../../source/container-operations.ts';
import { type Effect, type HolderEffects, judgeHolderUses } from '../../source/holder-effects.ts';
import { collectHolderUses, type HolderUses } from '../../source/holder-uses.ts';
import type { Expr, Node } from '../../source/python-ast.ts';
import type { FunctionInfo } from '../../source/source-index.ts';
import { bindingOf } from '../../source/source-index.ts';
import { endlessLoopAround } from '../lifetimes/repetition.ts';
import { keywordOf, oncePerFile, type ScannedFile, textOf } from '../scanned-file.ts';
import { isCountdown, isPrimitive, isTask, isTestedFor, looksUpFirst, madeValue } from './growth-kind.ts';
import { isBehindSwitch, isCalledAtImportOnly, isRegistration, isUnderLimit, runsOnce } from './growth-moment.ts';
import { isUnbounded, type Provenance, provenanceOf, widest } from './key-provenance.ts';
import { containerMadeByFactory, type PersistentContainer, persistentContainers } from './persistent-containers.ts';

/** One place that adds. */
export interface Growth {
  readonly node: Node;
  readonly operation: string;
  readonly function: FunctionInfo;
  /** Whether it adds to something inside the container: `listeners[event].append(f)`. */
  readonly entry: boolean;
  /** Key of a dict or element of a set: adding it twice adds nothing. Undefined where every run adds. */
  readonly key: Expr | undefined;
  readonly value: Expr | undefined;
  readonly provenance: Provenance;
  /** Whether it stands in a loop that goes on as long as the process does. */
  readonly isEndless: boolean;
}

export type GrowthFamily = 'task' | 'primitive' | 'identity key' | 'read' | 'queue' | 'cache' | 'plain';

export interface GrowingContainer {
  readonly container: PersistentContainer;
  readonly family: GrowthFamily;
  /** The place that grows most surely, and the others. */
  readonly growth: Growth;
  readonly others: readonly Growth[];
  readonly uses: HolderUses;
  readonly effects: HolderEffects;
}

export const growingContainers = oncePerFile((file): readonly GrowingContainer[] => {
  if (isTestPath(file.source.path)) return [];
  let left = MENTIONS_FOLLOWED;
  return persistentContainers(file).flatMap((container) => {
    left -= mentionsOf(file, container);
    return left < 0 ? [] : growingOf(file, container);
  });
});

/** Mentions of containers' names that are followed in one file: generated code has thousands of classes with the same names. */
const MENTIONS_FOLLOWED = 1_000_000;

function mentionsOf({ source }: ScannedFile, { name }: PersistentContainer): number {
  return (source.names.get(name)?.length ?? 0) + (source.attributes.get(name)?.length ?? 0);
}

/** Tests fill containers and end; what they keep is nobody's leak. */
function isTestPath(path: string): boolean {
  return /(?:^|\/)(?:tests?|testing|test_\w+\.py|\w+_tests?\.py|conftest\.py)(?:\/|$)/.test(path);
}

function growingOf(file: ScannedFile, container: PersistentContainer): readonly GrowingContainer[] {
  if (!mayGrow(file, container)) return [];
  const uses = collectHolderUses(file.index, { holder: container.holder, growingTypes: [] });
  const effects = judgeHolderUses(file.index, uses);
  if (effects.bound !== undefined) return [];
  const growths = effects.grows.flatMap((effect) => growthOf(file, container, effect, uses) ?? []);
  const found: GrowingContainer[] = [];
  const makesLocks = isFactoryOfPrimitives(file, container);
  const written = growths.filter((growth) => (growth.operation !== READ || makesLocks) && !isStepOf(growth, growths));
  const family = written.length === 0 ? undefined : familyOf(file, container, written, uses);
  if (family !== undefined && (effects.shrinks.length === 0 || family === 'queue')) {
    const shows = (growth: Growth) => showsFamily(file, container, family, growth, uses);
    found.push({ container, family, ...surest(written, shows), uses, effects });
  }
  // Reads that add undo what `clear()` does; only the removal of single keys keeps up with them.
  const reads = makesLocks ? [] : growths.filter((growth) => isMereRead(file, growth, growths, uses));
  const isCleared = effects.shrinks.every(({ operation }) => operation === 'clear' || operation === 'rebinding');
  if (reads.length > 0 && isCleared) found.push({ container, family: 'read', ...surest(reads), uses, effects });
  return found;
}

/** The growth that makes the case best, and the others; those come first that show what kind of growth it is. */
function surest(
  growths: readonly Growth[],
  shows: (growth: Growth) => boolean = () => true,
): Pick<GrowingContainer, 'growth' | 'others'> {
  const rank = (growth: Growth) => weight(growth) + (shows(growth) ? 16 : 0);
  const [growth, ...others] = [...growths].sort((a, b) => rank(b) - rank(a) || a.node.start - b.node.start);
  return { growth: growth!, others };
}

/** Whether one growth only makes room for another: `setdefault(key, [])` before `.append(value)`. */
function isStepOf({ node }: Growth, growths: readonly Growth[]): boolean {
  return growths.some(
    (other) => other.entry && other.node !== node && other.node.start <= node.start && node.end <= other.node.end,
  );
}

/** The operation by which holder-effects.ts calls reads that add. */
const READ = 'defaultdict read';

/** Whether a value is only looked at where it is read: the function neither tests for its key nor writes under it. */
function isMereRead(file: ScannedFile, read: Growth, growths: readonly Growth[], uses: HolderUses): boolean {
  const { node, operation, key, function: around } = read;
  if (operation !== READ || key === undefined || !isLookedAt(node)) return false;
  if (isTestedFor(file, key, around, uses.denoting)) return false;
  const wanted = textOf(file, key);
  return !growths.some(
    (other) =>
      other.function === around &&
      ((other.key !== undefined && other.operation !== READ && textOf(file, other.key) === wanted) ||
        (other.operation === READ && !isLookedAt(other.node) && textOf(file, other.key!) === wanted)),
  );
}

function isLookedAt(read: Node): boolean {
  const { parent } = read;
  switch (parent?.kind) {
    case 'Attribute':
      return /^(?:items|keys|values|get|copy|index|count|isdisjoint|issubset|issuperset)$/.test(parent.attr);
    case 'For':
    case 'AsyncFor':
    case 'comprehension':
      return parent.iter === read;
    case 'Compare':
    case 'BinOp':
    case 'UnaryOp':
    case 'FormattedValue':
      return true;
    case 'If':
      return parent.test === read;
    case 'Call':
      return (
        parent.func.kind === 'Name' &&
        /^(?:len|sorted|list|tuple|set|any|all|sum|max|min|str|int|float|bool)$/.test(parent.func.id)
      );
    default:
      return false;
  }
}

/** A quick look by name, before the holder is followed through the file. */
function mayGrow(file: ScannedFile, { name, form, kind }: PersistentContainer): boolean {
  const mentions: readonly Expr[] = [
    ...(form === 'instance attribute' ? [] : (file.source.names.get(name) ?? [])),
    ...(form === 'global' ? [] : (file.source.attributes.get(name) ?? [])),
  ];
  return mentions.some((expr) =>
    usesOf(expr).some(
      ({ effect }) =>
        effect === 'grow' ||
        effect === 'alias' ||
        effect === 'argument' ||
        (effect === 'read' && kind === 'defaultdict'),
    ),
  );
}

function weight({ isEndless, provenance }: Growth): number {
  return (isEndless ? 8 : 0) + ['bounded', 'unknown', 'unbounded', 'fresh'].indexOf(provenance.spread);
}

function growthOf(
  file: ScannedFile,
  container: PersistentContainer,
  effect: Effect,
  uses: HolderUses,
): Growth | undefined {
  const { node, operation, function: around, origin } = effect;
  // What grows through a parameter grows for whoever passes it: not seen from here.
  if (around === undefined || around.node.kind === 'Lambda' || origin.target.vias.length > 0) return undefined;
  if (isBuilding(container, around) || isBehindSwitch(around)) return undefined;
  const entry = origin.target.entry || (origin.use.effect === 'grow' && origin.use.entry);
  if (entry && !holdsContainers(file, container)) return undefined;
  const added = addedBy(container, effect, entry);
  if (added === undefined) return undefined;
  const { key, value } = added;
  if (runsOnce(file, node, around, uses.denoting) || isUnderLimit(file, node, around, uses.denoting)) return undefined;
  if (isRegistration(file, container.label, around, key, value)) return undefined;
  const isEndless = endlessLoopAround(file, node) !== undefined;
  if (!isEndless && isCalledAtImportOnly(file, around)) return undefined;
  const provenance = ofNewObjects(container, around, spreadOf(file, added, origin.expr));
  if (provenance.spread === 'bounded') return undefined;
  return { node, operation, function: around, entry, key, value, provenance, isEndless };
}

/** What an object adds to itself while it is made, it adds once. */
function isBuilding({ form, cls }: PersistentContainer, around: FunctionInfo): boolean {
  return (
    form === 'instance attribute' &&
    around.class === cls &&
    around.node.kind !== 'Lambda' &&
    /^(?:__init__|__new__|__post_init__|__attrs_post_init__|__setstate__|__enter__|__aenter__|_*init\w*|_*setup\w*|_*build\w*|_*load\w*|_*parse\w*)$/.test(
      around.node.name,
    )
  );
}

/** What objects put into their class's container while they are made differs from object to object. */
function ofNewObjects({ form }: PersistentContainer, around: FunctionInfo, provenance: Provenance): Provenance {
  if (form !== 'class attribute' || provenance.spread !== 'unknown' || around.node.kind === 'Lambda') return provenance;
  return /^__(?:init|new|post_init)__$/.test(around.node.name) ? EVERY_RUN : provenance;
}

interface Added {
  readonly key: Expr | undefined;
  readonly value: Expr | undefined;
  /** Whether every run adds, whatever the value. */
  readonly always: boolean;
}

/** Operations that add an element each time, with the place of the element among the arguments. */
const SEQUENCE_OPERATIONS: Readonly<Record<string, number>> = {
  append: 0,
  appendleft: 0,
  extend: 0,
  extendleft: 0,
  insert: 1,
  insort: 1,
  insort_left: 1,
  insort_right: 1,
  heappush: 1,
  put: 0,
  put_nowait: 0,
};

/** What the operation adds; undefined where the container's kind has no such operation or it only replaces. */
function addedBy({ kind }: PersistentContainer, effect: Effect, entry: boolean): Added | undefined {
  const { node, operation } = effect;
  // `files = known + more` gives a local variable a new list, and the holder nothing.
  const isDirect = effect.origin.target.depth === 0;
  const isSequence = kind === 'list' || kind === 'deque' || kind === 'queue';
  if (Object.hasOwn(SEQUENCE_OPERATIONS, operation)) {
    if ((!isSequence && !entry) || node.kind !== 'Call') return undefined;
    return { key: undefined, value: node.args[SEQUENCE_OPERATIONS[operation]!], always: true };
  }
  if (operation === 'rebinding')
    return isSequence && isDirect ? { key: undefined, value: undefined, always: true } : undefined;
  switch (operation) {
    case 'subscript assignment': {
      if (node.kind !== 'Subscript' || (isSequence && !entry)) return undefined;
      const assign = node.parent;
      return { key: node.slice, value: assign?.kind === 'Assign' ? assign.value : undefined, always: false };
    }
    case 'augmented assignment':
      if (node.kind === 'AugAssign') {
        // `name += suffix` on a value taken out makes a new text as often as it extends a list.
        if (!isDirect) return undefined;
        if (isSequence) return { key: undefined, value: node.value, always: true };
        return kind === 'set' ? { key: node.value, value: node.value, always: false } : undefined;
      }
      // Adding to what is there needs a container that makes what is not; counting down tells of one that is kept at 0.
      if (node.kind !== 'Subscript' || entry || isSequence || kind === 'set') return undefined;
      if (kind !== 'defaultdict' && kind !== 'counter' && !isCountdown(node)) return undefined;
      return { key: node.slice, value: undefined, always: false };
    case READ:
      return node.kind === 'Subscript' && kind === 'defaultdict'
        ? { key: node.slice, value: undefined, always: false }
        : undefined;
    case 'setdefault':
    case '__setitem__':
      if (node.kind !== 'Call' || (isSequence && !entry)) return undefined;
      return { key: node.args[0], value: node.args[1], always: false };
    case 'add':
      if (node.kind !== 'Call' || (kind !== 'set' && !entry)) return undefined;
      return { key: node.args[0], value: node.args[0], always: false };
    case 'update':
      if (node.kind !== 'Call' || (kind !== 'set' && kind !== 'counter')) return undefined;
      return { key: node.args[0], value: node.args[0], always: false };
    default:
      return undefined;
  }
}

const EVERY_RUN: Provenance = { spread: 'unbounded', source: '', parameter: undefined };

function spreadOf(file: ScannedFile, { key, value, always }: Added, denoted: Expr): Provenance {
  if (!always) return key === undefined ? { ...EVERY_RUN, spread: 'unknown' } : provenanceOf(file, key);
  // `if x not in seen: seen.append(x)` makes a set of a list.
  if (value !== undefined && isGuardedByMembership(file, value, denoted)) return widest([provenanceOf(file, value)]);
  return EVERY_RUN;
}

function isGuardedByMembership(file: ScannedFile, value: Expr, denoted: Expr): boolean {
  const element = textOf(file, value);
  for (let node: Node | undefined = value; node !== undefined && node.kind !== 'FunctionDef'; node = node.parent) {
    if (node.kind !== 'If') continue;
    const tests = node.test.kind === 'BoolOp' ? node.test.values : [node.test];
    const isMembership = tests.some(
      (test) =>
        test.kind === 'Compare' &&
        test.ops[0] === 'NotIn' &&
        textOf(file, test.left) === element &&
        (textOf(file, test.comparators[0]!) === textOf(file, denoted) || test.comparators[0]!.kind === 'Subscript'),
    );
    if (isMembership) return true;
  }
  return false;
}

/** Which rule speaks: the most telling kind that any of the growths shows. */
function familyOf(
  file: ScannedFile,
  container: PersistentContainer,
  growths: readonly Growth[],
  uses: HolderUses,
): GrowthFamily {
  const { kind } = container;
  const made = growths.map((growth) => madeValue(file, growth.value));
  if (made.some((expr) => isTask(file, expr))) return 'task';
  const holdsLocks = made.some((expr) => isPrimitive(file, expr)) || isFactoryOfPrimitives(file, container);
  if (kind !== 'list' && holdsLocks) return 'primitive';
  if (growths.some(isFreshKey)) return 'identity key';
  if (kind === 'queue') return 'queue';
  return growths.some((growth) => showsFamily(file, container, 'cache', growth, uses)) ? 'cache' : 'plain';
}

/** Whether this place is one that makes the growth a cache's or an identity's. */
function showsFamily(
  file: ScannedFile,
  container: PersistentContainer,
  family: GrowthFamily,
  growth: Growth,
  uses: HolderUses,
): boolean {
  if (family === 'cache') return isCacheFill(file, growth, uses) || isNamedCacheFill(container, growth);
  return family !== 'identity key' || isFreshKey(growth);
}

function isFreshKey({ key, provenance }: Growth): boolean {
  return key !== undefined && provenance.spread === 'fresh';
}

/** A cache by its name, whose look-up stands in another function. */
function isNamedCacheFill({ name }: PersistentContainer, { key, provenance, operation }: Growth): boolean {
  return (
    /cache|memo(?!r)/i.test(name) &&
    key !== undefined &&
    isUnbounded(provenance) &&
    operation === 'subscript assignment'
  );
}

/** Whether what a defaultdict makes is a container: `stats[key].add(n)` of a class of one's own may mean anything. */
function holdsContainers(file: ScannedFile, { kind, value }: PersistentContainer): boolean {
  if (kind !== 'defaultdict' || value.kind !== 'Call') return true;
  const factory = keywordOf(value, 'default_factory') ?? value.args[0];
  return factory === undefined || containerMadeByFactory(file, factory) !== undefined;
}

/** `defaultdict(asyncio.Lock)`: every read makes a lock. */
function isFactoryOfPrimitives(file: ScannedFile, { kind, value }: PersistentContainer): boolean {
  if (kind !== 'defaultdict' || value.kind !== 'Call') return false;
  return isPrimitive(file, keywordOf(value, 'default_factory') ?? value.args[0]);
}

/** Get, miss, set: the function looks the key up, and adds what it computed where it was not there. */
function isCacheFill(
  file: ScannedFile,
  { key, value, function: around, operation }: Growth,
  uses: HolderUses,
): boolean {
  if (key === undefined || !isComputed(file, value)) return false;
  if (operation === 'setdefault') return value?.kind === 'Call';
  return operation === 'subscript assignment' && looksUpFirst(file, key, around, uses.denoting);
}

/** Whether a value is made here, not handed in. */
function isComputed(file: ScannedFile, value: Expr | undefined): boolean {
  if (value === undefined || value.kind === 'Constant') return false;
  if (value.kind !== 'Name') return true;
  const definitions = bindingOf(file.source, value)?.definitions ?? [];
  return definitions.some(({ kind }) => kind === 'value' || kind === 'other');
}
