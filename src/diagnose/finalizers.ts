// Which types have a `__del__`, found in the namespaces of their classes: structure only.

import { indexInAscending } from '../base/sorted-search.ts';
import { EdgeKind, type HeapGraph, type NodeIndex, packEdgeName } from '../graph/heap-graph.ts';
import { fieldTarget } from './program-facts.ts';

const NAME = '__del__';

/** By type index: 1 where the class or one of its bases written in Python has a `__del__`. */
export function typesWithFinalizer(graph: HeapGraph): Uint8Array {
  const found = new Uint8Array(graph.types.length);
  const name = graph.strings.indexOf(NAME);
  if (name < 0) return found;
  const packed = packEdgeName(EdgeKind.attribute, name);
  graph.types.forEach(({ address }, type) => {
    const node = address === 0 ? -1 : indexInAscending(graph.addresses, address);
    if (node < 0) return;
    const mro = fieldTarget(graph, node, '__mro__');
    const classes =
      mro === undefined ? [node] : graph.edgeTargets.subarray(graph.firstEdge[mro]!, graph.firstEdge[mro + 1]!);
    if (classes.some((candidate: NodeIndex) => definesName(graph, candidate, packed))) found[type] = 1;
  });
  return found;
}

function definesName(graph: HeapGraph, node: NodeIndex, packed: number): boolean {
  const namespace = fieldTarget(graph, node, '__dict__');
  if (namespace === undefined) return false;
  return graph.edgeNames.subarray(graph.firstEdge[namespace]!, graph.firstEdge[namespace + 1]!).includes(packed);
}
