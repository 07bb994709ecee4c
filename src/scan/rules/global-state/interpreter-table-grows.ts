// G05: functions that add to the interpreter's own tables (`sys.path`, `sys.modules`, warning filters, …) at every call.

import type { Call, Expr, Node } from '../../../source/python-ast.ts';
import { dottedName } from '../../../source/qualified-name.ts';
import { indentationAt, indentationUnit, lineEndOf, lineStart } from '../../edits/edits.ts';
import type { Fix } from '../../finding.ts';
import { freshPartOf } from '../../growth/fresh-values.ts';
import { decidingTests, isGuardedByOwnFlag } from '../../lifetimes/guards.ts';
import { isInside } from '../../lifetimes/receivers.ts';
import { isScript, isStartUp } from '../../lifetimes/run-once.ts';
import type { Report, Rule } from '../../rule.ts';
import { callsByName, functionAround, type ScannedFile, textOf } from '../../scanned-file.ts';

/** Lists of the interpreter that code adds to, in dotted names. */
const LISTS: readonly string[] = ['sys.path', 'sys.meta_path', 'sys.path_hooks', 'gc.callbacks'];
/** Dictionaries of the interpreter that code adds to. */
const DICTS: readonly string[] = ['sys.modules', 'linecache.cache'];
/** Functions that add a callback nothing can look up again. */
const REGISTRARS: readonly string[] = ['codecs.register', 'sys.addaudithook'];

export const interpreterTableGrows: Rule = {
  name: 'interpreter-table-grows',
  code: 'G05',
  cause: 'global state',
  sameAs: [],
  words: ['sys.', 'from sys', 'warnings', 'linecache', 'gc.callbacks', 'codecs.register'],
  doc: {
    what: 'A function that adds an entry to a table of the interpreter each time it is called: `sys.path`, `sys.modules`, `sys.meta_path`, `linecache.cache`, warning filters, `gc.callbacks`, codecs, audit hooks.',
    why: 'These tables live as long as the process and are searched again and again: imports walk `sys.path`, every warning walks the filters. A call that adds an entry without looking whether it is there makes both memory and time grow.',
    evidence:
      'The addition stands in a function, no test asks whether the entry is there, and the file nowhere takes it out. High where a key is new at every call (`id()`, a uuid, the time), or where the function is known to run again and again; medium for `sys.path` and its kind otherwise; low where keys may well repeat.',
    fix: 'Add the entry once, when the module is imported; or look first whether it is there; or take it out in a `finally`. The fix puts `if … not in` before the addition.',
    ignore: 'When the function runs once, at the start of the program.',
    example: {
      leaks: `
import sys

def load_plugin(folder, name):
    sys.path.insert(0, folder)
    return __import__(name)
`,
      fine: `
import sys

def load_plugin(folder, name):
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return __import__(name)
`,
    },
  },
  check(file, report) {
    for (const table of LISTS) checkList(file, table, report);
    for (const table of DICTS) checkDict(file, table, report);
    checkWarningFilters(file, report);
    for (const registrar of REGISTRARS) {
      for (const call of callsByName(file).get(registrar) ?? []) reportAddition(file, call, registrar, 'low', report);
    }
  },
};

function checkList(file: ScannedFile, table: string, report: Report): void {
  for (const method of ['append', 'insert', 'extend']) {
    for (const call of callsByName(file).get(`${table}.${method}`) ?? []) {
      if (isTested(file, call, table) || isTakenOut(file, file.source.scopes.module.node, table)) continue;
      const fix = method === 'extend' ? undefined : () => guardFix(file, call, table);
      reportAddition(file, call, table, 'medium', report, fix);
    }
  }
}

function reportAddition(
  file: ScannedFile,
  node: Call,
  table: string,
  otherwise: 'medium' | 'low',
  report: Report,
  fix?: () => Fix | undefined,
): void {
  const around = functionAround(file, node);
  if (around === undefined || isGuardedByOwnFlag(file, node)) return;
  const { qualname } = file.source.functionOf.get(around)!;
  const once = isStartUp(around.name);
  report({
    node,
    confidence: isScript(file) ? 'low' : once ? 'medium' : 'high',
    message: `every call of \`${around.name}\` adds another entry to \`${table}\``,
    remedy: 'look first whether the entry is there, or add it once at import',
    conditions: [
      {
        condition: { kind: 'runs repeatedly', module: file.source.module, qualname },
        otherwise: once ? 'low' : otherwise,
      },
    ],
    ...(fix === undefined ? {} : { fix }),
  });
}

function checkDict(file: ScannedFile, table: string, report: Report): void {
  for (const { node, key } of keysSet(file, table)) {
    const around = functionAround(file, node);
    if (around === undefined) continue;
    if (isTakenOut(file, file.source.functionOf.get(around)?.class?.node ?? around, table)) continue;
    const fresh = freshPartOf(file, key);
    if (fresh === undefined) continue;
    report({
      node: isInside(fresh, around) ? fresh : node,
      confidence: 'high',
      message: `\`${textOf(file, fresh)}\` makes a new key of \`${table}\` at every call, and nothing takes it out`,
      remedy: 'derive the key from what it names, so that the same thing gets the same key, or delete it after use',
      evidence: [{ node, text: 'is added here' }],
    });
  }
}

