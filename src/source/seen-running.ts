// Which functions of the program were on a stack while the holder grew: of several lines that may add to a holder,
// one in a function that runs is the likelier. Absence says little; a fast line is seldom caught.

import type { SeenLine } from './growth-site-query.ts';
import type { Node } from './python-ast.ts';
import type { ModuleSource } from './source-index.ts';
import { enclosingFunction } from './source-index.ts';

/** Answers whether the function a node is, or stands in, was seen running. */
export type SeenRunning = (source: ModuleSource, node: Node) => boolean;

/** With no line seen at all everything counts as unseen, which leaves every order as it was. */
export function seenRunning(seen: readonly SeenLine[]): SeenRunning {
  const linesOf = new Map<string, number[]>();
  for (const { file, line } of seen) {
    const lines = linesOf.get(file);
    if (lines === undefined) linesOf.set(file, [line]);
    else lines.push(line);
  }
  return (source, node) => {
    const lines = linesOf.get(source.path);
    if (lines === undefined) return false;
    const around = source.functionOf.has(node) ? node : (enclosingFunction(source, node)?.node ?? node);
    return lines.some((line) => line >= around.line && line <= around.endLine);
  };
}
