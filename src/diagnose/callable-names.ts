// What to call a function, a bound method, a partial or another object that is called: by module and qualified name.

import { type HeapGraph, type NodeIndex, qualifiedTypeName } from '../graph/heap-graph.ts';
import { nodeNames } from '../graph/node-names.ts';
import { fieldTarget, programFacts } from './program-facts.ts';

const PARTIAL = 'functools.partial';

/** `shop.metrics.on_collection`; of what is no function, `functools.partial of shop.metrics.count` or `a shop.Watcher`. */
export function nameCallables(graph: HeapGraph, nodes: Iterable<NodeIndex>): string[] {
  const names = nodeNames(graph);
  const facts = programFacts(graph);
  const typeOf = (node: NodeIndex): string => qualifiedTypeName(graph.types[graph.typeOf[node]!]!);
  const nameOf = (node: NodeIndex): string => {
    const method = fieldTarget(graph, node, '__func__');
    if (method !== undefined) return named(method);
    const wrapped = fieldTarget(graph, node, '__wrapped__') ?? (typeOf(node) === PARTIAL ? called(node) : undefined);
    return wrapped === undefined ? named(node) : `${typeOf(node)} of ${named(wrapped)}`;
  };
  const named = (node: NodeIndex): string => {
    const name = names.nameOf(node);
    if (name === '') return `a ${typeOf(node)}`;
    const module = facts.moduleOf(node);
    return module === undefined ? name : `${module}.${name}`;
  };
  /** The function among what a partial refers to comes before its arguments. */
  const called = (node: NodeIndex): NodeIndex | undefined => {
    for (let e = graph.firstEdge[node]!; e < graph.firstEdge[node + 1]!; e++) {
      const target = graph.edgeTargets[e]!;
      if (names.roleOf(target) === 'function') return target;
    }
    return undefined;
  };
  return Array.from(nodes, nameOf);
}
