// Rewrites that put an opened resource into a `with` statement, or its release into a `finally` block. Offered only where
// what runs, and in which order, stays the same up to the moment of closing; lines are indented, nothing else changes.

import { pushChildren, walk } from '../../source/ast-walk.ts';
import type { Call, Node, Stmt } from '../../source/python-ast.ts';
import { lookup } from '../../source/scopes.ts';
import { scopeOf } from '../../source/source-index.ts';
import { indentationAt, indentationUnit, lineEndOf, lineStart, nextLineStart } from '../edits/edits.ts';
import type { Edit } from '../finding.ts';
import { type ScannedFile, textOf } from '../scanned-file.ts';
import type { Leak } from './resource-leaks.ts';
import { mentionsIn } from './resource-uses.ts';

/** An opening that is a statement of its own, and what follows it in the same block up to the last use. */
interface Uses {
  readonly name: string;
  readonly opening: Stmt;
  /** The statements that use it; more may stand between them. */
  readonly body: readonly Stmt[];
  /** The release that ends them, if that is what does. */
  readonly release: Stmt | undefined;
}

/** `f = open(p)` and the statements that use `f` become one `with open(p) as f:`; its `f.close()` goes. */
export function withAroundUses(file: ScannedFile, leak: Leak, opened: string): readonly Edit[] | undefined {
  const uses = usesAfterOpening(file, leak);
  if (uses === undefined || leak.escapes || (leak.model.isAsync && leak.owner.kind !== 'AsyncFunctionDef')) {
    return undefined;
  }
  const keyword = leak.model.isAsync ? 'async with' : 'with';
  const header = { start: uses.opening.start, end: leak.call.end, text: `${keyword} ${opened} as ${uses.name}:` };
  return [header, ...indentUses(file, uses)];
}

/** The statements that use `fd` move into a `try`, and `finally` releases it. */
export function finallyAfterUses(
  file: ScannedFile,
  leak: Leak,
  releaseOf: (name: string) => string,
): readonly Edit[] | undefined {
  const uses = usesAfterOpening(file, leak);
  if (uses === undefined || leak.escapes || leak.model.isAsync) return undefined;
  const { text } = file.source;
  const end = lineEndOf(text);
  const indentation = indentationAt(text, uses.opening.start);
  const start = nextLineStart(text, uses.opening.end);
  const last = uses.release ?? uses.body[uses.body.length - 1]!;
  const after = nextLineStart(text, last.end);
  const missing = after === text.length && !/[\r\n]$/.test(text) ? end : '';
  const closing = `${indentation}finally:${end}${indentation}${indentationUnit(text)}${releaseOf(uses.name)}${end}`;
  return [
    { start, end: start, text: `${indentation}try:${end}` },
    ...indentUses(file, uses),
    { start: after, end: after, text: missing + closing },
  ];
}

function indentUses(file: ScannedFile, { opening, body, release }: Uses): readonly Edit[] {
  const indented = indentLines(file, nextLineStart(file.source.text, opening.end), body[body.length - 1]!.end);
  return release === undefined ? indented : [...indented, removeLine(file, release)];
}

/** Undefined where the uses cannot move together: another block, a shared line, a string over several lines. */
function usesAfterOpening(file: ScannedFile, leak: Leak): Uses | undefined {
  const opening = leak.call.parent;
  if (opening?.kind !== 'Assign' || opening.targets.length !== 1 || leak.kind === 'rebound') return undefined;
  const [target] = opening.targets;
  const suite = suiteOf(opening);
  if (target?.kind !== 'Name' || suite === undefined) return undefined;
  const name = target.id;
  const first = suite.indexOf(opening) + 1;
  const last = lastUse(file, leak, { suite, first, name });
  if (last === undefined) return undefined;
  const release = releasingStatement(leak, suite[last]!);
  if (release === undefined && leak.releases.length > 0) return undefined;
  const body = suite.slice(first, release === undefined ? last + 1 : last);
  const moved = [opening, ...body, ...(release === undefined ? [] : [release])];
  if (body.length === 0 || !moved.every((each) => standsAlone(file, each))) return undefined;
  if (body.some(hasStringOverLines) || leaksNames(file, leak, body)) return undefined;
  if (release === undefined && isNeededByName(file, leak, name)) return undefined;
  return { name, opening, body, release };
}

