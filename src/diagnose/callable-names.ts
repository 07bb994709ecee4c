// What to call a function, a bound method, a partial or another object that is called: by module and qualified name.

import { type HeapGraph, type NodeIndex, qualifiedTypeName } from '../graph/heap-graph.ts';
import { nodeNames } from '../graph/node-names.ts';
import { fieldTarget, programFacts } from './program-facts.ts';

/** `shop.metrics.on_collection`; of what is no function, `partial of shop.metrics.count` or `a shop.Watcher`. */
export function nameCallables(graph: HeapGraph, nodes: Iterable<NodeIndex>): string[] {
  const names = nodeNames(graph);
  const facts = programFacts(graph);
  const typeOf = (node: NodeIndex): string => qualifiedTypeName(graph.types[graph.typeOf[node]!]!);
  const nameOf = (node: NodeIndex): string => {
    const method = fieldTarget(graph, node, '__func__');
    const wrapped = facts.wrappedBy(node);
    if (method === undefined && wrapped !== undefined) {
      const qualname = wrapped.module === undefined ? wrapped.qualname : `${wrapped.module}.${wrapped.qualname}`;
      return `${typeOf(node)} of ${qualname}`;
    }
    const callee = method ?? node;
    const name = names.nameOf(callee);
    if (name === '') return `a ${typeOf(node)}`;
    const module = facts.moduleOf(callee);
    return module === undefined ? name : `${module}.${name}`;
  };
  return Array.from(nodes, nameOf);
}
