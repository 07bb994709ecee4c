// Python text to the syntax tree of python-ast.ts. The parser behind it (py-ast) is replaceable: nothing else imports it.
// A file it cannot read is a diagnostic, never an exception: the statement it stopped at is blanked out and the rest
// parsed again, so that one unsupported construct does not hide a whole module.

import * as pyAst from 'py-ast';
import { CHILD_FIELDS } from './ast-walk.ts';
import type { Module, Node, NodeKind } from './python-ast.ts';

export interface ParseError {
  readonly message: string;
  /** 1-based; undefined when the parser did not say. */
  readonly line: number | undefined;
}

/** A `#` comment: UTF-16 offsets from its `#` to the end of its line. */
export interface Comment {
  readonly start: number;
  readonly end: number;
  /** 1-based. */
  readonly line: number;
}

export interface ParsedModule {
  /** Absent when nothing could be parsed. With errors beside it, it lacks the statements the errors name. */
  readonly module: Module | undefined;
  /** In order of place. */
  readonly comments: readonly Comment[];
  readonly errors: readonly ParseError[];
}

export interface ParseLimits {
  /** Longest text parsed, in UTF-16 units: generated tables beyond it hold no growth site worth the time. */
  readonly maxLength?: number;
  /** How many top-level statements may be given up before the file is. */
  readonly maxSkippedStatements?: number;
}

const DEFAULT_MAX_LENGTH = 8 * 1024 * 1024;
const DEFAULT_MAX_SKIPPED = 8;

export function parse(text: string, limits: ParseLimits = {}): ParsedModule {
  const maxLength = limits.maxLength ?? DEFAULT_MAX_LENGTH;
  if (text.length > maxLength) {
    return {
      module: undefined,
      comments: [],
      errors: [{ message: `longer than ${maxLength} characters: not parsed`, line: undefined }],
    };
  }
  const maxSkipped = limits.maxSkippedStatements ?? DEFAULT_MAX_SKIPPED;
  const prepared = prepare(text);
  const errors: ParseError[] = [];
  let lines = prepared.lines;
  for (;;) {
    const outcome = parseOnce(lines.join('\n'));
    if (outcome.tree !== undefined) {
      return { module: lower(outcome.tree, prepared), comments: commentsOf(outcome.tree, prepared), errors };
    }
    const tolerated = withoutLaterExceptTypes(lines, outcome.error.line);
    if (tolerated !== undefined) {
      lines = tolerated;
      continue;
    }
    errors.push(outcome.error);
    const rest = errors.length <= maxSkipped ? withoutStatementAt(lines, outcome.error.line) : undefined;
    if (rest === undefined) return { module: undefined, comments: [], errors };
    lines = rest;
  }
}

type Outcome =
  | { readonly tree: PyNode; readonly error?: undefined }
  | { readonly tree?: undefined; readonly error: ParseError };

/** A node as the parser makes it. */
type PyNode = Readonly<Record<string, unknown>> & { readonly nodeType: string };

function parseOnce(text: string): Outcome {
  try {
    return { tree: pyAst.parse(text, { comments: true }) as unknown as PyNode };
  } catch (error) {
    if (error instanceof RangeError) return { error: { message: 'nested too deeply for the parser', line: undefined } };
    const message = error instanceof Error ? error.message : String(error);
    const line = (error as { lineno?: unknown }).lineno ?? /line (\d+)/.exec(message)?.[1];
    return {
      error: {
        message: message.replace(/ at line \d+, column \d+$/, ''),
        line: line === undefined ? undefined : Number(line),
      },
    };
  }
}

interface Prepared {
  /** The text's lines, ends and leading byte order mark or form feeds removed. */
  readonly lines: string[];
  /** UTF-16 offset in the original text of each prepared line's first character. */
  readonly starts: Uint32Array;
  readonly ascii: boolean;
}

