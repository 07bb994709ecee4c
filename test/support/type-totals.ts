// Sums a heap graph up by type, to compare two graphs of one process that were read in different ways.

import { type HeapGraph, NodeFlag, qualifiedTypeName, WORD_BYTES } from '../../src/graph/heap-graph.ts';

export interface TypeTotal {
  objects: number;
  bytes: number;
  /** References that its objects have. */
  references: number;
  /** Addresses of its objects. */
  readonly addresses: Set<number>;
}

/** By qualified name. */
export function typeTotals(graph: HeapGraph): Map<string, TypeTotal> {
  const totals = new Map<string, TypeTotal>();
  for (let node = 0; node < graph.nodeCount; node++) {
    if ((graph.nodeFlags[node]! & NodeFlag.synthetic) !== 0) continue;
    const name = qualifiedTypeName(graph.types[graph.typeOf[node]!]!);
    let total = totals.get(name);
    if (total === undefined) {
      total = { objects: 0, bytes: 0, references: 0, addresses: new Set() };
      totals.set(name, total);
    }
    total.objects++;
    total.bytes += graph.shallowWords[node]! * WORD_BYTES;
    total.references += graph.firstEdge[node + 1]! - graph.firstEdge[node]!;
    total.addresses.add(graph.addresses[node]!);
  }
  return totals;
}
