// Memoizing decorators of the standard library and of the packages people use for the same: which cache an expression
// makes, and how many entries it may hold. What keeps whom alive is for the rules to say.

import { boundOfValue } from '../../../source/growth-bound.ts';
import type { Call, Expr } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { lookup } from '../../../source/scopes.ts';
import { keywordOf, type ScannedFile } from '../../scanned-file.ts';

export interface MemoizingCache {
  /** The decorator as written: `lru_cache`, `functools.lru_cache(maxsize=None)`. */
  readonly node: Expr;
  /** Its dotted name, import aliases undone. */
  readonly name: string;
  readonly size: number | 'unbounded' | 'unknown';
  /** Whether a `key=` function decides what the entries are filed under, instead of all the arguments. */
  readonly hasOwnKey: boolean;
}

/** The default of functools.lru_cache, which the others took over. */
const DEFAULT_SIZE = 128;

/** Decorators with `maxsize` as first argument. */
const SIZED: ReadonlySet<string> = new Set([
  'functools.lru_cache',
  'async_lru.alru_cache',
  'backports.functools_lru_cache.lru_cache',
  'django.utils.lru_cache.lru_cache',
  'cachetools.func.fifo_cache',
  'cachetools.func.lfu_cache',
  'cachetools.func.lru_cache',
  'cachetools.func.mru_cache',
  'cachetools.func.rr_cache',
  'cachetools.func.ttl_cache',
]);
const UNBOUNDED: ReadonlySet<string> = new Set(['functools.cache']);
/** Decorators with the cache itself as first argument. */
const GIVEN_A_CACHE: ReadonlySet<string> = new Set(['cachetools.cached']);

/** The cache that decorating a function with `expr` makes; undefined when it makes none. */
export function cacheMadeBy(file: ScannedFile, expr: Expr): MemoizingCache | undefined {
  const decorator = namedDecorator(file, expr);
  const call = decorator.kind === 'Call' ? decorator : undefined;
  const name = dottedName(file.source, call?.func ?? decorator);
  if (name === undefined) return undefined;
  if (UNBOUNDED.has(name)) return { node: expr, name, size: 'unbounded', hasOwnKey: false };
  if (SIZED.has(name)) {
    const size = call === undefined ? DEFAULT_SIZE : sizeOf(file, call);
    return size === 0 ? undefined : { node: expr, name, size, hasOwnKey: false };
  }
  if (call === undefined || !GIVEN_A_CACHE.has(name)) return undefined;
  return { node: expr, name, size: sizeOfGiven(file, call), hasOwnKey: keywordOf(call, 'key') !== undefined };
}

/** The first memoizing decorator of a function. */
export function cacheAround(file: ScannedFile, decorators: readonly Expr[]): MemoizingCache | undefined {
  for (const decorator of decorators) {
    const cache = cacheMadeBy(file, decorator);
    if (cache !== undefined) return cache;
  }
  return undefined;
}

/** `memoize` of the module's own `memoize = lru_cache(maxsize=None)` is what it was given. */
function namedDecorator(file: ScannedFile, expr: Expr): Expr {
  if (expr.kind !== 'Name') return expr;
  const definitions = lookup(expr.id, file.source.scopes.module)?.definitions ?? [];
  const only = definitions.length === 1 ? definitions[0] : undefined;
  return only?.kind === 'value' && only.value.kind !== 'Name' ? only.value : expr;
}

function sizeOf(file: ScannedFile, call: Call): MemoizingCache['size'] {
  const given = call.args[0] ?? keywordOf(call, 'maxsize');
  if (given === undefined) return DEFAULT_SIZE;
  if (given.kind !== 'Constant') return boundOfValue(file.index, file.source, call) ?? 'unknown';
  if (given.value === null) return 'unbounded';
  return typeof given.value === 'number' ? given.value : 'unknown';
}

function sizeOfGiven(file: ScannedFile, call: Call): MemoizingCache['size'] {
  const cache = call.args[0] ?? keywordOf(call, 'cache');
  if (cache === undefined) return 'unknown';
  const isDict =
    cache.kind === 'Dict' || (cache.kind === 'Call' && dottedName(file.source, cache.func) === 'builtins.dict');
  return isDict ? 'unbounded' : (boundOfValue(file.index, file.source, cache) ?? 'unknown');
}

/** Whether the file uses what only a cached function has, so that someone looks after it: `total.cache_clear()`. */
export function isLookedAfter(file: ScannedFile, name: string): boolean {
  return LOOKING_AFTER.some((attribute) =>
    (file.source.attributes.get(attribute) ?? []).some(
      ({ value }) =>
        (value.kind === 'Attribute' && value.attr === name) || (value.kind === 'Name' && value.id === name),
    ),
  );
}

const LOOKING_AFTER = [
  'cache_clear',
  'cache_info',
  'cache_parameters',
  'cache_invalidate',
  'cache_close',
  '__wrapped__',
];
