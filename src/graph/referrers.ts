// Reverse edges in CSR form: who refers to a node. Built by one counting sort; knows nothing of edge names.

import type { EdgeIndex, HeapGraph, NodeIndex } from './heap-graph.ts';

/** Referrers of node n are `referrers[firstReferrer[n]] .. referrers[firstReferrer[n + 1]]`, ascending. */
export interface Referrers {
  /** nodeCount + 1 prefix sums. */
  readonly firstReferrer: Uint32Array;
  /** Source node of each edge; a node that refers twice stands twice, side by side. */
  readonly referrers: Uint32Array;
}

/** O(nodes + edges) time, 4 bytes per node and 4 per edge. */
export function buildReferrers(graph: HeapGraph): Referrers {
  const { nodeCount, edgeCount, firstEdge, edgeTargets } = graph;
  const firstReferrer = new Uint32Array(nodeCount + 1);
  const referrers = new Uint32Array(edgeCount);

  // Pass 1: in-degrees, turned into the END of each node's range.
  for (let e = 0; e < edgeCount; e++) firstReferrer[edgeTargets[e]!]!++;
  let end = 0;
  for (let n = 0; n < nodeCount; n++) {
    end += firstReferrer[n]!;
    firstReferrer[n] = end;
  }
  firstReferrer[nodeCount] = end;

  // Pass 2: fill every range from its end, sources descending, so that the ends become starts and sources ascend.
  for (let source = nodeCount - 1; source >= 0; source--) {
    const first = firstEdge[source]!;
    for (let e = firstEdge[source + 1]! - 1; e >= first; e--) {
      const slot = --firstReferrer[edgeTargets[e]!]!;
      referrers[slot] = source;
    }
  }
  return { firstReferrer, referrers };
}

/** First edge from `source` to `target` at or after edge index `from`, or -1. Costs the source's out-degree. */
export function findEdge(graph: HeapGraph, source: NodeIndex, target: NodeIndex, from: EdgeIndex = 0): EdgeIndex {
  const { firstEdge, edgeTargets } = graph;
  const end = firstEdge[source + 1]!;
  for (let e = Math.max(from, firstEdge[source]!); e < end; e++) {
    if (edgeTargets[e] === target) return e;
  }
  return -1;
}

/** Node whose range holds edge `edge`: binary search in `firstEdge`. */
export function sourceOfEdge(graph: HeapGraph, edge: EdgeIndex): NodeIndex {
  const { firstEdge } = graph;
  // Largest n with firstEdge[n] <= edge; empty ranges before it share its start, hence "largest".
  let low = 0;
  let high = graph.nodeCount - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (firstEdge[middle]! <= edge) low = middle;
    else high = middle - 1;
  }
  return low;
}
