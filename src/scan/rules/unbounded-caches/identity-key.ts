// C05: entries under keys that never come again: addresses, UUIDs, times, counted numbers.

import { growingContainers } from '../../growth/growing-containers.ts';
import { growthFinding } from '../../growth/growth-finding.ts';
import type { Rule } from '../../rule.ts';

export const identityKey: Rule = {
  name: 'identity-key',
  code: 'C05',
  cause: 'unbounded cache',
  sameAs: [],
  doc: {
    what: 'A container that lives on and gets entries under `id()` of an object, a UUID, the time, a random or a counted number, and never loses them.',
    why: 'Such a key is new every time, so every run adds an entry. An address, besides, is given to another object once the first is freed: the entry then speaks of the wrong one.',
    evidence:
      'The key or element is made from `id()`, `uuid4()`, the clock, a random source or a counter; the container is a module variable, a class attribute, or belongs to a long-lived object; nothing removes entries. Certain when it is reached again and again; otherwise likely. `id()` of a class or function is left out.',
    fix: 'Use a key that means the thing, remove the entry when the object is done with, or hold objects in a `weakref.WeakKeyDictionary`.',
    ignore: 'When what the keys stand for is counted in tens and lives as long as the process does.',
    example: {
      leaks: `
_seen = {}

def note(request):
    _seen[id(request)] = request.path
`,
      fine: `
import weakref

_seen = weakref.WeakKeyDictionary()

def note(request):
    _seen[request] = request.path
`,
    },
  },
  check(file, report) {
    for (const growing of growingContainers(file)) {
      const { family, container, growth } = growing;
      if (family !== 'identity key') continue;
      report(
        growthFinding(file, growing, {
          message: `\`${container.label}\` is keyed by ${growth.provenance.source}, new at every run, and no entry is removed`,
          remedy: 'use a key that means the thing, or remove the entry when it is done with',
          isTelling: true,
        }),
      );
    }
  },
};
