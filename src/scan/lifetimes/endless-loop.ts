// Loops without a way out: whether a thread or task that runs a function can end by itself.

import { walk } from '../../source/ast-walk.ts';
import type { Node, While } from '../../source/python-ast.ts';
import type { FunctionInfo } from '../../source/source-index.ts';

/** The `while True` of a function that no `break`, `return` or `raise` leaves. */
export function endlessLoop({ node }: FunctionInfo): While | undefined {
  if (node.kind === 'Lambda') return undefined;
  return node.body.find((statement): statement is While => {
    if (statement.kind !== 'While' || statement.test.kind !== 'Constant') return false;
    return (statement.test.value === true || statement.test.value === 1) && !hasWayOut(statement);
  });
}

function hasWayOut(loop: While): boolean {
  let found = false;
  for (const statement of loop.body) {
    walk(statement, (node: Node) => {
      if (node.kind === 'Break' || node.kind === 'Return' || node.kind === 'Raise') found = true;
    });
  }
  return found;
}
