// Sets of references, one bit each, and the nodes that have them. As with nodes (node-selection.ts), columns are looked at 32
// references at a time: there are some three for each object.

import { type BitSet, createBitSet, setBit } from '../base/bitset.ts';
import { EDGE_KIND_SHIFT, EDGE_PAYLOAD_MASK, type EdgeIndex, EdgeKind, type HeapGraph } from '../graph/heap-graph.ts';
import type { NodeSelection } from './node-selection.ts';

/** A bit for each kind of edge whose payload is a name. */
const NAMED_KINDS =
  (1 << EdgeKind.attribute) |
  (1 << EdgeKind.global) |
  (1 << EdgeKind.local) |
  (1 << EdgeKind.cell) |
  (1 << EdgeKind.field);

/** Edges by a name for which `isMeant`, by the index of the string, holds 1. */
export function edgesNamed({ edgeNames }: HeapGraph, isMeant: Uint8Array): BitSet {
  // What an edge of another kind has for a payload may be no index of a string; all these find the zero at the end.
  const table = new Uint8Array(isMeant.length + 1);
  table.set(isMeant);
  const found = createBitSet(edgeNames.length);
  for (let w = 0; w < found.length; w++) found[w] = bitsOfNames(edgeNames, 32 * w, table);
  return found;
}

function bitsOfNames(edgeNames: Uint32Array, first: EdgeIndex, table: Uint8Array): number {
  const last = table.length - 1;
  let bits = 0;
  for (let e = Math.min(first + 31, edgeNames.length - 1); e >= first; e--) {
    const packed = edgeNames[e]!;
    const payload = Math.min(packed & EDGE_PAYLOAD_MASK, last);
    bits = (bits << 1) | ((NAMED_KINDS >>> (packed >>> EDGE_KIND_SHIFT)) & table[payload]!);
  }
  return bits;
}

/** Edges to one of `targets`. */
export function edgesInto({ edgeTargets }: HeapGraph, targets: NodeSelection): BitSet {
  const found = createBitSet(edgeTargets.length);
  for (let w = 0; w < found.length; w++) found[w] = bitsOfTargets(edgeTargets, 32 * w, targets);
  return found;
}

function bitsOfTargets(edgeTargets: Uint32Array, first: EdgeIndex, targets: NodeSelection): number {
  let bits = 0;
  for (let e = Math.min(first + 31, edgeTargets.length - 1); e >= first; e--) {
    const target = edgeTargets[e]!;
    bits = (bits << 1) | ((targets[target >>> 5]! >>> (target & 31)) & 1);
  }
  return bits;
}

/** Nodes that have one of `edges`. */
export function sourcesOf({ nodeCount, firstEdge }: HeapGraph, edges: BitSet): NodeSelection {
  const found = createBitSet(nodeCount);
  let source = 0;
  for (let w = 0; w < edges.length; w++) {
    for (let word = edges[w]!; word !== 0; word &= word - 1) {
      const edge = 32 * w + 31 - Math.clz32(word & -word);
      while (firstEdge[source + 1]! <= edge) source++;
      setBit(found, source);
    }
  }
  return found;
}
