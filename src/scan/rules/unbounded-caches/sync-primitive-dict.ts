// C06: one lock, event or queue for every key, and none dropped.

import { dottedName } from '../../../source/qualified-name.ts';
import { replaceNode, useOf } from '../../edits/edits.ts';
import type { Fix } from '../../finding.ts';
import { type GrowingContainer, type Growth, growingContainers } from '../../growth/growing-containers.ts';
import { growthFinding } from '../../growth/growth-finding.ts';
import { madeValue } from '../../growth/growth-kind.ts';
import { keyWords } from '../../growth/growth-words.ts';
import type { Rule } from '../../rule.ts';
import type { ScannedFile } from '../../scanned-file.ts';

export const syncPrimitiveDict: Rule = {
  name: 'sync-primitive-dict',
  code: 'C06',
  cause: 'unbounded cache',
  sameAs: [],
  words: ['Lock', 'Event', 'Semaphore', 'Condition', 'Queue', 'Barrier', 'CapacityLimiter', 'allocate_lock'],
  doc: {
    what: 'A dict that holds a lock, event, semaphore or queue for every key, and never drops one.',
    why: 'A lock for each user or resource is wanted only while somebody holds or awaits it. Kept for good, there are as many as there were keys.',
    evidence:
      'A long-lived dict gets a lock, event, condition, semaphore or queue of `threading`, `asyncio`, `queue`, `anyio` or `trio` under a key without end, and nothing is removed. Certain when it is reached again and again; otherwise likely. Keys from an enum or a constant list are left out.',
    fix: 'Drop the lock when its last user leaves, hold the locks in a `weakref.WeakValueDictionary`, or use a fixed number of them, chosen by `hash(key) % n`. The unsafe fix makes the dict weak where it holds plain locks, and whoever makes one also keeps it at hand.',
    ignore: 'When the keys are few by nature.',
    example: {
      leaks: `
import asyncio

_locks = {}

def lock_of(channel_id):
    if channel_id not in _locks:
        _locks[channel_id] = asyncio.Lock()
    return _locks[channel_id]
`,
      fine: `
import asyncio
import weakref

_locks = weakref.WeakValueDictionary()

def lock_of(channel_id):
    return _locks.setdefault(channel_id, asyncio.Lock())
`,
    },
  },
  check(file, report) {
    for (const growing of growingContainers(file)) {
      const { family, container, growth } = growing;
      if (family !== 'primitive') continue;
      const key = growth.key === undefined ? 'key' : keyWords(file, growth.key);
      report(
        growthFinding(file, growing, {
          node: container.target,
          message: `\`${container.label}\` keeps a lock or queue for every ${key} it meets and drops none`,
          remedy: 'drop it with its last user, or hold them in a `weakref.WeakValueDictionary`',
          isTelling: true,
          isLasting: true,
          fix: () => holdWeakly(file, growing),
        }),
      );
    }
  },
};

/** A lock that nobody holds is as good as a new one; an event or queue is not. */
const LOCKS: ReadonlySet<string> = new Set(['threading.Lock', 'threading.RLock', 'asyncio.Lock']);

function holdWeakly(file: ScannedFile, { container, growth, others }: GrowingContainer): Fix | undefined {
  const { value } = container;
  const isEmpty =
    (value.kind === 'Dict' && value.values.length === 0) || (value.kind === 'Call' && value.args.length === 0);
  if (container.kind !== 'dict' || !isEmpty) return undefined;
  if (![growth, ...others].every((place) => makesLock(file, place) && keepsAtHand(place))) return undefined;
  const weak = useOf(file, 'weakref', 'WeakValueDictionary');
  if (weak === undefined) return undefined;
  return {
    title: `Let \`${container.label}\` drop locks that nobody uses`,
    safety: 'unsafe',
    edits: [...weak.edits, replaceNode(value, `${weak.expression}()`)],
  };
}

function makesLock(file: ScannedFile, { value }: Growth): boolean {
  const made = madeValue(file, value);
  return made?.kind === 'Call' && LOCKS.has(dottedName(file.source, made.func) ?? '');
}

/** Whether the function that makes the lock has it in its hands as well, so that it does not vanish at once. */
function keepsAtHand({ node, operation, value }: Growth): boolean {
  if (operation === 'setdefault') return node.parent?.kind !== 'Expr';
  const assign = node.parent;
  return (
    value?.kind === 'Name' || (assign?.kind === 'Assign' && assign.targets.some((target) => target.kind === 'Name'))
  );
}
