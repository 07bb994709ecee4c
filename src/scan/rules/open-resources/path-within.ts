// Whether a function hands on a path that lies within a temporary directory it made: who gets it looks after the directory.

import { pushChildren, walk } from '../../../source/ast-walk.ts';
import type { Expr, Node, NodeKind } from '../../../source/python-ast.ts';
import type { Leak } from '../../resources/resource-leaks.ts';

/** `out = directory / name`, `copy = str(out)`: as far as people go. */
const MAX_ROUNDS = 3;

/** Whether what is made of the path is returned, yielded or stored where others reach it. */
export function handsOnPathWithin(leak: Leak): boolean {
  const names = new Set(leak.names);
  const isMadeOfIt = (expr: Expr | undefined) => expr !== undefined && holdsPath(expr, names, leak.call);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = names.size;
    let isHandedOn = false;
    walk(leak.owner, (node) => {
      switch (node.kind) {
        case 'Assign':
          if (!isMadeOfIt(node.value)) break;
          for (const target of node.targets) {
            if (target.kind === 'Name') names.add(target.id);
            else if (target.kind === 'Attribute' || target.kind === 'Subscript') isHandedOn = true;
          }
          break;
        case 'AnnAssign':
          if (node.target.kind === 'Name' && isMadeOfIt(node.value)) names.add(node.target.id);
          break;
        case 'Return':
        case 'Yield':
          if (isMadeOfIt(node.value)) isHandedOn = true;
          break;
        default:
      }
    });
    if (isHandedOn) return true;
    if (names.size === before) return false;
  }
  return false;
}

/** Callees whose result is the path they are given, or one made of it. */
const MAKING_PATHS =
  /^(?:join|joinpath|Path|PurePath|str|fspath|abspath|realpath|normpath|with_\w+|resolve|absolute|as_posix|format)$/;

/** Whether the path is in the value, as it is, as a part of a longer one, or in a collection. What other calls return is not. */
function holdsPath(value: Expr, names: ReadonlySet<string>, opening: Node): boolean {
  const pending: Node[] = [value];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (node === opening || (node.kind === 'Name' && names.has(node.id))) return true;
    if (node.kind === 'Call') {
      const { func } = node;
      const name = func.kind === 'Name' ? func.id : func.kind === 'Attribute' ? func.attr : '';
      if (!MAKING_PATHS.test(name)) continue;
    }
    if (CARRYING.has(node.kind)) pushChildren(node, pending);
  }
  return false;
}

const CARRYING: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'Attribute',
  'BinOp',
  'BoolOp',
  'Call',
  'Dict',
  'FormattedValue',
  'IfExp',
  'JoinedStr',
  'List',
  'Tuple',
]);
