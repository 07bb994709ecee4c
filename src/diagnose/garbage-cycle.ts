// A cycle of garbage drawn as a loop of names: `Job.pickler → Pickler.memo → Job`. Namespace dicts are left out.

import { findGarbage, type Garbage, representativeCycle } from '../graph/garbage.ts';
import { type EdgeIndex, type HeapGraph, qualifiedTypeName } from '../graph/heap-graph.ts';
import { edgeString } from '../graph/node-names.ts';
import { reachableFrom } from '../graph/reachability.ts';
import { sourceOfEdge } from '../graph/referrers.ts';

/** The cycle of the largest cluster of garbage. */
export function largestCycle(graph: HeapGraph): string {
  const garbage = findGarbage(graph, reachableFrom(graph, graph.roots.nodes));
  const cycle = garbage.clusterCount === 0 ? '' : nameCycle(graph, garbage, 0);
  return cycle === '' ? 'unreachable objects' : cycle;
}

/** Empty where the cluster has no cycle. */
export function nameCycle(graph: HeapGraph, garbage: Garbage, cluster: number): string {
  const found = representativeCycle(graph, garbage, cluster);
  // A loop found from inside a namespace begins with what owns the namespace.
  const leadsIn = (i: number): EdgeIndex => found[(i + found.length - 1) % found.length]!;
  const start = Math.max(
    0,
    found.findIndex((_, i) => edgeString(graph, leadsIn(i)) !== '__dict__'),
  );
  const edges = [...found.slice(start), ...found.slice(0, start)];
  const parts: string[] = [];
  let owner = '';
  for (const edge of edges) {
    const type = qualifiedTypeName(graph.types[graph.typeOf[sourceOfEdge(graph, edge)]!]!);
    const name = edgeString(graph, edge);
    if (name === '__dict__') {
      owner = type;
      continue;
    }
    const source = owner === '' ? type : owner;
    owner = '';
    parts.push(name === '' ? source : `${source}.${name}`);
  }
  if (parts.length === 0) return '';
  const first = qualifiedTypeName(graph.types[graph.typeOf[sourceOfEdge(graph, edges[0]!)]!]!);
  return [...parts, first].join(' → ');
}
