// A graph with all that a question about one of its objects needs, computed once; and the lookups all views share.

import { LeakscopeError } from '../base/errors.ts';
import { indexInAscending } from '../base/sorted-search.ts';
import { hexAddress } from '../diagnose/heap-report.ts';
import type { Retention } from '../diagnose/retention.ts';
import { type HeapGraph, NodeFlag, type NodeIndex, qualifiedTypeName, WORD_BYTES } from '../graph/heap-graph.ts';
import type { Referrers } from '../graph/referrers.ts';

export interface AnalysedHeap extends Retention {
  readonly referrers: Referrers;
}

/** The node at `0x…`. Throws E_NO_MATCH. */
export function nodeAt(graph: Pick<HeapGraph, 'addresses'>, address: string): NodeIndex {
  const node = indexInAscending(graph.addresses, Number(address));
  if (node >= 0) return node;
  throw new LeakscopeError('E_NO_MATCH', `no object begins at ${address} in this snapshot`, {
    hint: 'objects come and go: choose the snapshot that the address was seen in',
  });
}

export function addressOf(graph: HeapGraph, node: NodeIndex): string {
  return hexAddress(graph.addresses[node]!);
}

export function typeNameOf(graph: HeapGraph, node: NodeIndex): string {
  return qualifiedTypeName(graph.types[graph.typeOf[node]!]!);
}

export function ownBytes(graph: HeapGraph, node: NodeIndex): number {
  return graph.shallowWords[node]! * WORD_BYTES;
}

/** What a namespace is the `__dict__` of: the two are one to a reader. */
export function namespaceOwner({ graph, paths }: AnalysedHeap, node: NodeIndex): NodeIndex | undefined {
  if ((graph.nodeFlags[node]! & NodeFlag.namespace) === 0) return undefined;
  const owner = paths.parent[node]!;
  return owner < graph.nodeCount ? owner : undefined;
}
