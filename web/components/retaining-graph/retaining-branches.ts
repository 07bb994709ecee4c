// Which branches of a retaining graph are shown: nodes that the reader asked more referrers of, and nodes whose referrers are
// folded away.

import type { RetainingGraph } from '../../../src/protocol/web/heap-views.ts';
import { EXPANSIONS_LIMIT } from '../../../src/protocol/web/limits.ts';

/** By address. */
export interface Branches {
  /** In the order they were asked for; a node that was asked for again stands there again. */
  readonly expanded: readonly string[];
  readonly folded: ReadonlySet<string>;
}

export const NO_BRANCHES: Branches = { expanded: [], folded: new Set() };

/**
 * The graph without what only leads through folded nodes: nodes from which the object is reached another way stay. Nodes and
 * edges keep their order.
 */
export function foldGraph(graph: RetainingGraph, object: string, folded: ReadonlySet<string>): RetainingGraph {
  const edges = graph.edges.filter(({ to }) => !folded.has(graph.nodes[to]!.address));
  const visible = new Set<number>();
  const waiting = [graph.nodes.findIndex(({ address }) => address === object)];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    if (visible.has(at)) continue;
    visible.add(at);
    for (const { from, to } of edges) if (to === at) waiting.push(from);
  }
  const kept = [...visible].sort((a, b) => a - b);
  const places = new Map(kept.map((index, place) => [index, place]));
  return {
    nodes: kept.map((index) => graph.nodes[index]!),
    edges: edges.flatMap(({ from, to, name }) =>
      visible.has(from) && visible.has(to) ? [{ from: places.get(from)!, to: places.get(to)!, name }] : [],
    ),
  };
}

/** Referrers of each node that are in the graph, each counted once. */
export function referrerCounts({ nodes, edges }: RetainingGraph): ReadonlyMap<string, number> {
  const referrers = nodes.map(() => new Set<number>());
  for (const { from, to } of edges) referrers[to]!.add(from);
  return new Map(nodes.map(({ address }, i) => [address, referrers[i]!.size]));
}

/** Unfolds the node; one that is not folded is asked for more referrers. The same branches where there is nothing more. */
export function showMore(branches: Branches, graph: RetainingGraph, address: string): Branches {
  const { folded } = branches;
  if (folded.has(address)) return { ...branches, folded: new Set([...folded].filter((other) => other !== address)) };
  const node = graph.nodes.find((other) => other.address === address);
  if (node === undefined || node.more_referrers === 0 || isFull(branches, graph)) return branches;
  return { ...branches, expanded: [...drawnExpansions(branches, graph), address] };
}

/** Takes back what was added to the node; where nothing was, folds its referrers away. */
export function showLess(branches: Branches, graph: RetainingGraph, address: string): Branches {
  const { expanded, folded } = branches;
  if (folded.has(address)) return branches;
  if (expanded.includes(address)) return { ...branches, expanded: expanded.filter((other) => other !== address) };
  if ((referrerCounts(graph).get(address) ?? 0) === 0) return branches;
  return { ...branches, folded: new Set([...folded, address]) };
}

/** Whether no more can be added before something is taken back. */
export function isFull(branches: Branches, graph: RetainingGraph): boolean {
  return drawnExpansions(branches, graph).length >= EXPANSIONS_LIMIT;
}

/** Without those whose node went with an expansion that was taken back. */
function drawnExpansions({ expanded }: Branches, { nodes }: RetainingGraph): readonly string[] {
  return expanded.filter((address) => nodes.some((node) => node.address === address));
}