/** Splits the text as CPython's tokenizer does (\n, \r\n, \r), and drops what it ignores at the start of a line. */
function prepare(text: string): Prepared {
  const lines: string[] = [];
  const starts: number[] = [];
  const separator = /\r\n|\r|\n/g;
  const hasFormFeeds = text.includes('\f');
  let from = 0;
  for (;;) {
    const match = separator.exec(text);
    const to = match === null ? text.length : match.index;
    let start = from;
    if (from === 0 && text.charCodeAt(0) === 0xfeff) start++;
    // A form feed resets the indentation count: what stands before it on the line does not count.
    const feed = hasFormFeeds ? /^[ \t]*\f[ \t\f]*/.exec(text.slice(start, Math.min(to, start + 64))) : null;
    if (feed !== null) start += feed[0].lastIndexOf('\f') + 1;
    lines.push(text.slice(start, to));
    starts.push(start);
    if (match === null) break;
    from = separator.lastIndex;
  }
  return { lines, starts: Uint32Array.from(starts), ascii: !/[^\0-\x7f]/.test(text) };
}

/**
 * PEP 758 (3.14) lets `except A, B:` do without parentheses, which py-ast 1.16.0 does not read. Blanking out what follows
 * the first type keeps every place right; the tree lacks the other types, which no question asked here is about.
 */
function withoutLaterExceptTypes(lines: readonly string[], line: number | undefined): string[] | undefined {
  if (line === undefined || blankedExcept(lines[line - 1] ?? '') === undefined) return undefined;
  // One such clause seldom comes alone, and every parse of a file costs the whole file.
  return lines.map((text) => blankedExcept(text) ?? text);
}

/** `except A, B:` as `except A   :`; undefined for any other line. */
function blankedExcept(text: string): string | undefined {
  if (!/^\s*except\b/.test(text)) return undefined;
  let depth = 0;
  let comma = -1;
  for (let i = 0; i < text.length; i++) {
    const character = text[i]!;
    if (character === '#') return undefined;
    if (character === '(' || character === '[') depth++;
    else if (character === ')' || character === ']') depth--;
    else if (character === ',' && depth === 0 && comma < 0) comma = i;
    else if (character === ':' && depth === 0) {
      return comma < 0 ? undefined : text.slice(0, comma) + ' '.repeat(i - comma) + text.slice(i);
    }
  }
  return undefined;
}

/** The lines with the top-level statement around `line` (1-based) blanked; undefined when that would change nothing. */
function withoutStatementAt(lines: readonly string[], line: number | undefined): string[] | undefined {
  if (line === undefined) return undefined;
  let first = Math.min(line, lines.length) - 1;
  while (first > 0 && !startsStatement(lines[first]!)) first--;
  // Decorators and clauses such as `except` belong to the statement above them.
  while (first > 0 && CONTINUES_STATEMENT.test(lines[first]!)) {
    first--;
    while (first > 0 && !startsStatement(lines[first]!)) first--;
  }
  let next = Math.max(first + 1, line);
  while (next < lines.length && (!startsStatement(lines[next]!) || CONTINUES_STATEMENT.test(lines[next]!))) next++;
  const rest = [...lines];
  let changed = false;
  for (let i = first; i < next; i++) {
    if (rest[i]!.trim() === '') continue;
    rest[i] = '';
    changed = true;
  }
  return changed ? rest : undefined;
}

const CONTINUES_STATEMENT = /^(?:elif|else|except|finally|case)\b|^[)\]}]/;

function startsStatement(line: string): boolean {
  return /^[^\s#]/.test(line);
}

const RENAMED: Readonly<Record<string, NodeKind>> = {
  Alias: 'alias',
  Arg: 'arg',
  Arguments: 'arguments',
  Comprehension: 'comprehension',
  Keyword: 'keyword',
  MatchCase: 'match_case',
  WithItem: 'withitem',
};

type Mutable = Record<string, unknown> & { start: number; end: number; line: number; endLine: number };

/** Copies the parser's tree into ours, with an explicit stack: its depth is the input's business, not the call stack's. */
function lower(root: PyNode, source: Prepared): Module {
  const module = shell(root, undefined, source);
  const pending: [PyNode, Mutable][] = [[root, module]];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [from, to] = next;
    const fields = CHILD_FIELDS[to.kind as NodeKind];
    for (const field of fields) {
      const value = from[field];
      if (value === undefined || value === null) continue;
      if (Array.isArray(value)) {
        // The parser makes statements of comments.
        const items = value.filter((item: unknown) => !isPyNode(item) || item.nodeType !== 'Comment');
        to[field] = items.map((item: unknown) => {
          if (!isPyNode(item)) return undefined;
          const child = shell(item, to, source);
          pending.push([item, child]);
          return child;
        });
      } else if (isPyNode(value)) {
        const child = shell(value, to, source);
        to[field] = child;
        pending.push([value, child]);
      }
    }
  }
  module.line = 1;
  module.start = 0;
  module.endLine = source.lines.length;
  module.end = source.starts[source.lines.length - 1]! + source.lines[source.lines.length - 1]!.length;
  return module as unknown as Module;
}

