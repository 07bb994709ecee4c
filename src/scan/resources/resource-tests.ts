// What conditions tell of an open resource: `if f:`, `f is not None`, `fd >= 0` have one outcome only while it is open,
// and a condition around nothing but the release is presumed to know when it is needed.

import type { Expr, If, Node, Stmt } from '../../source/python-ast.ts';

/** Whether the test holds while the names `isOpen` accepts hold an open resource; undefined when that does not decide it. */
export function knownTruth(test: Expr, isOpen: (name: string) => boolean, depth = 0): boolean | undefined {
  if (depth > 8) return undefined;
  switch (test.kind) {
    case 'Name':
      return isOpen(test.id) ? true : undefined;
    case 'NamedExpr':
      return isOpen(test.target.id) ? true : undefined;
    case 'Attribute':
      return test.attr === 'closed' && isHolder(test.value, isOpen) ? false : undefined;
    case 'UnaryOp': {
      const operand = test.op === 'Not' ? knownTruth(test.operand, isOpen, depth + 1) : undefined;
      return operand === undefined ? undefined : !operand;
    }
    case 'BoolOp': {
      const known = test.values.map((value) => knownTruth(value, isOpen, depth + 1));
      const decisive = test.op === 'Or';
      if (known.includes(decisive)) return decisive;
      return known.every((value) => value === !decisive) ? !decisive : undefined;
    }
    case 'Compare':
      return test.ops.length === 1 && isHolder(test.left, isOpen)
        ? comparison(test.ops[0]!, test.comparators[0]!)
        : undefined;
    default:
      return undefined;
  }
}

function isHolder(expr: Expr, isOpen: (name: string) => boolean): boolean {
  if (expr.kind === 'NamedExpr') return isOpen(expr.target.id);
  return expr.kind === 'Name' && isOpen(expr.id);
}

/** How a comparison with None, with -1 or with 0 comes out for an object or an open descriptor. */
function comparison(op: string, other: Expr): boolean | undefined {
  if (other.kind === 'Constant' && other.value === null) {
    return op === 'IsNot' || op === 'NotEq' ? true : op === 'Is' || op === 'Eq' ? false : undefined;
  }
  const number =
    other.kind === 'UnaryOp' && other.op === 'USub' && other.operand.kind === 'Constant' && other.operand.value === 1
      ? -1
      : other.kind === 'Constant' && other.value === 0
        ? 0
        : undefined;
  switch (op) {
    case 'Gt':
    case 'NotEq':
      return number === -1 ? true : undefined;
    case 'GtE':
      return number === 0 ? true : undefined;
    case 'Lt':
      return number === 0 ? false : undefined;
    case 'Eq':
      return number === -1 ? false : undefined;
    default:
      return undefined;
  }
}

/**
 * Which branch of an `if` on something else releases the resource and goes on: `if owned: f.close()` is right when `owned`
 * is, and that is not for us to doubt. A branch that leaves the function says nothing of the other.
 */
export function releasingBranch(node: If, releases: readonly Node[]): 0 | 1 | undefined {
  const then = releasesAndGoesOn(node.body, releases);
  const otherwise = releasesAndGoesOn(node.orelse, releases);
  return then === otherwise ? undefined : then ? 0 : 1;
}

function releasesAndGoesOn(body: readonly Stmt[], releases: readonly Node[]): boolean {
  const last = body[body.length - 1];
  return last !== undefined && !LEAVING.has(last.kind) && isReleasedIn(body, releases);
}

/** Whether one of the releases stands in the block. */
export function isReleasedIn(body: readonly Stmt[], releases: readonly Node[]): boolean {
  const start = body[0]?.start;
  const end = body[body.length - 1]?.end;
  return start !== undefined && releases.some((release) => release.start >= start && release.end <= end!);
}

const LEAVING: ReadonlySet<string> = new Set(['Return', 'Raise', 'Break', 'Continue']);
