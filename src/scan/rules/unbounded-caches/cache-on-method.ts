// C01: a memoizing decorator on a method, whose cache keys hold `self`. The fix is in cache-on-method-fix.ts.

import type { ClassInfo, FunctionInfo } from '../../../source/source-index.ts';
import type { Confidence } from '../../finding.ts';
import { hasFewInstances, isEqualByValue } from '../../lifetimes/instance-count.ts';
import type { Rule } from '../../rule.ts';
import type { ScannedFile } from '../../scanned-file.ts';
import { cacheAround, isLookedAfter, type MemoizingCache } from './cache-decorators.ts';
import { cacheOnMethodFix } from './cache-on-method-fix.ts';

/** Up to this many instances kept alive are a nuisance rather than a leak that goes on. */
const SMALL_CACHE = 1024;

/** First parameters that hold a class, whatever hands it over. */
const CLASS_NAMES: ReadonlySet<string> = new Set(['cls', 'klass', 'mcs', 'mcls', 'metacls']);

export const cacheOnMethod: Rule = {
  name: 'cache-on-method',
  code: 'C01',
  cause: 'unbounded cache',
  sameAs: ['B019', 'W1518'],
  words: ['cache'],
  doc: {
    what: 'A memoizing decorator (`functools.lru_cache`, `functools.cache`, `async_lru.alru_cache`, `cachetools.cached`) on an instance method.',
    why: 'The cache belongs to the function, so it lives as long as the class. `self` is an argument like any other and becomes part of the keys: the cache keeps each instance it was called on, with all that hangs on it. With `maxsize` it keeps the last so many instances, for as long as the process lives.',
    evidence:
      'The decorator is known by its import. Static methods, class methods, enumerations, metaclasses, singletons, test cases and caches with a `key=` of their own are left out. High where the cache has no limit and the project makes instances again and again; low where all of them are kept by module variables, where equal ones share an entry, or where the file clears the cache.',
    fix: 'A property becomes a `functools.cached_property`, and a method without other arguments gets one behind it: the value then lives and dies with its object. A method that does not use `self` becomes a static method. Otherwise the decorator is removed; if the result is dear, cache a module function that takes just the values it needs. All of these are unsafe fixes, because they change what is cached for how long.',
    ignore: 'The class has a handful of instances that live as long as the process anyway.',
    example: {
      leaks: `
from functools import lru_cache

class Report:
    def __init__(self, rows):
        self.rows = rows

    @lru_cache(maxsize=None)
    def total(self, currency):
        return sum(row.amount_in(currency) for row in self.rows)
`,
      fine: `
from functools import cached_property, lru_cache

@lru_cache(maxsize=256)
def rate(currency):
    return fetch_rate(currency)

class Report:
    def __init__(self, rows):
        self.rows = rows

    @cached_property
    def total(self):
        return sum(row.amount for row in self.rows)
`,
    },
  },
  check(file, report) {
    for (const method of file.source.functions) {
      const { node, class: cls } = method;
      if (node.kind === 'Lambda' || cls === undefined || node.decorator_list.length === 0) continue;
      if (method.role !== 'method' && method.role !== 'property') continue;
      const self = (node.args.posonlyargs[0] ?? node.args.args[0])?.arg;
      const cache = cacheAround(file, node.decorator_list);
      if (self === undefined || CLASS_NAMES.has(self)) continue;
      if (cache === undefined || cache.hasOwnKey || hasFewInstances(file, cls)) continue;
      report({
        node: cache.node,
        message: messageOf(node.name, self, cache),
        remedy: `keep the result on the object (\`cached_property\`) or cache a function of plain values, not of \`${self}\``,
        ...gravityOf(file, cls, cache, isLookedAfter(file, node.name)),
        evidence: [{ node, text: `\`${self}\` becomes part of every key` }],
        subject: { form: 'function cache', module: file.source.module, qualname: method.qualname },
        fix: () => cacheOnMethodFix(file, method as FunctionInfo & { readonly class: ClassInfo }, cache),
      });
    }
  },
};

function messageOf(method: string, self: string, { size }: MemoizingCache): string {
  return `\`${method}\` is cached for the life of the class and its keys hold \`${self}\`: ${consequenceOf(size)}`;
}

function consequenceOf(size: MemoizingCache['size']): string {
  switch (size) {
    case 'unbounded':
      return 'no instance is ever freed';
    case 'unknown':
      return 'the last instances are kept alive';
    case 1:
      return 'the last instance is kept alive';
    default:
      return `the last ${size} instances are kept alive`;
  }
}

function gravityOf(file: ScannedFile, cls: ClassInfo, { size }: MemoizingCache, isCleared: boolean) {
  const subject = { module: file.source.module, className: cls.qualname };
  const isSmall = size !== 'unbounded' && (size === 'unknown' || size <= SMALL_CACHE);
  const byValue = isEqualByValue(file, cls);
  const confidence: Confidence = isCleared ? 'low' : isSmall || byValue ? 'medium' : 'high';
  return {
    confidence,
    conditions: [
      {
        condition: { kind: 'is made repeatedly', ...subject },
        otherwise: byValue ? 'low' : 'medium',
      },
      { condition: { kind: 'is not a singleton', ...subject }, otherwise: 'low' },
    ],
  } as const;
}