function commentsOf(tree: PyNode, source: Prepared): readonly Comment[] {
  return ((tree.comments ?? []) as readonly { lineno: number; col_offset: number; end_col_offset: number }[]).map(
    ({ lineno, col_offset, end_col_offset }) => ({
      start: offsetAt(source, lineno, col_offset),
      end: offsetAt(source, lineno, end_col_offset),
      line: lineno,
    }),
  );
}

function isPyNode(value: unknown): value is PyNode {
  return typeof value === 'object' && value !== null && typeof (value as PyNode).nodeType === 'string';
}

/** The node without its children: kind, place, and the fields that are plain values. */
function shell(from: PyNode, parent: Mutable | undefined, source: Prepared): Mutable {
  const kind = RENAMED[from.nodeType] ?? (from.nodeType as NodeKind);
  // Nodes without a place of their own (arguments, comprehension, withitem, match_case) take their parent's.
  const hasPlace = typeof from.lineno === 'number' && parent !== undefined;
  const line = hasPlace ? (from.lineno as number) : (parent?.line ?? 1);
  const endLine = hasPlace ? ((from.end_lineno as number | undefined) ?? line) : (parent?.endLine ?? 1);
  const column = from.col_offset as number;
  const endColumn = (from.end_col_offset as number | undefined) ?? column;
  const to: Mutable = {
    kind,
    line,
    endLine,
    start: hasPlace ? offsetAt(source, line, column) : (parent?.start ?? 0),
    end: hasPlace ? offsetAt(source, endLine, endColumn) : (parent?.end ?? 0),
    parent: parent as unknown as Node | undefined,
  };
  switch (kind) {
    case 'Constant':
      to.value = plainConstant(from.value);
      break;
    case 'Compare':
      to.ops = (from.ops as readonly PyNode[]).map((op) => op.nodeType);
      break;
    default:
      for (const field of PLAIN_FIELDS[kind] ?? NO_FIELDS) {
        const value = from[field];
        if (value === undefined || value === null) continue;
        to[field] = isPyNode(value) ? value.nodeType : value;
      }
  }
  return to;
}

/** Fields that are names, numbers, operators and contexts rather than children. */
const PLAIN_FIELDS: Readonly<Partial<Record<NodeKind, readonly string[]>>> = {
  FunctionDef: ['name'],
  AsyncFunctionDef: ['name'],
  ClassDef: ['name'],
  AugAssign: ['op'],
  ImportFrom: ['module', 'level'],
  Global: ['names'],
  Nonlocal: ['names'],
  BoolOp: ['op'],
  BinOp: ['op'],
  UnaryOp: ['op'],
  List: ['ctx'],
  Tuple: ['ctx'],
  Attribute: ['attr', 'ctx'],
  Subscript: ['ctx'],
  Starred: ['ctx'],
  Name: ['id', 'ctx'],
  ExceptHandler: ['name'],
  arg: ['arg'],
  keyword: ['arg'],
  alias: ['name', 'asname'],
  MatchMapping: ['rest'],
  MatchStar: ['name'],
  MatchAs: ['name'],
  TypeVar: ['name'],
  ParamSpec: ['name'],
  TypeVarTuple: ['name'],
};
const NO_FIELDS: readonly string[] = [];

function plainConstant(value: unknown): string | number | bigint | boolean | null | undefined {
  switch (typeof value) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
      return value;
    default:
      return value === null ? null : undefined;
  }
}

/** UTF-16 offset of a 1-based line and a column in UTF-8 bytes (CPython's unit). */
function offsetAt(source: Prepared, line: number, column: number): number {
  const index = Math.min(Math.max(line, 1), source.lines.length) - 1;
  const text = source.lines[index]!;
  const start = source.starts[index]!;
  if (source.ascii) return start + Math.min(column, text.length);
  let bytes = 0;
  let i = 0;
  while (i < text.length && bytes < column) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (unit >= 0xd800 && unit < 0xdc00) {
      bytes += 4;
      i++;
    } else bytes += 3;
    i++;
  }
  return start + i;
}
