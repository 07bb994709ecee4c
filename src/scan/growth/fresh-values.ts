// Expressions that give another value each time they are evaluated: identities, random numbers, times, counters. As keys
// they never meet again. Local names are followed to what they are assigned.

import { pushChildren } from '../../source/ast-walk.ts';
import type { Call, Expr, Node } from '../../source/python-ast.ts';
import { dottedName } from '../../source/qualified-name.ts';
import { bindingOf } from '../../source/source-index.ts';
import type { ScannedFile } from '../scanned-file.ts';

const FRESH =
  /^(?:builtins\.(?:id|object|next)|uuid\.uuid[14]|time\.(?:time|monotonic|perf_counter)(?:_ns)?|datetime\.(?:datetime\.)?(?:now|utcnow)|random\.(?:random|randint|randrange|getrandbits|randbytes)|secrets\.token_\w+|os\.urandom|tempfile\.(?:mktemp|mkdtemp|mkstemp))$/;

/** Assignments followed from one expression. */
const MAX_DEPTH = 3;

/** The call within `expr`, or within what its local names are assigned, that gives another value every time. */
export function freshPartOf(file: ScannedFile, expr: Expr, depth = 0): Call | undefined {
  const pending: Node[] = [expr];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node.kind === 'Lambda') continue;
    if (node.kind === 'Call') {
      const name = dottedName(file.source, node.func);
      if (name !== undefined && FRESH.test(name)) return node;
    }
    if (node.kind === 'Name' && depth < MAX_DEPTH) {
      const fresh = freshAssignment(file, node, depth);
      if (fresh !== undefined) return fresh;
    }
    pushChildren(node, pending);
  }
  return undefined;
}

function freshAssignment(file: ScannedFile, name: Expr & { readonly kind: 'Name' }, depth: number): Call | undefined {
  const binding = bindingOf(file.source, name);
  if (binding?.scope.kind !== 'function') return undefined;
  for (const definition of binding.definitions) {
    if (definition.kind !== 'value') continue;
    const fresh = freshPartOf(file, definition.value, depth + 1);
    if (fresh !== undefined) return fresh;
  }
  return undefined;
}
