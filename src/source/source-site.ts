// Turns a syntax node into the row that diagnose shows: path, line, function, code.

import type { SourceSite } from './growth-site-query.ts';
import type { Node } from './python-ast.ts';
import { runningScope } from './scopes.ts';
import type { ModuleSource } from './source-index.ts';
import { scopeOf } from './source-index.ts';

/** A row for a syntax node: its line, its function's qualified name, its text. */
export function siteAt(source: ModuleSource, node: Node, basis: SourceSite['basis'], operation: string): SourceSite {
  const scope = runningScope(scopeOf(source, node));
  return {
    path: source.path,
    line: node.line,
    function: scope.qualname,
    basis,
    operation,
    code: source.lines[node.line - 1]?.trim() ?? '',
  };
}

/** All lists in order, each line once. */
export function mergeSites(lists: readonly (readonly SourceSite[])[]): readonly SourceSite[] {
  const seen = new Set<string>();
  return lists.flat().filter((site) => {
    const key = `${site.line} ${site.path}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
