// Making and applying edits of a source text: statements wrapped, lines removed, imports added. Nothing outside an edit
// changes: not the layout, not the comments, not the ends of lines.

import type { Module, Node } from '../../source/python-ast.ts';
import type { Edit } from '../finding.ts';
import type { ScannedFile } from '../scanned-file.ts';

/** The text with the edits made. Undefined where two of them overlap or one lies outside: such a fix is none. */
export function applyEdits(text: string, edits: readonly Edit[]): string | undefined {
  const ordered = [...edits].sort((a, b) => a.start - b.start || a.end - b.end);
  let result = '';
  let from = 0;
  for (const { start, end, text: inserted } of ordered) {
    if (start < from || end < start || end > text.length) return undefined;
    result += text.slice(from, start) + inserted;
    from = end;
  }
  return result + text.slice(from);
}

export function replaceNode(node: Node, text: string): Edit {
  return { start: node.start, end: node.end, text };
}

/** Offset of the first character of the line that holds `offset`. */
export function lineStart(text: string, offset: number): number {
  let start = offset;
  while (start > 0 && !isLineEnd(text.charCodeAt(start - 1))) start--;
  return start;
}

/** Offset just past the end of the line that holds `offset`, line end included. */
export function nextLineStart(text: string, offset: number): number {
  let end = offset;
  while (end < text.length && !isLineEnd(text.charCodeAt(end))) end++;
  if (text.charCodeAt(end) === 0x0d && text.charCodeAt(end + 1) === 0x0a) return end + 2;
  return Math.min(end + 1, text.length);
}

/** The white space a statement's line begins with. */
export function indentationAt(text: string, offset: number): string {
  const start = lineStart(text, offset);
  let end = start;
  while (text[end] === ' ' || text[end] === '\t') end++;
  return text.slice(start, end);
}

/** One more level of indentation, as this file writes it. */
export function indentationUnit(text: string): string {
  const indented = /(?:^|[\r\n])( {2,8}|\t)\S/.exec(text);
  return indented?.[1] ?? '    ';
}

/** How this file ends its lines. */
export function lineEndOf(text: string): string {
  return /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
}

/**
 * What makes `module.name` usable: the expression to write, and the edit that imports it where the file does not yet.
 * Undefined where the file gives the name another meaning.
 */
export function useOf(
  file: ScannedFile,
  module: string,
  name: string,
): { readonly expression: string; readonly edits: readonly Edit[] } | undefined {
  const bindings = file.source.scopes.module.bindings;
  for (const [local, binding] of bindings) {
    if (binding.definitions.length !== 1) continue;
    const definition = binding.definitions[0]!;
    if (!isTopLevel(definition.node)) continue;
    if (definition.kind === 'import from' && definition.from.module === module && (definition.from.level ?? 0) === 0) {
      if (definition.node.name === name) return { expression: local, edits: [] };
    }
    if (definition.kind === 'import' && definition.module === module) {
      return { expression: `${local}.${name}`, edits: [] };
    }
  }
  // The whole module is imported, so that no local name can hide what is used.
  const root = module.split('.', 1)[0]!;
  if ((file.source.names.get(root) ?? []).length > 0 || bindings.has(root)) return undefined;
  return { expression: `${module}.${name}`, edits: [insertImport(file, `import ${module}`)] };
}

function isTopLevel(alias: Node): boolean {
  return alias.parent?.parent?.kind === 'Module';
}

/** Adds an import statement after the docstring and `__future__` imports, before the first other import. */
function insertImport(file: ScannedFile, statement: string): Edit {
  const { text } = file.source;
  const end = lineEndOf(text);
  const body: readonly Node[] = (file.source.scopes.module.node as Module).body;
  let previous: Node | undefined;
  for (const node of body) {
    if (node.kind === 'Import' || (node.kind === 'ImportFrom' && node.module !== '__future__')) {
      return { start: lineStart(text, node.start), end: lineStart(text, node.start), text: statement + end };
    }
    const isDocstring =
      previous === undefined &&
      node.kind === 'Expr' &&
      node.value.kind === 'Constant' &&
      typeof node.value.value === 'string';
    if (!isDocstring && node.kind !== 'ImportFrom') break;
    previous = node;
  }
  if (previous !== undefined) {
    const at = nextLineStart(text, previous.end);
    const missing = at === text.length && !/[\r\n]$/.test(text) ? end : '';
    return { start: at, end: at, text: `${missing}${end}${statement}${end}` };
  }
  const first = body[0];
  const at = first === undefined ? text.length : lineStart(text, headOf(first).start);
  return { start: at, end: at, text: `${statement}${end}${end}` };
}

/** Where a statement begins, decorators included. */
function headOf(node: Node): Node {
  const decorators = 'decorator_list' in node ? node.decorator_list : [];
  return decorators[0] ?? node;
}

function isLineEnd(unit: number): boolean {
  return unit === 0x0a || unit === 0x0d;
}
