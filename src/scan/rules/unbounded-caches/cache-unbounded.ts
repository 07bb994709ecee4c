// C02: a memoizing decorator without limit on a function whose arguments have no limit either. Methods, whose keys hold
// the object as well, are C01's.

import type { Expr, Node } from '../../../source/python-ast.ts';
import { bindingOf, type FunctionInfo } from '../../../source/source-index.ts';
import type { Conditional, Confidence } from '../../finding.ts';
import { hasFewInstances } from '../../lifetimes/instance-count.ts';
import type { Rule } from '../../rule.ts';
import { functionAround, type ScannedFile } from '../../scanned-file.ts';
import { cacheAround, isLookedAfter } from './cache-decorators.ts';
import { cacheSizeEdits, SUGGESTED_SIZE } from './cache-size-fix.ts';
import { isFromOutside, openParameters } from './key-domain.ts';

export const cacheUnbounded: Rule = {
  name: 'cache-unbounded',
  code: 'C02',
  cause: 'unbounded cache',
  sameAs: [],
  words: ['cache'],
  doc: {
    what: '`functools.cache`, or `lru_cache(maxsize=None)`, on a function whose arguments can be anything.',
    why: 'Such a cache keeps the result, and the arguments, of every distinct call for as long as the process lives. That is what one wants for a dozen settings or types. For user ids, paths or texts that requests bring, it keeps one entry for everything ever asked.',
    evidence:
      'The decorator is known by its import, and some parameter is open: not a flag, an enumeration, a `Literal`, a type or a function, by annotation, default or name. High where a request handler, task or consumer comes to run the function and a parameter is named for what comes from outside (`user_id`, `url`, `text`); medium where one of the two holds. Low where neither does, where every call in the file passes constants, where the function calls itself, and where the file clears the cache.',
    fix: `Give the cache a limit. The fix writes \`lru_cache(maxsize=${SUGGESTED_SIZE})\`; it is unsafe, because how many entries are worth keeping is yours to say.`,
    ignore: 'The arguments are few, whatever their type: names of templates, currencies, configured hosts.',
    example: {
      leaks: `
from functools import cache

@cache
def load_user(user_id):
    return database.load("users", user_id)

@app.get("/users/{user_id}")
def show(user_id):
    return load_user(user_id).as_json()
`,
      fine: `
from functools import cache, lru_cache

@lru_cache(maxsize=10_000)
def load_user(user_id):
    return database.load("users", user_id)

@cache
def settings():
    return read_settings()
`,
    },
  },
  check(file, report) {
    for (const callee of file.source.functions) {
      const { node } = callee;
      if (node.kind === 'Lambda' || node.decorator_list.length === 0 || holdsObject(file, callee)) continue;
      const cache = cacheAround(file, node.decorator_list);
      if (cache?.size !== 'unbounded' || cache.hasOwnKey) continue;
      // The cache of a function made by a call goes when that function does.
      if (functionAround(file, node) !== undefined) continue;
      const open = openParameters(file, callee);
      if (open.length === 0) continue;
      const parameter = open.find(isFromOutside) ?? open[0]!;
      report({
        node: cache.node,
        message: `\`${node.name}\` keeps the result of every distinct \`${parameter.arg}\` it was ever called with, without limit`,
        remedy: `give the cache a limit, as in \`lru_cache(maxsize=${SUGGESTED_SIZE})\``,
        ...gravityOf(file, callee, isFromOutside(parameter)),
        evidence: [{ node: parameter, text: 'part of every key' }],
        subject: { form: 'function cache', module: file.source.module, qualname: callee.qualname },
        fix: () => {
          const edits = cacheSizeEdits(file, cache);
          return edits && { title: `Limit the cache to ${SUGGESTED_SIZE} entries`, safety: 'unsafe', edits };
        },
      });
    }
  },
};

/** Whether the first argument is the object of a method: that it is kept weighs more than how many keys there are. */
function holdsObject(file: ScannedFile, { class: cls, role }: FunctionInfo): boolean {
  return cls !== undefined && (role === 'method' || role === 'property') && !hasFewInstances(file, cls);
}

function gravityOf(
  file: ScannedFile,
  callee: FunctionInfo,
  isOutside: boolean,
): { readonly confidence: Confidence; readonly conditions: readonly Conditional[] } {
  const { name } = callee.node as { readonly name: string };
  const calls = callsOf(file, name);
  const isRecursive = calls.some((call) => isInside(call, callee.node));
  const isCalledWithConstants =
    calls.length > 0 &&
    calls.every(({ args, keywords }) =>
      [...args, ...keywords.map(({ value }) => value)].every((value) => isConstant(file, value)),
    );
  if (isRecursive || isCalledWithConstants || isLookedAfter(file, name)) return { confidence: 'low', conditions: [] };
  return {
    confidence: isOutside ? 'high' : 'medium',
    conditions: [
      {
        condition: { kind: 'runs repeatedly', module: file.source.module, qualname: callee.qualname },
        otherwise: isOutside ? 'medium' : 'low',
      },
    ],
  };
}

function callsOf(file: ScannedFile, name: string) {
  const named: readonly Expr[] = [...(file.source.names.get(name) ?? []), ...(file.source.attributes.get(name) ?? [])];
  return named.flatMap((expr) => (expr.parent?.kind === 'Call' && expr.parent.func === expr ? [expr.parent] : []));
}

function isInside(node: Node, around: Node): boolean {
  for (let outer: Node | undefined = node; outer !== undefined; outer = outer.parent) {
    if (outer === around) return true;
  }
  return false;
}

/** A literal, or a name in capitals, or of the module's own class or function. */
function isConstant(file: ScannedFile, expr: Expr): boolean {
  if (expr.kind === 'Constant') return true;
  if (expr.kind === 'Attribute') return /^[A-Z][A-Z0-9_]*$/.test(expr.attr);
  if (expr.kind !== 'Name') return false;
  if (/^_*[A-Z][A-Z0-9_]*$/.test(expr.id)) return true;
  const definitions = bindingOf(file.source, expr)?.definitions ?? [];
  return definitions.length > 0 && definitions.every(({ kind }) => kind === 'class' || kind === 'function');
}
