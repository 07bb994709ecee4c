// G02: a mutable class attribute, shared by all objects of the class, that only grows.

import { type GrowingContainer, growingContainers } from '../../growth/growing-containers.ts';
import { growthFinding } from '../../growth/growth-finding.ts';
import { keyWords } from '../../growth/growth-words.ts';
import type { Rule } from '../../rule.ts';
import { type ScannedFile, textOf } from '../../scanned-file.ts';
import { holdObjectsWeakly, makeInInit } from './class-attr-fixes.ts';

export const classAttrGrows: Rule = {
  name: 'class-attr-grows',
  code: 'G02',
  cause: 'global state',
  sameAs: [],
  words: ['class'],
  doc: {
    what: 'A list, dict or set in the body of a class that methods add to, while nothing takes anything out.',
    why: 'The attribute belongs to the class, not to its objects: all objects share the one container, it outlives each of them, and whatever they put in stays. When they put themselves in, none of them is ever freed.',
    evidence:
      'The container is made in the class body and no method gives objects one of their own; a method adds to it through `self`, `cls` or the class; nothing removes anything. Certain when a request handler, task or endless loop reaches that method, likely when objects put themselves in. Registries filled while classes are made are left out.',
    fix: 'Make the container in `__init__` if each object should have its own; use `weakref.WeakSet` or `weakref.WeakValueDictionary` if it should only know the objects that are alive. The unsafe fix does the first where the class uses it through `self` alone, the second where objects add themselves to a set.',
    ignore: 'When objects of the class are few and live as long as the process does.',
    example: {
      leaks: `
class Session:
    _all = set()

    def __init__(self, user):
        self.user = user
        self._all.add(self)

def open_session(request):
    return Session(request.user)
`,
      fine: `
import weakref

class Session:
    _all = weakref.WeakSet()

    def __init__(self, user):
        self.user = user
        self._all.add(self)

def open_session(request):
    return Session(request.user)
`,
    },
  },
  check(file, report) {
    for (const growing of growingContainers(file)) {
      const { family, container } = growing;
      if (family !== 'plain' || container.form !== 'class attribute') continue;
      const gains = gainsOf(file, growing);
      report(
        growthFinding(file, growing, {
          node: container.target,
          message: `\`${container.label}\` is shared by the whole class and ${gains.words}`,
          remedy: gains.isOfObjects
            ? 'use a `weakref.WeakSet` or `WeakValueDictionary`, or remove what belongs to an object when it is closed'
            : 'make it in `__init__`, remove what is done with, or keep a limited number',
          isTelling: gains.isOfObjects ? !isMadeOfConstants(file, growing) : isReachedThroughSelf(growing),
          fix: () => (gains.isOfSelf ? holdObjectsWeakly(file, growing) : makeInInit(file, growing)),
        }),
      );
    }
  },
};

interface Gains {
  /** Whether every new object adds something. */
  readonly isOfObjects: boolean;
  /** Whether that is the object itself. */
  readonly isOfSelf: boolean;
  readonly words: string;
}

function gainsOf(file: ScannedFile, { growth }: GrowingContainer): Gains {
  const around = growth.function.node;
  if (around.kind !== 'Lambda' && /^__(?:init|new|post_init)__$/.test(around.name) && !growth.entry) {
    const self = around.args.posonlyargs[0] ?? around.args.args[0];
    const kept = growth.value ?? growth.key;
    const isSelf = kept !== undefined && self !== undefined && textOf(file, kept) === self.arg;
    const words = isSelf
      ? 'keeps every object that is made: none is ever freed'
      : 'gains something with every object that is made, and loses nothing';
    return { isOfObjects: true, isOfSelf: isSelf, words };
  }
  if (growth.key === undefined)
    return { isOfObjects: false, isOfSelf: false, words: 'only grows: nothing is ever taken out' };
  return { isOfObjects: false, isOfSelf: false, words: `gains an entry for every new ${keyWords(file, growth.key)}` };
}

/** `self.items.append(x)` on an attribute of the class: seldom meant to be shared. */
function isReachedThroughSelf({ growth, others, container }: GrowingContainer): boolean {
  return (
    container.kind === 'list' &&
    !container.name.includes('cache') &&
    [growth, ...others].every(({ node }) => {
      const receiver = node.kind === 'Call' && node.func.kind === 'Attribute' ? node.func.value : undefined;
      return receiver?.kind === 'Attribute' && receiver.value.kind === 'Name' && receiver.value.id === 'self';
    })
  );
}

/** Whether the module itself makes objects of the class at import: then they are constants, and few. */
function isMadeOfConstants(file: ScannedFile, { container }: GrowingContainer): boolean {
  const name = container.cls?.node.name ?? '';
  return (file.source.names.get(name) ?? []).some(
    ({ parent }) => parent?.kind === 'Call' && parent.parent?.parent?.kind === 'Module',
  );
}