/** `data = open(p).read()` becomes `with open(p) as f:` and, indented, `data = f.read()`. */
export function withAroundStatement(file: ScannedFile, leak: Leak): readonly Edit[] | undefined {
  const { call } = leak;
  const statement = simpleStatementAround(call);
  if (statement === undefined || !standsAlone(file, statement)) return undefined;
  // A statement that only opens was not meant to read anything.
  if (statement.kind === 'Expr' && statement.value === call) return undefined;
  if (hasStringOverLines(statement) || isOutOfOrder(statement, call)) return undefined;
  const name = freeName(file, call);
  if (name === undefined) return undefined;
  const { text } = file.source;
  const indentation = indentationAt(text, statement.start);
  const keyword = leak.model.isAsync ? 'async with' : 'with';
  const start = lineStart(text, statement.start);
  const header = `${indentation}${keyword} ${textOf(file, call)} as ${name}:${lineEndOf(text)}`;
  const [firstLine, ...others] = indentLines(file, start, statement.end);
  return [
    { ...firstLine!, text: header + firstLine!.text },
    ...others.filter(({ start: at }) => at < call.start || at > call.end),
    { start: call.start, end: call.end, text: name },
  ];
}

/** The list of statements a statement stands in. */
function suiteOf(statement: Node): readonly Stmt[] | undefined {
  const parent = statement.parent as unknown as Readonly<Record<string, unknown>> | undefined;
  for (const field of ['body', 'orelse', 'finalbody']) {
    const suite = parent?.[field];
    if (Array.isArray(suite) && suite.includes(statement)) return suite as readonly Stmt[];
  }
  return undefined;
}

/** Index of the last statement of the suite that mentions the resource, if all mentions are in it and behind the opening. */
function lastUse(
  file: ScannedFile,
  leak: Leak,
  { suite, first, name }: { readonly suite: readonly Stmt[]; readonly first: number; readonly name: string },
): number | undefined {
  let last: number | undefined;
  for (const each of new Set([name, ...leak.names])) {
    for (const mention of mentionsIn(file, each, leak.owner)) {
      if (mention.start >= leak.call.parent!.start && mention.end <= leak.call.end) continue;
      const at = suite.findIndex((statement) => mention.start >= statement.start && mention.end <= statement.end);
      if (at < first) return undefined;
      if (each === name && mention.ctx !== 'Load') return undefined;
      last = Math.max(last ?? at, at);
    }
  }
  return last;
}

/** The statement `f.close()`, if that is what the last use is. Any other release means the author has other plans. */
function releasingStatement(leak: Leak, statement: Stmt): Stmt | undefined {
  const [only, ...others] = leak.releases;
  if (statement.kind !== 'Expr' || statement.value.kind !== 'Call' || only === undefined || others.length > 0) {
    return undefined;
  }
  const { func, args } = statement.value;
  const isMethod = func === only.parent && args.length === 0 && func.kind === 'Attribute' && func.attr === 'close';
  return isMethod || (args.length === 1 && args[0] === only) ? statement : undefined;
}

/** Whether code may need the file open that only has its path or descriptor: a temporary file goes when it is closed. */
function isNeededByName(file: ScannedFile, leak: Leak, name: string): boolean {
  return mentionsIn(file, name, leak.owner).some(({ parent }) => {
    if (parent?.kind !== 'Attribute') return false;
    return parent.attr === 'fileno' || (parent.attr === 'name' && leak.opener.endsWith('TemporaryFile'));
  });
}

