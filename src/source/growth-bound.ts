// A limit on a container's size that the source spells out: `maxlen=`, `maxsize=`, a decorator's argument, a len() guard.

import type { Call, Compare, Expr } from './python-ast.ts';
import type { FunctionInfo, ModuleSource, SourceIndex } from './source-index.ts';
import { moduleSource } from './source-index.ts';
import { inferValues, resolveGlobal } from './type-inference.ts';

/** functools.lru_cache's own default (CPython Lib/functools.py). */
const LRU_CACHE_DEFAULT = 128;

/** Constructors whose limit may be given by position: index of the argument. */
const BOUND_POSITIONS: Readonly<Record<string, number>> = {
  deque: 1,
  Queue: 0,
  LifoQueue: 0,
  PriorityQueue: 0,
  JoinableQueue: 0,
  LRUCache: 0,
  LFUCache: 0,
  TTLCache: 0,
  FIFOCache: 0,
  RRCache: 0,
  TLRUCache: 0,
  MRUCache: 0,
};

const BOUND_KEYWORDS: ReadonlySet<string> = new Set([
  'maxlen',
  'maxsize',
  'max_size',
  'maxentries',
  'max_entries',
  'capacity',
]);

/** The limit the value of a definition carries (`deque(maxlen=100)`); undefined when there is none or it is no constant. */
export function boundOfValue(index: SourceIndex, source: ModuleSource, value: Expr): number | undefined {
  if (value.kind !== 'Call') return undefined;
  const name = calleeName(value);
  for (const keyword of value.keywords) {
    if (keyword.arg !== undefined && BOUND_KEYWORDS.has(keyword.arg))
      return positive(constantNumber(index, source, keyword.value));
  }
  const position = BOUND_POSITIONS[name];
  const argument = position === undefined ? undefined : value.args[position];
  return argument === undefined ? undefined : positive(constantNumber(index, source, argument));
}

export interface CacheDecorator {
  readonly decorator: Expr;
  /** Undefined for an unbounded cache. */
  readonly bound: number | undefined;
}

/** The memoising decorator of a function: functools, cachetools, async_lru and their like, by name. */
export function cacheDecoratorOf(index: SourceIndex, callee: FunctionInfo): CacheDecorator | undefined {
  if (callee.node.kind === 'Lambda') return undefined;
  for (const decorator of callee.node.decorator_list) {
    const call = decorator.kind === 'Call' ? decorator : undefined;
    const name = spelled(index, callee.file, call?.func ?? decorator);
    if (!/(?:^|\.)(?:\w*lru_cache|cache|\w*cached\w*|\w*memoi[sz]e\w*|alru_cache|ttl_cache)$/i.test(name)) continue;
    const isLru = /lru_cache$/.test(name);
    if (call === undefined) return { decorator, bound: isLru ? LRU_CACHE_DEFAULT : undefined };
    const first =
      call.args[0] ?? call.keywords.find((keyword) => keyword.arg === 'maxsize' || keyword.arg === 'cache')?.value;
    if (first === undefined) return { decorator, bound: isLru ? LRU_CACHE_DEFAULT : undefined };
    const bound =
      first.kind === 'Call'
        ? boundOfValue(index, callee.file, first)
        : positive(constantNumber(index, callee.file, first));
    return { decorator, bound };
  }
  return undefined;
}

/** N of `len(X) >= N` and its like: the constant the length is kept under. */
export function boundOfGuard(index: SourceIndex, source: ModuleSource, compare: Compare): number | undefined {
  if (compare.comparators.length !== 1) return undefined;
  const right = compare.comparators[0]!;
  const limit = isLength(compare.left) ? right : isLength(right) ? compare.left : undefined;
  const value = limit === undefined ? undefined : constantNumber(index, source, limit);
  // 0 and 1 test for emptiness, not for a limit.
  return value !== undefined && value >= 2 ? value : undefined;
}

/** Whether the comparison sets a length against something that may be a limit: not against 0 or 1, not for equality of lengths. */
export function comparesWithLimit(index: SourceIndex, source: ModuleSource, compare: Compare): boolean {
  if (compare.comparators.length !== 1) return false;
  const right = compare.comparators[0]!;
  const limit = isLength(compare.left) ? right : compare.left;
  if (isLength(limit)) return false;
  const value = constantNumber(index, source, limit);
  return value === undefined ? limit.kind === 'Name' || limit.kind === 'Attribute' : value >= 2;
}

function isLength(expr: Expr): boolean {
  return expr.kind === 'Call' && expr.func.kind === 'Name' && expr.func.id === 'len';
}

/** The number an expression stands for: a literal, simple arithmetic on literals, a variable assigned one once. */
function constantNumber(index: SourceIndex, source: ModuleSource, expr: Expr, depth = 0): number | undefined {
  if (depth > 4) return undefined;
  switch (expr.kind) {
    case 'Constant':
      return typeof expr.value === 'number' && Number.isFinite(expr.value) ? expr.value : undefined;
    case 'BinOp': {
      const left = constantNumber(index, source, expr.left, depth + 1);
      const right = constantNumber(index, source, expr.right, depth + 1);
      if (left === undefined || right === undefined) return undefined;
      switch (expr.op) {
        case 'Add':
          return left + right;
        case 'Sub':
          return left - right;
        case 'Mult':
          return left * right;
        case 'Pow':
          return left ** right;
        case 'LShift':
          return left * 2 ** right;
        case 'FloorDiv':
          return right === 0 ? undefined : Math.floor(left / right);
        default:
          return undefined;
      }
    }
    case 'Name':
    case 'Attribute': {
      const global = resolveGlobal(index, source, expr);
      const home = global === undefined ? undefined : moduleSource(index, global.module);
      const definitions = global === undefined ? undefined : home?.scopes.module.bindings.get(global.name)?.definitions;
      const only = definitions?.length === 1 ? definitions[0] : undefined;
      return home !== undefined && only?.kind === 'value'
        ? constantNumber(index, home, only.value, depth + 1)
        : undefined;
    }
    default:
      return undefined;
  }
}

function spelled(index: SourceIndex, source: ModuleSource, expr: Expr): string {
  for (const value of inferValues(index, source, expr)) {
    if (value.kind === 'external') return value.name;
  }
  return expr.kind === 'Name' ? expr.id : expr.kind === 'Attribute' ? expr.attr : '';
}

function calleeName(call: Call): string {
  return call.func.kind === 'Name' ? call.func.id : call.func.kind === 'Attribute' ? call.func.attr : '';
}

function positive(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}
