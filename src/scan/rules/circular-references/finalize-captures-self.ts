// X07: weakref.finalize whose callback holds the object it waits for.

import { holdsObject } from '../../lifetimes/held-objects.ts';
import type { Rule } from '../../rule.ts';
import { callsByName, textOf } from '../../scanned-file.ts';

export const finalizeCapturesSelf: Rule = {
  name: 'finalize-captures-self',
  code: 'X07',
  cause: 'circular reference',
  sameAs: [],
  words: ['finalize'],
  doc: {
    what: 'A `weakref.finalize` whose callback or arguments hold the very object it waits for.',
    why: '`finalize` keeps its callback and arguments alive until the object dies. If one of them is the object, a bound method of it or a closure over it, the object never dies before the process does, and the callback runs at exit only.',
    evidence:
      'The watched object is a name, and the same name is an argument, the receiver of a bound method, or used in a lambda or inner function given as the callback. Always certain.',
    fix: 'Give `finalize` a function that needs only the resource: a module function or static method, with the handle or path as an argument.',
    ignore: 'Never: the finalizer cannot do its work.',
    example: {
      leaks: `
import weakref

class Buffer:
    def __init__(self, handle):
        self.handle = handle
        self._finalizer = weakref.finalize(self, self.release)

    def release(self):
        self.handle.close()
`,
      fine: `
import weakref

class Buffer:
    def __init__(self, handle):
        self.handle = handle
        self._finalizer = weakref.finalize(self, handle.close)
`,
    },
  },
  check(file, report) {
    for (const call of callsByName(file).get('weakref.finalize') ?? []) {
      const [watched, ...held] = call.args;
      if (watched?.kind !== 'Name') continue;
      const holder = [...held, ...call.keywords.map((keyword) => keyword.value)].find((expr) =>
        holdsObject(file, expr, watched.id),
      );
      if (holder === undefined) continue;
      report({
        node: call,
        confidence: 'high',
        message: `\`${textOf(file, holder)}\` keeps \`${watched.id}\` alive, so the finalizer never runs before exit`,
        remedy: 'pass a function that needs only the resource, not the object',
        evidence: [{ node: holder, text: `holds \`${watched.id}\`` }],
      });
    }
  },
};
