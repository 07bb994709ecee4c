// Whole lines put before or behind a statement that has its lines for itself.

import type { Stmt } from '../../source/python-ast.ts';
import type { Edit } from '../finding.ts';
import { indentationAt, lineEndOf, lineStart, nextLineStart } from './edits.ts';

/** Whether nothing else stands on the lines of the statement but a comment behind it. */
export function hasOwnLines(text: string, statement: Stmt): boolean {
  const before = text.slice(lineStart(text, statement.start), statement.start);
  const after = text.slice(statement.end, nextLineStart(text, statement.end));
  return before.trim() === '' && /^[ \t]*(?:#[^\r\n]*)?[\r\n]*$/.test(after);
}

/** Lines in front of the statement, indented as it is. */
export function linesBefore(text: string, statement: Stmt, lines: readonly string[]): Edit {
  const at = lineStart(text, statement.start);
  return { start: at, end: at, text: indented(text, statement, lines) };
}

/** Lines behind the statement, indented as it is. */
export function linesAfter(text: string, statement: Stmt, lines: readonly string[]): Edit {
  const at = nextLineStart(text, statement.end);
  const missing = at === text.length && !/[\r\n]$/.test(text) ? lineEndOf(text) : '';
  return { start: at, end: at, text: missing + indented(text, statement, lines) };
}

function indented(text: string, statement: Stmt, lines: readonly string[]): string {
  const indentation = indentationAt(text, statement.start);
  return lines.map((line) => indentation + line + lineEndOf(text)).join('');
}