/** Whether names that keep the resource in use are assigned in the body but read after it. */
function leaksNames(file: ScannedFile, leak: Leak, body: readonly Stmt[]): boolean {
  const end = body[body.length - 1]!.end;
  return leak.names.slice(1).some((name) => mentionsIn(file, name, leak.owner).some(({ start }) => start > end));
}

function simpleStatementAround(call: Call): Stmt | undefined {
  let child: Node = call;
  for (let parent = call.parent; parent !== undefined; child = parent, parent = parent.parent) {
    switch (parent.kind) {
      case 'Assign':
      case 'AugAssign':
      case 'AnnAssign':
      case 'Expr':
      case 'Return':
        return parent;
      case 'For':
        return child === parent.iter ? parent : undefined;
      // What these evaluate, they may evaluate later, repeatedly or never.
      case 'Lambda':
      case 'IfExp':
      case 'BoolOp':
      case 'GeneratorExp':
        return undefined;
      case 'comprehension':
        if (child !== parent.iter || !isFirstGenerator(parent)) return undefined;
        break;
      case 'ListComp':
      case 'SetComp':
      case 'DictComp':
        if (child.kind !== 'comprehension') return undefined;
        break;
      default:
        if (parent.kind === 'Module' || 'body' in parent) return undefined;
    }
  }
  return undefined;
}

function isFirstGenerator(comprehension: Node): boolean {
  const parent = comprehension.parent;
  return parent !== undefined && 'generators' in parent && parent.generators[0] === comprehension;
}

/** Whether the statement calls something before it opens the resource, which would then run after it. */
function isOutOfOrder(statement: Stmt, opening: Call): boolean {
  const pending: Node[] = [statement];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    switch (node.kind) {
      case 'Call':
      case 'Await':
        if (node.end <= opening.start) return true;
        break;
      case 'Yield':
      case 'YieldFrom':
      case 'NamedExpr':
        if (statement.kind !== 'For') return true;
        break;
      case 'ListComp':
      case 'SetComp':
      case 'DictComp':
        // What stands before the iterable is evaluated after it.
        if (node.start < opening.start && node.end >= opening.end) {
          pending.push(node.generators[0]!.iter);
          continue;
        }
        break;
      default:
    }
    pushChildren(node, pending);
  }
  return false;
}

/** Whether nothing else stands on the lines of the statement but a comment behind it. */
function standsAlone(file: ScannedFile, statement: Stmt): boolean {
  const { text } = file.source;
  const before = text.slice(lineStart(text, statement.start), statement.start);
  const after = text.slice(statement.end, nextLineStart(text, statement.end));
  return /^[ \t]*$/.test(before) && /^[ \t]*(?:#[^\r\n]*)?[\r\n]*$/.test(after);
}

function hasStringOverLines(root: Node): boolean {
  let found = false;
  walk(root, (node) => {
    if (
      (node.kind === 'Constant' || node.kind === 'JoinedStr' || node.kind === 'TemplateStr') &&
      node.line < node.endLine
    ) {
      found = true;
    }
  });
  return found;
}

/** One more level for every line that begins from `start` on, up to `end`; empty lines stay empty. */
function indentLines(file: ScannedFile, start: number, end: number): readonly Edit[] {
  const { text } = file.source;
  const unit = indentationUnit(text);
  const edits: Edit[] = [];
  for (let at = start; at < end; at = nextLineStart(text, at)) {
    if (!/^[ \t]*[\r\n]/.test(text.slice(at, at + 200))) edits.push({ start: at, end: at, text: unit });
  }
  return edits;
}

function removeLine(file: ScannedFile, statement: Stmt): Edit {
  const { text } = file.source;
  return { start: lineStart(text, statement.start), end: nextLineStart(text, statement.end), text: '' };
}

const NAMES = ['f', 'file', 'opened', 'handle'];

/** A name that nothing around the call uses. */
function freeName(file: ScannedFile, call: Call): string | undefined {
  const scope = scopeOf(file.source, call);
  return NAMES.find((name) => lookup(name, scope) === undefined && !file.source.names.has(name));
}
