// A cycle of garbage drawn as a loop of names: `Job.pickler → Pickler.memo → Job`. Namespace dicts are left out.

import { formatCount } from '../base/units.ts';
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

/** Names in a loop, at most; a ring of a thousand nodes is not read to its end. */
const NAMES_LIMIT = 8;
/** Loops longer than this are not turned to begin with their least name: they are few. */
const TURNED_LIMIT = 64;

/**
 * Empty where the cluster has no cycle. Begins with the least name, so that like cycles read alike wherever they were
 * entered.
 */
export function nameCycle(graph: HeapGraph, garbage: Garbage, cluster: number): string {
  const edges = outsideNamespace(graph, representativeCycle(graph, garbage, cluster));
  const sources: string[] = [];
  const names: string[] = [];
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
    sources.push(source);
    names.push(name === '' ? source : `${source}.${name}`);
  }
  if (names.length === 0) return '';
  const first = names.length > TURNED_LIMIT ? 0 : leastRotation(names);
  const turned = [...names.slice(first), ...names.slice(0, first)];
  const shown = turned.length > NAMES_LIMIT ? turned.slice(0, NAMES_LIMIT - 2) : turned;
  const hidden = turned.length - shown.length;
  return [...shown, ...(hidden > 0 ? [`${formatCount(hidden)} more`] : []), sources[first]!].join(' → ');
}

/** The loop turned to begin with what owns the namespace, where it was found from inside one. */
function outsideNamespace(graph: HeapGraph, edges: readonly EdgeIndex[]): readonly EdgeIndex[] {
  const start = edges.findIndex((_, i) => edgeString(graph, edges.at(i - 1)!) !== '__dict__');
  return start <= 0 ? edges : [...edges.slice(start), ...edges.slice(0, start)];
}

function leastRotation(names: readonly string[]): number {
  let best = 0;
  let bestText = '';
  for (let i = 0; i < names.length; i++) {
    const text = [...names.slice(i), ...names.slice(0, i)].join(' → ');
    if (i > 0 && text >= bestText) continue;
    best = i;
    bestText = text;
  }
  return best;
}
