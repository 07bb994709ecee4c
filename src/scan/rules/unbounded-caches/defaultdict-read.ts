// C07: reading a defaultdict, which adds the key that was asked for.

import { replaceNode } from '../../edits/edits.ts';
import type { Fix } from '../../finding.ts';
import { type GrowingContainer, growingContainers } from '../../growth/growing-containers.ts';
import { growthFinding } from '../../growth/growth-finding.ts';
import { keyWords } from '../../growth/growth-words.ts';
import type { Rule } from '../../rule.ts';
import { keywordOf, type ScannedFile, textOf } from '../../scanned-file.ts';

export const defaultdictRead: Rule = {
  name: 'defaultdict-read',
  code: 'C07',
  cause: 'unbounded cache',
  sameAs: [],
  words: ['defaultdict'],
  doc: {
    what: 'A `defaultdict` that lives on and is read by subscript with keys from outside.',
    why: 'Reading a missing key of a `defaultdict` stores an empty value under it. A look-up, which should change nothing, thus adds an entry for everything that was ever asked for.',
    evidence:
      'The `defaultdict` is a module variable, a class attribute, or belongs to a long-lived object; its value is only looked at where it is read; the key comes from a parameter or another source without end; no `in` test guards the read, and nothing removes single entries. Certain when it is reached again and again; otherwise likely.',
    fix: 'Read with `.get(key, …)`, which adds nothing, or test `key in d` before. The unsafe fix writes `.get` with an empty value.',
    ignore: 'When only keys that were stored before are ever read.',
    example: {
      leaks: `
from collections import defaultdict

_visits = defaultdict(list)

def visits_of(user_id):
    return len(_visits[user_id])
`,
      fine: `
from collections import defaultdict

_visits = defaultdict(list)

def visits_of(user_id):
    return len(_visits.get(user_id, []))
`,
    },
  },
  check(file, report) {
    for (const growing of growingContainers(file)) {
      if (growing.family !== 'read') continue;
      // Each read is a line of its own to change.
      for (const growth of [growing.growth, ...growing.others]) {
        const read = { ...growing, growth, others: [] };
        report(
          growthFinding(file, read, {
            message: `Reading \`${growing.container.label}\` adds an entry for every ${keyWords(file, growth.key!)} that is not there`,
            remedy: 'read with `.get()`, or test with `in` before',
            isTelling: true,
            fix: () => readWithGet(file, read),
          }),
        );
      }
    }
  },
};

/** What an empty value of the factory's type is written as. */
const EMPTY_VALUES: Readonly<Record<string, string>> = {
  list: '[]',
  dict: '{}',
  set: 'set()',
  int: '0',
  float: '0.0',
  str: "''",
  bool: 'False',
};

function readWithGet(file: ScannedFile, { container, growth }: GrowingContainer): Fix | undefined {
  const made = container.value;
  const factory = made.kind === 'Call' ? (keywordOf(made, 'default_factory') ?? made.args[0]) : undefined;
  const empty = factory === undefined ? undefined : EMPTY_VALUES[textOf(file, factory)];
  const { node } = growth;
  if (empty === undefined || node.kind !== 'Subscript') return undefined;
  const read = `${textOf(file, node.value)}.get(${textOf(file, node.slice)}, ${empty})`;
  return { title: `Read \`${container.label}\` with \`.get()\``, safety: 'unsafe', edits: [replaceNode(node, read)] };
}
