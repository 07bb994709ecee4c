// G02: a mutable class attribute, shared by all objects of the class, that only grows.

import { type GrowingContainer, growingContainers } from '../../growing-containers.ts';
import { growthFinding } from '../../growth-finding.ts';
import { keyWords } from '../../growth-words.ts';
import type { Rule } from '../../rule.ts';
import { type ScannedFile, textOf } from '../../scanned-file.ts';

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
    fix: 'Make the container in `__init__` if each object should have its own; use `weakref.WeakSet` or `weakref.WeakValueDictionary` if it should only know the objects that are alive.',
    ignore: 'When objects of the class are few and live as long as the process.',
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
      const keepsSelf = isSelfKept(file, growing);
      report(
        growthFinding(file, growing, {
          node: container.target,
          message: messageOf(file, growing, keepsSelf),
          remedy: keepsSelf
            ? 'use a `weakref.WeakSet` or `WeakValueDictionary`, or remove objects when they are closed'
            : 'make it in `__init__`, remove what is done with, or keep a limited number',
          isTelling: keepsSelf && !isMadeOfConstants(file, growing),
        }),
      );
    }
  },
};

function messageOf(file: ScannedFile, { container, growth }: GrowingContainer, keepsSelf: boolean): string {
  const { label } = container;
  if (keepsSelf) return `\`${label}\` is shared by the class and keeps every object that is made: none is ever freed`;
  if (growth.key === undefined)
    return `\`${label}\` is shared by all objects and only grows: nothing is ever taken out`;
  return `\`${label}\` is shared by all objects and gains an entry for every new ${keyWords(file, growth.key)}`;
}

/** Whether objects put themselves in, or something their maker was given, while they are made. */
function isSelfKept(file: ScannedFile, { growth }: GrowingContainer): boolean {
  const around = growth.function.node;
  if (around.kind === 'Lambda' || !/^__(?:init|new|post_init)__$/.test(around.name)) return false;
  if (growth.entry) return false;
  const self = around.args.posonlyargs[0] ?? around.args.args[0];
  const kept = growth.value ?? growth.key;
  return kept !== undefined && self !== undefined && textOf(file, kept) === self.arg;
}

/** Whether the module itself makes objects of the class at import: then they are constants, and few. */
function isMadeOfConstants(file: ScannedFile, { container }: GrowingContainer): boolean {
  const name = container.cls?.node.name ?? '';
  return (file.source.names.get(name) ?? []).some(
    ({ parent }) => parent?.kind === 'Call' && parent.parent?.parent?.kind === 'Module',
  );
}
