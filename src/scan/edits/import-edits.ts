// Edits of import statements that follow from edits elsewhere: an import whose last use goes away goes with it, or becomes
// the import of what is used instead. Adding imports is in edits.ts.

import type { Alias, Expr, Module, Name, Node } from '../../source/python-ast.ts';
import { bindingOf } from '../../source/source-index.ts';
import type { Edit } from '../finding.ts';
import type { ScannedFile } from '../scanned-file.ts';
import { lineStart, nextLineStart, replaceNode, useOf } from './edits.ts';

/** Edits that remove the import of what `expr` names, where this is its only use in the file and nobody's re-export. */
export function dropImportOf(file: ScannedFile, expr: Expr): readonly Edit[] {
  const alias = importUsedOnlyBy(file, expr);
  const statement = alias?.parent;
  if (alias === undefined || (statement?.kind !== 'Import' && statement?.kind !== 'ImportFrom')) return [];
  const { text } = file.source;
  const { names } = statement;
  if (names.length > 1) {
    const at = names.indexOf(alias);
    const next = names[at + 1];
    const edit =
      next === undefined
        ? { start: names[at - 1]!.end, end: alias.end, text: '' }
        : { start: alias.start, end: next.start, text: '' };
    return text.slice(edit.start, edit.end).includes('#') ? [] : [edit];
  }
  return wholeLines(file, statement);
}

/**
 * What makes `module.name` usable in place of `old`: as `useOf`, but where names of the module are imported already, the new
 * one joins them, or takes the place of one that nothing else uses.
 */
export function useInsteadOf(
  file: ScannedFile,
  old: Expr,
  module: string,
  name: string,
): { readonly expression: string; readonly edits: readonly Edit[] } | undefined {
  const known = useOf(file, module, name);
  if (known !== undefined && known.edits.length === 0) {
    const isSameImport = known.expression.split('.', 1)[0] === rootOf(old)?.id;
    return isSameImport ? known : { ...known, edits: dropImportOf(file, old) };
  }
  const alias = importUsedOnlyBy(file, old);
  const from = alias?.parent?.kind === 'ImportFrom' ? alias.parent : undefined;
  const isFree = (file.source.names.get(name) ?? []).length === 0 && !file.source.scopes.module.bindings.has(name);
  if (alias !== undefined && from?.module === module && (from.level ?? 0) === 0 && isFree) {
    return { expression: name, edits: [replaceNode(alias, name)] };
  }
  const joined = isFree ? joinImport(file, module, name) : undefined;
  return joined === undefined ? known : { expression: name, edits: [joined] };
}

/** Adds a name to an import of the module's names at the top of the file, in the order of the alphabet. */
function joinImport(file: ScannedFile, module: string, name: string): Edit | undefined {
  const body: readonly Node[] = (file.source.scopes.module.node as Module).body;
  for (const statement of body) {
    if (statement.kind !== 'ImportFrom' || statement.module !== module || (statement.level ?? 0) > 0) continue;
    const { names } = statement;
    if (names[0]?.name === '*') continue;
    const next = names.find((alias) => alias.name > name);
    if (next !== undefined) return { start: next.start, end: next.start, text: `${name}, ` };
    const last = names.at(-1)!;
    return { start: last.end, end: last.end, text: `, ${name}` };
  }
  return undefined;
}

/** The import at the top of the file that gives `expr` its meaning, when nothing else uses it. */
function importUsedOnlyBy(file: ScannedFile, expr: Expr): Alias | undefined {
  const root = rootOf(expr);
  if (root === undefined || file.source.isPackage) return undefined;
  const uses = file.source.names.get(root.id) ?? [];
  if (uses.length !== 1 || file.source.strings.has(root.id)) return undefined;
  const definitions = bindingOf(file.source, root)?.definitions ?? [];
  const only = definitions.length === 1 ? definitions[0]! : undefined;
  if (only?.kind !== 'import' && only?.kind !== 'import from') return undefined;
  return only.node.parent?.parent?.kind === 'Module' ? only.node : undefined;
}

/** `functools` of `functools.lru_cache(maxsize=None)`. */
function rootOf(expr: Expr): Name | undefined {
  let root = expr.kind === 'Call' ? expr.func : expr;
  while (root.kind === 'Attribute') root = root.value;
  return root.kind === 'Name' ? root : undefined;
}

/** Removes the lines of a statement that has them for itself, and one of the blank lines around them. */
function wholeLines(file: ScannedFile, statement: Node): readonly Edit[] {
  const { text } = file.source;
  const start = lineStart(text, statement.start);
  let end = nextLineStart(text, statement.end);
  const rest = text.slice(statement.end, end);
  if (text.slice(start, statement.start).trim() !== '' || rest.trim() !== '') return [];
  const isBlankBefore = start === 0 || /(?:\r\n\r\n|\n\n|\r\r)$/.test(text.slice(Math.max(0, start - 4), start));
  const following = nextLineStart(text, end);
  if (isBlankBefore && following > end && text.slice(end, following).trim() === '') end = following;
  return [{ start, end, text: '' }];
}
