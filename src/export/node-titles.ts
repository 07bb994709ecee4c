// What an exported node is called: `module shop.users`, `function get_user`, or its type. Names structure, never a value.

import { indexInAscending } from '../base/sorted-search.ts';
import { NodeFlag, type NodeIndex, qualifiedTypeName } from '../graph/heap-graph.ts';
import type { NodeNames, NodeRole } from '../graph/node-names.ts';

/** What `NodeTitles.roleOf` counts in; an ordinary object is 0. */
export const NODE_ROLES: readonly NodeRole[] = ['object', 'module', 'class', 'function', 'thread', 'frame'];

/** Titles as columns, so that passes over all nodes look nothing up by name. */
export interface NodeTitles {
  /** The first ones are the names of the graph's types, in their order. */
  readonly texts: readonly string[];
  /** Index into `texts` of each node. */
  readonly textOf: Uint32Array;
  /** Index into NODE_ROLES of each node. */
  readonly roleOf: Uint8Array;
}

/** O(nodes) time, 5 bytes per node; only nodes with a name of their own are looked at one by one. */
export function nodeTitles(names: NodeNames): NodeTitles {
  const { graph } = names;
  const texts = graph.types.map(qualifiedTypeName);
  const textOf = graph.typeOf.slice();
  const roleOf = new Uint8Array(graph.nodeCount);
  const indexOfText = new Map<string, number>();
  const nameNode = (node: NodeIndex): void => {
    const role = NODE_ROLES.indexOf(names.roleOf(node));
    if (role <= 0) return;
    roleOf[node] = role;
    const text = `${names.wordOf(node)} ${names.nameOf(node)}`.trimEnd();
    let index = indexOfText.get(text);
    if (index === undefined) {
      index = texts.push(text) - 1;
      indexOfText.set(text, index);
    }
    textOf[node] = index;
  };
  for (const type of graph.types) {
    const node = type.address === 0 ? -1 : indexInAscending(graph.addresses, type.address);
    if (node >= 0) nameNode(node);
  }
  graph.labels.nodes.forEach(nameNode);
  for (let node = 0; node < graph.nodeCount; node++) {
    if ((graph.nodeFlags[node]! & NodeFlag.synthetic) !== 0 && roleOf[node] === 0) nameNode(node);
  }
  return { texts, textOf, roleOf };
}
