// What a single reference is called, seen from its source: as the last step of a path through it reads
// (graph/path-names.ts), without a path, which may be a million references long.

import {
  EDGE_KIND_SHIFT,
  EDGE_PAYLOAD_MASK,
  type EdgeIndex,
  EdgeKind,
  type HeapGraph,
  type NodeIndex,
} from '../graph/heap-graph.ts';
import { edgeString } from '../graph/node-names.ts';

/** `.profile`, `['…']`, `global user_cache`, `[3]` of a tuple; empty where it was found without a name. */
export function referenceName(graph: HeapGraph, source: NodeIndex, edge: EdgeIndex): string {
  const packed = graph.edgeNames[edge]!;
  const name = edgeString(graph, edge);
  switch ((packed >>> EDGE_KIND_SHIFT) as EdgeKind) {
    case EdgeKind.attribute:
      return `.${name}`;
    case EdgeKind.global:
      return `global ${name}`;
    case EdgeKind.local:
      return `local ${name}`;
    case EdgeKind.cell:
      return `closure ${name}`;
    case EdgeKind.field:
      return name;
    case EdgeKind.element:
      // A tuple's position means something; a list's is one of many.
      return graph.types[graph.typeOf[source]!]!.name === 'tuple' ? `[${packed & EDGE_PAYLOAD_MASK}]` : '[…]';
    case EdgeKind.value:
      return "['…']";
    case EdgeKind.key:
      return 'key';
    case EdgeKind.operand:
      return 'operand';
    case EdgeKind.scanned:
      return '';
  }
}
