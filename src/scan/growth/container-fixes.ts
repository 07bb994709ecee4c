// Edits that put a limit on a container: dropping the oldest entries where it grows, a maximum length where it is made.
// All of them are unsafe: how much to keep is for a person to say.

import { statementOf } from '../../source/ast-walk.ts';
import type { Call, Expr, Node } from '../../source/python-ast.ts';
import { indentationAt, indentationUnit, lineEndOf, lineStart, nextLineStart } from '../edits/edits.ts';
import type { Edit, Fix } from '../finding.ts';
import { type ScannedFile, textOf } from '../scanned-file.ts';
import type { GrowingContainer, Growth } from './growing-containers.ts';

const MAX_ENTRIES = 1024;
const MAX_ELEMENTS = 1000;

/** A limit for the container, in the way its kind allows; undefined where no kind of limit is plain. */
export function limitSize(file: ScannedFile, growing: GrowingContainer): Fix | undefined {
  const { container, growth, others } = growing;
  // One guard would not hold what other places add.
  if (others.length > 0) return undefined;
  switch (container.kind) {
    case 'deque':
      return growth.entry ? undefined : limitWhereMade(file, container.value, 'maxlen', container.label);
    case 'queue':
      return limitWhereMade(file, container.value, 'maxsize', container.label);
    case 'list':
      return growth.entry ? undefined : trimList(file, growth, container.label);
    case 'dict':
    case 'defaultdict':
    case 'ordered dict':
      if (growth.entry) return trimEntry(file, growth, container.label);
      return evictOldest(file, growth, container.kind === 'ordered dict', container.label);
    default:
      return undefined;
  }
}

function evictOldest(file: ScannedFile, growth: Growth, isOrderedDict: boolean, label: string): Fix | undefined {
  const receiver = receiverOf(growth.node);
  if (receiver === undefined) return undefined;
  const dict = textOf(file, receiver);
  const evict = isOrderedDict ? `${dict}.popitem(last=False)` : `${dict}.pop(next(iter(${dict})), None)`;
  const unit = indentationUnit(file.source.text);
  const edit = insertAfter(file, growth.node, [`if len(${dict}) > ${MAX_ENTRIES}:`, `${unit}${evict}`]);
  return edit && { title: `Keep the newest ${MAX_ENTRIES} entries of \`${label}\``, safety: 'unsafe', edits: [edit] };
}

function trimList(file: ScannedFile, growth: Growth, label: string): Fix | undefined {
  const receiver = receiverOf(growth.node);
  if (receiver === undefined || !/^(?:append|extend)$/.test(growth.operation)) return undefined;
  const edit = insertAfter(file, growth.node, [`del ${textOf(file, receiver)}[:-${MAX_ELEMENTS}]`]);
  return edit && { title: `Keep the newest ${MAX_ELEMENTS} elements of \`${label}\``, safety: 'unsafe', edits: [edit] };
}

/** `listeners.setdefault(event, []).append(f)`, `listeners[event].append(f)`: the list under the key gets the limit. */
function trimEntry(file: ScannedFile, growth: Growth, label: string): Fix | undefined {
  const list = receiverOf(growth.node, true);
  if (list === undefined || growth.operation !== 'append') return undefined;
  const held = entryOf(file, list);
  const edit = held === undefined ? undefined : insertAfter(file, growth.node, [`del ${held}[:-${MAX_ELEMENTS}]`]);
  return (
    edit && {
      title: `Keep the newest ${MAX_ELEMENTS} elements under each key of \`${label}\``,
      safety: 'unsafe',
      edits: [edit],
    }
  );
}

/** How to name the list again: `listeners[event]`. */
function entryOf(file: ScannedFile, list: Expr): string | undefined {
  if (list.kind === 'Subscript') return isPlain(list.value) && isPlain(list.slice) ? textOf(file, list) : undefined;
  if (list.kind !== 'Call' || list.func.kind !== 'Attribute' || list.func.attr !== 'setdefault') return undefined;
  const [key, made] = list.args;
  if (key === undefined || made?.kind !== 'List' || !isPlain(key) || !isPlain(list.func.value)) return undefined;
  return `${textOf(file, list.func.value)}[${textOf(file, key)}]`;
}

/** The container as the growing operation names it; only where naming it again is harmless, unless `any` is asked for. */
function receiverOf(node: Node, any = false): Expr | undefined {
  let receiver: Expr | undefined;
  if (node.kind === 'Subscript') receiver = node.value;
  else if (node.kind === 'Call' && node.func.kind === 'Attribute') receiver = node.func.value;
  return receiver !== undefined && (any || isPlain(receiver)) ? receiver : undefined;
}

/** Names, attributes and constants: evaluated again, they give the same. */
function isPlain(expr: Expr): boolean {
  let root = expr;
  while (root.kind === 'Attribute') root = root.value;
  return root.kind === 'Name' || root.kind === 'Constant';
}

/** Lines after the statement of `node`, at its indentation; undefined where it does not stand on lines of its own. */
export function insertAfter(file: ScannedFile, node: Node, lines: readonly string[]): Edit | undefined {
  const { text } = file.source;
  const statement = statementOf(node);
  if (!standsAlone(file, statement) || (statement.kind !== 'Assign' && statement.kind !== 'Expr')) return undefined;
  const indentation = indentationAt(text, statement.start);
  const end = lineEndOf(text);
  const at = nextLineStart(text, statement.end);
  const missing = at === text.length && !/[\r\n]$/.test(text) ? end : '';
  return { start: at, end: at, text: missing + lines.map((line) => indentation + line + end).join('') };
}

/** A line before a statement, at its indentation; undefined where the statement does not stand on lines of its own. */
export function insertBefore(file: ScannedFile, statement: Node, line: string): Edit | undefined {
  const { text } = file.source;
  if (!standsAlone(file, statement)) return undefined;
  return {
    start: statement.start,
    end: statement.start,
    text: line + lineEndOf(text) + indentationAt(text, statement.start),
  };
}

/** Whether nothing but white space and a comment shares the statement's lines. */
function standsAlone(file: ScannedFile, statement: Node): boolean {
  const { text } = file.source;
  const before = text.slice(lineStart(text, statement.start), statement.start);
  const after = text.slice(statement.end, nextLineStart(text, statement.end));
  return /^[ \t]*$/.test(before) && /^[ \t]*(?:#.*)?[\r\n]*$/.test(after);
}

function limitWhereMade(file: ScannedFile, made: Expr, keyword: 'maxlen' | 'maxsize', label: string): Fix | undefined {
  if (made.kind !== 'Call' || /SimpleQueue$/.test(textOf(file, made.func))) return undefined;
  if (made.keywords.length > 0 || made.args.length > (keyword === 'maxlen' ? 1 : 0)) return undefined;
  const edit = addArgument(file, made, `${keyword}=${MAX_ELEMENTS}`);
  return { title: `Let \`${label}\` hold ${MAX_ELEMENTS} elements at most`, safety: 'unsafe', edits: [edit] };
}

function addArgument(file: ScannedFile, call: Call, argument: string): Edit {
  const last = call.args.at(-1);
  const at = last?.end ?? file.source.text.indexOf('(', call.func.end) + 1;
  return { start: at, end: at, text: last === undefined ? argument : `, ${argument}` };
}
