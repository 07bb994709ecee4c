// The bound an object carries: its own (lru_cache, deque) or an attribute named like one (`maxsize`, `capacity`).

import { indexInAscending } from '../base/sorted-search.ts';
import { ownBound, smallInt } from '../cpython/container-length.ts';
import type { Layout } from '../cpython/layout.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import { type Address, EDGE_KIND_SHIFT, EDGE_PAYLOAD_MASK, EdgeKind, type HeapGraph } from '../graph/heap-graph.ts';

const BOUND_NAME = /^_*(Cache__)?_*(max_?(size|len|length|entries|items)|capacity)$/i;
/** An instance has few attributes; a namespace of thousands is a module. */
const ATTRIBUTES_LIMIT = 200;

/** Answers for objects of one graph and its image. */
export function boundReader(
  graph: HeapGraph,
  image: MemoryImage,
  layout: Layout,
): (address: Address) => number | undefined {
  return (address) => {
    const own = ownBound(image, layout, address);
    if (own !== undefined) return own;
    const node = indexInAscending(graph.addresses, address);
    return node < 0 ? undefined : attributeBound(graph, image, layout, node, true);
  };
}

function attributeBound(
  graph: HeapGraph,
  image: MemoryImage,
  layout: Layout,
  node: number,
  enterDict: boolean,
): number | undefined {
  const end = Math.min(graph.firstEdge[node + 1]!, graph.firstEdge[node]! + ATTRIBUTES_LIMIT);
  for (let e = graph.firstEdge[node]!; e < end; e++) {
    const packed = graph.edgeNames[e]!;
    const name = graph.strings[packed & EDGE_PAYLOAD_MASK] ?? '';
    const kind = packed >>> EDGE_KIND_SHIFT;
    if (kind === EdgeKind.attribute && BOUND_NAME.test(name)) {
      const bound = smallInt(image, layout, graph.addresses[graph.edgeTargets[e]!]!);
      // Queue(maxsize=0) and the like mean "no bound".
      if (bound !== undefined && bound > 0) return bound;
    }
    if (enterDict && kind === EdgeKind.field && name === '__dict__') {
      const bound = attributeBound(graph, image, layout, graph.edgeTargets[e]!, false);
      if (bound !== undefined) return bound;
    }
  }
  return undefined;
}
