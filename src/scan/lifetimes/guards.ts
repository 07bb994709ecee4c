// The tests that decide whether a statement runs: `if` and `while` around it, and earlier ones that leave the block.
// Exceptions decide too, but say nothing of what was checked; they are not looked at.

import { walk } from '../../source/ast-walk.ts';
import type { Attribute, Expr, Name, Node, Stmt } from '../../source/python-ast.ts';
import { functionAround, type ScannedFile } from '../scanned-file.ts';

/** Tests within the same function that decide whether `node` is reached, innermost first. */
export function decidingTests(node: Node): readonly Expr[] {
  const tests: Expr[] = [];
  let child: Node = node;
  for (let parent = node.parent; parent !== undefined; child = parent, parent = parent.parent) {
    tests.push(...testsThatLeave(blockWith(parent, child), child));
    if (parent.kind === 'If' || parent.kind === 'IfExp' || parent.kind === 'While') {
      if (child !== parent.test) tests.push(parent.test);
    }
    if (parent.kind === 'BoolOp') tests.push(...parent.values.slice(0, parent.values.indexOf(child as Expr)));
    if (isDefinition(parent)) break;
  }
  return tests;
}

/** Whether any of the tests reads a name or attribute of which `counts` holds. */
export function isGuardedBy(node: Node, counts: (read: string) => boolean): boolean {
  return decidingTests(node).some((test) => readsAny(test, counts));
}

/** Whether a test that decides about `node` reads what the same function sets: `if _installed: return`. */
export function isGuardedByOwnFlag(file: ScannedFile, node: Node): boolean {
  const around = functionAround(file, node);
  if (around === undefined) return false;
  const isSet = (uses: readonly (Name | Attribute)[] | undefined) =>
    (uses ?? []).some((use) => use.ctx === 'Store' && use.start >= around.start && use.end <= around.end);
  const { names, attributes } = file.source;
  const isGlobal = (name: string) => file.source.scopes.scopeOf.get(around)?.declared.has(name) === true;
  return isGuardedBy(node, (read) => (isGlobal(read) && isSet(names.get(read))) || isSet(attributes.get(read)));
}

/** Whether a name or attribute of which `counts` holds is read below `root`. */
function readsAny(root: Node, counts: (read: string) => boolean): boolean {
  let found = false;
  walk(root, (node) => {
    if (node.kind === 'Name') found ||= counts(node.id);
    else if (node.kind === 'Attribute') found ||= counts(node.attr);
  });
  return found;
}

/** The block of `parent` that `child` is a statement of. */
export function blockWith(parent: Node, child: Node): readonly Stmt[] {
  for (const field of ['body', 'orelse', 'finalbody'] as const) {
    const block = (parent as unknown as Readonly<Record<string, unknown>>)[field];
    if (Array.isArray(block) && block.includes(child)) return block as readonly Stmt[];
  }
  return [];
}

/** Whether control never passes the end of the block. */
export function leaves(block: readonly Stmt[]): boolean {
  const last = block.at(-1)?.kind;
  return last === 'Return' || last === 'Raise' || last === 'Continue' || last === 'Break';
}

function testsThatLeave(block: readonly Stmt[], until: Node): readonly Expr[] {
  const tests: Expr[] = [];
  for (const statement of block) {
    if (statement === until) break;
    if (statement.kind === 'If' && (leaves(statement.body) || leaves(statement.orelse))) tests.push(statement.test);
  }
  return tests;
}

function isDefinition(node: Node): boolean {
  return (
    node.kind === 'FunctionDef' ||
    node.kind === 'AsyncFunctionDef' ||
    node.kind === 'ClassDef' ||
    node.kind === 'Lambda'
  );
}
