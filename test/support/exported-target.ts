// The program whose heap the tests of exports write: 2,000 users that are held, garbage that holds what lives, and strings
// that no export may contain. And what its objects are called in other tools.

import { type NodeIndex, qualifiedTypeName } from '../../src/graph/heap-graph.ts';
import type { NodeNames } from '../../src/graph/node-names.ts';

export const EXPORTED_TARGET = `
import gc
class User:
    def __init__(self, number):
        self.name = 'secret-%d' % number
        self.tags = [self.name + '-tag'] * 3
users = {number: User(number) for number in range(2000)}
gc.disable()
for _ in range(50):
    garbage = {'live': users}
    garbage['self'] = garbage
del garbage
print('ready', flush=True)
input()
`;

/** `module shop.users`, `function get_user`, or an object's type. */
export function titleOf(names: NodeNames, node: NodeIndex): string {
  const { types, typeOf } = names.graph;
  if (names.roleOf(node) === 'object') return qualifiedTypeName(types[typeOf[node]!]!);
  return `${names.wordOf(node)} ${names.nameOf(node)}`.trim();
}
