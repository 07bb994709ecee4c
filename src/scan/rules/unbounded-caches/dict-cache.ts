// C03: a dict that keeps what was computed for every key, and drops none.

import { limitSize } from '../../growth/container-fixes.ts';
import { growingContainers } from '../../growth/growing-containers.ts';
import { growthFinding } from '../../growth/growth-finding.ts';
import { keyWords } from '../../growth/growth-words.ts';
import type { Rule } from '../../rule.ts';
import { memoizeFunction } from './lru-cache-fix.ts';

export const dictCache: Rule = {
  name: 'dict-cache',
  code: 'C03',
  cause: 'unbounded cache',
  sameAs: [],
  doc: {
    what: 'A cache made by hand: a function looks a key up in a dict that lives on, and adds what it computed when the key is missing. Nothing is ever evicted.',
    why: 'Each new key stays as long as the process lives. A cache without a limit is a leak with a hit rate: it grows with the number of users, paths or texts seen, not with the number in use.',
    evidence:
      'The dict is a module variable, a class attribute, or an attribute of an object that lives long; one function both looks a key up and stores a computed value under it; the key comes from a parameter or another source without end; there is no removal, rebinding or `len()` guard. Certain when a request handler, task or endless loop reaches the function; otherwise likely. Keys that are classes, modules, constants or members of an enum are left out.',
    fix: 'Give it a limit: `functools.lru_cache(maxsize=…)` on a function of the key, or drop the oldest entry when the dict is full. The unsafe fix does the first where the function is nothing but the cache and nobody else knows the dict, and the second elsewhere.',
    ignore: 'When the number of keys is small by nature, such as names of columns or settings.',
    example: {
      leaks: `
_patterns = {}

def parse_pattern(text):
    if text not in _patterns:
        _patterns[text] = text.split("/")
    return _patterns[text]
`,
      fine: `
from functools import lru_cache

@lru_cache(maxsize=1024)
def parse_pattern(text):
    return text.split("/")
`,
    },
  },
  check(file, report) {
    for (const growing of growingContainers(file)) {
      const { family, container, growth } = growing;
      if (family !== 'cache') continue;
      const key = growth.key === undefined ? 'key' : keyWords(file, growth.key);
      report(
        growthFinding(file, growing, {
          message: `\`${container.label}\` caches a value for every ${key} it meets and evicts none`,
          remedy: 'give the cache a limit: `functools.lru_cache(maxsize=…)`, or drop the oldest entry when it is full',
          isTelling: true,
          fix: () => memoizeFunction(file, growing) ?? limitSize(file, growing),
        }),
      );
    }
  },
};
