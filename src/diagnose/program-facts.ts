// Looks up what the graph knows of the program: which module a function belongs to, which class a node is.

import {
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  EdgeKind,
  type HeapGraph,
  type HeapType,
  NodeFlag,
  type NodeIndex,
} from '../graph/heap-graph.ts';

export interface ProgramFacts {
  /** Name of the module whose globals a function or frame runs with; undefined when it cannot be told. */
  readonly moduleOf: (node: NodeIndex) => string | undefined;
  /** The class a node is, when it is one. */
  readonly classAt: (node: NodeIndex) => HeapType | undefined;
  /** The function an lru_cache wrapper (or partial) wraps, by its qualified name and module. */
  readonly wrappedBy: (
    node: NodeIndex,
  ) => { readonly qualname: string; readonly module: string | undefined } | undefined;
}

/** Reads labels, types and module namespaces once; O(labels + types). */
export function programFacts(graph: HeapGraph): ProgramFacts {
  const labelOf = new Map<NodeIndex, string>();
  const { labels, strings } = graph;
  for (let i = 0; i < labels.nodes.length; i++) labelOf.set(labels.nodes[i]!, strings[labels.labels[i]!]!);
  const classes = new Map(graph.types.map((type) => [type.address, type]));
  const moduleOfNamespace = new Map<NodeIndex, string>();
  for (const [node, label] of labelOf) {
    if (graph.types[graph.typeOf[node]!]!.name !== 'module') continue;
    const namespace = fieldTarget(graph, node, '__dict__');
    if (namespace !== undefined) moduleOfNamespace.set(namespace, label);
  }
  const moduleOf = (node: NodeIndex): string | undefined => {
    const globals = fieldTarget(graph, node, '__globals__');
    return globals === undefined ? undefined : moduleOfNamespace.get(globals);
  };
  return {
    moduleOf,
    classAt: (node) =>
      (graph.nodeFlags[node]! & NodeFlag.code) === 0 ? undefined : classes.get(graph.addresses[node]!),
    wrappedBy: (node) => {
      const wrapped = fieldTarget(graph, node, '__wrapped__');
      const qualname = wrapped === undefined ? undefined : labelOf.get(wrapped);
      return qualname === undefined ? undefined : { qualname, module: moduleOf(wrapped!) };
    },
  };
}

/** Target of the node's interpreter field of that name. */
export function fieldTarget(graph: HeapGraph, node: NodeIndex, field: string): NodeIndex | undefined {
  const end = graph.firstEdge[node + 1]!;
  for (let e = graph.firstEdge[node]!; e < end; e++) {
    const name = graph.edgeNames[e]!;
    if (name >>> EDGE_KIND_SHIFT === EdgeKind.field && graph.strings[name & EDGE_PAYLOAD_MASK] === field)
      return graph.edgeTargets[e]!;
  }
  return undefined;
}