/** `TABLE[key] = …` and `TABLE.setdefault(key, …)`. */
function keysSet(file: ScannedFile, table: string): readonly { readonly node: Node; readonly key: Expr }[] {
  const stores = file.source.subscripts
    .filter(({ ctx, value }) => ctx === 'Store' && dottedName(file.source, value) === table)
    .map((node) => ({ node, key: node.slice }));
  const defaults = (callsByName(file).get(`${table}.setdefault`) ?? []).flatMap((node) =>
    node.args[0] === undefined ? [] : [{ node, key: node.args[0] }],
  );
  return [...stores, ...defaults];
}

/** An equal filter replaces the one before, so only filters whose parts vary pile up. */
function checkWarningFilters(file: ScannedFile, report: Report): void {
  for (const name of ['warnings.filterwarnings', 'warnings.simplefilter']) {
    for (const call of callsByName(file).get(name) ?? []) {
      const around = functionAround(file, call);
      if (around === undefined || isInCatchWarnings(file, call) || isGuardedByOwnFlag(file, call)) continue;
      const varying = [...call.args.slice(1), ...call.keywords.map(({ value }) => value)].find(isComputedText);
      if (varying === undefined) continue;
      report({
        node: call,
        confidence: 'medium',
        message: `every call of \`${around.name}\` with another \`${textOf(file, varying)}\` adds a warning filter for good`,
        remedy: 'set the filter inside `with warnings.catch_warnings()`',
      });
    }
  }
}

/** A text put together at run time. Names may well stand for a category, which repeats. */
function isComputedText(expr: Expr): boolean {
  if (expr.kind === 'JoinedStr') return expr.values.some(({ kind }) => kind === 'FormattedValue');
  if (expr.kind === 'BinOp') return [expr.left, expr.right].some(({ kind }) => kind !== 'Constant');
  return expr.kind === 'Call' && expr.func.kind === 'Attribute' && /^(?:escape|format)$/.test(expr.func.attr);
}

function isInCatchWarnings(file: ScannedFile, node: Node): boolean {
  for (let parent = node.parent; parent !== undefined; parent = parent.parent) {
    if (parent.kind !== 'With' && parent.kind !== 'AsyncWith') continue;
    if (parent.items.some(({ context_expr }) => /catch_warnings|warns\b/.test(textOf(file, context_expr)))) return true;
  }
  return false;
}

/** Whether a test before the addition looks into the table. */
function isTested(file: ScannedFile, node: Node, table: string): boolean {
  return decidingTests(node).some((test) => textOf(file, test).includes(table.slice(table.indexOf('.') + 1)));
}

const TAKING_OUT: ReadonlySet<string> = new Set(['remove', 'pop', 'clear', 'popitem']);

/** Whether the code of `region` takes something out of the table or puts an old one back. */
function isTakenOut(file: ScannedFile, region: Node, table: string): boolean {
  const last = table.slice(table.lastIndexOf('.') + 1);
  const uses = [...(file.source.attributes.get(last) ?? []), ...(file.source.names.get(last) ?? [])];
  return uses.some((use) => {
    if (!isInside(use, region) || dottedName(file.source, use) !== table) return false;
    if (use.ctx !== 'Load') return true;
    const { parent } = use;
    if (parent?.kind === 'Attribute') return TAKING_OUT.has(parent.attr);
    return (
      parent?.kind === 'Subscript' &&
      (parent.ctx === 'Del' || (parent.ctx === 'Store' && parent.slice.kind === 'Slice'))
    );
  });
}

/** Puts a test before an addition that has its statement and line for itself, where looking has no effect of its own. */
function guardFix(file: ScannedFile, call: Call, table: string): Fix | undefined {
  const statement = call.parent;
  const entry = call.args.at(-1);
  if (statement?.kind !== 'Expr' || entry === undefined || !isPlain(entry) || statement.line !== statement.endLine) {
    return undefined;
  }
  const { text } = file.source;
  const indentation = indentationAt(text, statement.start);
  const at = lineStart(text, statement.start) + indentation.length;
  if (at !== statement.start || call.func.kind !== 'Attribute') return undefined;
  const test = `if ${textOf(file, entry)} not in ${textOf(file, call.func.value)}:`;
  return {
    title: `Add to \`${table}\` only what is not there yet`,
    safety: 'unsafe',
    edits: [{ start: at, end: at, text: test + lineEndOf(text) + indentation + indentationUnit(text) }],
  };
}

function isPlain(expr: Expr): boolean {
  let root = expr;
  while (root.kind === 'Attribute') root = root.value;
  return root.kind === 'Name' || root.kind === 'Constant';
}
