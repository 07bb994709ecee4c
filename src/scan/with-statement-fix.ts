// Rewrites that put an opened resource into a `with` statement. Offered only where what runs, and in which order, stays
// the same up to the moment of closing; lines are indented, nothing else of them changes.

import { pushChildren, walk } from '../source/ast-walk.ts';
import type { Call, Node, Stmt } from '../source/python-ast.ts';
import { lookup } from '../source/scopes.ts';
import { scopeOf } from '../source/source-index.ts';
import { indentationAt, indentationUnit, lineEndOf, lineStart, nextLineStart } from './edits.ts';
import type { Edit } from './finding.ts';
import type { Leak } from './resource-leaks.ts';
import { mentionsIn } from './resource-uses.ts';
import { type ScannedFile, textOf } from './scanned-file.ts';

/** `f = open(p)` and the statements that use `f` become one `with open(p) as f:`; its `f.close()` goes. */
export function withAroundUses(file: ScannedFile, leak: Leak, opened: string): readonly Edit[] | undefined {
  const assign = leak.call.parent;
  if (assign?.kind !== 'Assign' || assign.targets.length !== 1 || assign.targets[0]!.kind !== 'Name') return undefined;
  const { id } = assign.targets[0]!;
  const suite = suiteOf(assign);
  if (suite === undefined || leak.escapes || leak.kind === 'rebound') return undefined;
  const first = suite.indexOf(assign) + 1;
  const last = lastUse(file, leak, { suite, first, name: id });
  if (last === undefined) return undefined;
  const close = closingStatement(leak, suite[last]!, id);
  if (close === undefined && leak.releases.length > 0) return undefined;
  const end = close === undefined ? last : last - 1;
  if (end < first) return undefined;
  const body = suite.slice(first, end + 1);
  if (![assign, ...body, ...(close === undefined ? [] : [close])].every((each) => standsAlone(file, each)))
    return undefined;
  if (body.some(hasStringOverLines) || leaksNames(file, leak, body)) return undefined;
  const keyword = leak.model.isAsync ? 'async with' : 'with';
  const header: Edit = { start: assign.start, end: leak.call.end, text: `${keyword} ${opened} as ${id}:` };
  const indented = indentLines(file, nextLineStart(file.source.text, assign.end), body[body.length - 1]!.end);
  return close === undefined ? [header, ...indented] : [header, ...indented, removeLine(file, close)];
}

/** `data = open(p).read()` becomes `with open(p) as f:` and, indented, `data = f.read()`. */
export function withAroundStatement(file: ScannedFile, leak: Leak): readonly Edit[] | undefined {
  const { call } = leak;
  const statement = simpleStatementAround(call);
  if (statement === undefined || !standsAlone(file, statement)) return undefined;
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
function closingStatement(leak: Leak, statement: Stmt, name: string): Stmt | undefined {
  if (statement.kind !== 'Expr' || statement.value.kind !== 'Call' || statement.value.args.length > 0) return undefined;
  const { func } = statement.value;
  const isClose =
    func.kind === 'Attribute' && func.value.kind === 'Name' && func.value.id === name && func.attr === 'close';
  return isClose && leak.releases.length === 1 ? statement : undefined;
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
