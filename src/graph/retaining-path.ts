// Why a node is alive: the shortest path from a root, and other short paths by other holders.

import {
  EDGE_KIND_SHIFT,
  type EdgeIndex,
  EdgeKind,
  type HeapGraph,
  NO_NODE,
  NodeFlag,
  type NodeIndex,
  RootKind,
} from './heap-graph.ts';
import type { ShortestPaths } from './reachability.ts';
import { findEdge, type Referrers } from './referrers.ts';

export interface RetainingPath {
  /** Row of the root table the path starts at. */
  readonly rootRow: number;
  /** From the root to the node, both included. */
  readonly nodes: readonly NodeIndex[];
  /** `edges[i]` leads from `nodes[i]` to `nodes[i + 1]`. */
  readonly edges: readonly EdgeIndex[];
}

/** The node's path in the breadth-first tree; undefined where it is unreachable. */
export function retainingPath(paths: ShortestPaths, node: NodeIndex): RetainingPath | undefined {
  const { distance, parent, parentEdge } = paths;
  if (distance[node] === NO_NODE) return undefined;
  const length = distance[node]!;
  const nodes = new Array<NodeIndex>(length + 1);
  const edges = new Array<EdgeIndex>(length);
  let at = node;
  for (let i = length; i > 0; i--) {
    nodes[i] = at;
    edges[i - 1] = parentEdge[at]!;
    at = parent[at]!;
  }
  nodes[0] = at;
  return { rootRow: parentEdge[at]!, nodes, edges };
}

export interface AlternativePathOptions {
  /** Referrers looked at in all; a popular node has millions. */
  readonly referrersLimit?: number;
  /** How far above the node, in edges, a path may leave the shortest one. */
  readonly depthLimit?: number;
}

const REFERRERS_LIMIT = 20_000;
const DEPTH_LIMIT = 32;
/** How far below a branching point a referrer may hang before it is given up, in edges. */
const DESCENT_LIMIT = 1_000;
/** Nodes of all candidate paths that are looked at together: thousands of candidates may each be a million long. */
const PATH_NODES_LIMIT = 4_000_000;

/**
 * Up to `count` paths, the shortest first. Each of the others leaves the shortest path at one node, which another
 * referrer holds too, and differs from all before it in names or types, not only in positions: an element of a list
 * is not listed once per position. How else a module, class or function itself is referred to (by its instances, its
 * frames, importers) explains nothing, so paths only differ below the last one that is defined in a namespace. Work is
 * bounded by the options: what is missing may still exist.
 */
export function alternativePaths(
  graph: HeapGraph,
  paths: ShortestPaths,
  referrers: Referrers,
  node: NodeIndex,
  count: number,
  options: AlternativePathOptions = {},
): RetainingPath[] {
  const shortest = retainingPath(paths, node);
  if (shortest === undefined || count <= 0) return [];
  const { distance } = paths;
  const last = shortest.nodes.length - 1;
  const lowest = Math.max(firstBranch(graph, shortest), last - (options.depthLimit ?? DEPTH_LIMIT));
  let left = options.referrersLimit ?? REFERRERS_LIMIT;

  // Candidates: another referrer of a node near the end of the shortest path.
  const candidates: { readonly source: NodeIndex; readonly branch: number; readonly length: number }[] = [];
  for (let branch = last; branch >= lowest && left > 0; branch--) {
    const target: NodeIndex = shortest.nodes[branch]!;
    const known = branch > 0 ? shortest.nodes[branch - 1]! : -1;
    const end = referrers.firstReferrer[target + 1]!;
    let previous = -1;
    for (let i: number = referrers.firstReferrer[target]!; i < end && left > 0; i++, left--) {
      const source = referrers.referrers[i]!;
      if (source === previous || source === known || distance[source] === NO_NODE) continue;
      previous = source;
      if (isBelow(paths, source, target)) continue;
      candidates.push({ source, branch, length: distance[source]! + 1 + (last - branch) });
    }
  }
  candidates.sort((a, b) => a.length - b.length || b.branch - a.branch || a.source - b.source);

  const found = [shortest];
  const seen = new Set([shapeOf(graph, shortest)]);
  let nodesLeft = PATH_NODES_LIMIT;
  for (const { source, branch, length } of candidates) {
    nodesLeft -= length + 1;
    if (found.length >= count || nodesLeft < 0) break;
    const upper = retainingPath(paths, source);
    const edge = findEdge(graph, source, shortest.nodes[branch]!);
    if (upper === undefined || edge < 0) continue;
    const path: RetainingPath = {
      rootRow: upper.rootRow,
      nodes: [...upper.nodes, ...shortest.nodes.slice(branch)],
      edges: [...upper.edges, edge, ...shortest.edges.slice(branch)],
    };
    const shape = shapeOf(graph, path);
    if (seen.has(shape)) continue;
    seen.add(shape);
    found.push(path);
  }
  return found;
}

/** Index of the first node whose other referrers count: behind the last definition, and its namespace dict. */
function firstBranch(graph: HeapGraph, path: RetainingPath): number {
  const { nodeFlags, edgeNames, roots } = graph;
  const has = (i: number, flag: number): boolean => (nodeFlags[path.nodes[i]!]! & flag) !== 0;
  const last = path.nodes.length - 1;
  for (let i = last - 1; i >= 0; i--) {
    if (!has(i, NodeFlag.code)) continue;
    const isModule = i <= 1 && roots.kinds[path.rootRow] === RootKind.modules;
    const kind = i === 0 ? undefined : edgeNames[path.edges[i - 1]!]! >>> EDGE_KIND_SHIFT;
    const isDefined = (kind === EdgeKind.global || kind === EdgeKind.attribute) && has(i - 1, NodeFlag.namespace);
    if (i > 0 && !isModule && !isDefined) continue;
    return has(i + 1, NodeFlag.namespace) ? i + 2 : i + 1;
  }
  return 0;
}

/** Whether the tree path of `node` goes through `ancestor`; also true where finding out takes too long. */
function isBelow(paths: ShortestPaths, node: NodeIndex, ancestor: NodeIndex): boolean {
  const { distance, parent } = paths;
  const level = distance[ancestor]!;
  if (distance[node]! > level + DESCENT_LIMIT) return true;
  let at = node;
  while (distance[at]! > level) at = parent[at]!;
  return at === ancestor;
}

/** Edges at the end of a path that make it another path to a reader. */
const SHAPE_EDGES = 24;

/** Types and names along the end of a path, without positions; parts of the program count as themselves. */
function shapeOf(graph: HeapGraph, path: RetainingPath): string {
  const parts: (string | number)[] = [];
  const from = Math.max(0, path.edges.length - SHAPE_EDGES);
  if (from === 0) parts.push(`root ${graph.roots.kinds[path.rootRow]} ${graph.roots.labels[path.rootRow]}`);
  for (let i = from; i < path.edges.length; i++) {
    const node = path.nodes[i]!;
    const isNamed = (graph.nodeFlags[node]! & (NodeFlag.code | NodeFlag.synthetic)) !== 0;
    parts.push(isNamed ? `=${node}` : graph.typeOf[node]!, generalEdgeName(graph.edgeNames[path.edges[i]!]!));
  }
  return parts.join(' ');
}

/** The packed name of an edge with its position removed: equal for all elements of a list. */
export function generalEdgeName(packed: number): number {
  const kind = packed >>> EDGE_KIND_SHIFT;
  switch (kind) {
    case EdgeKind.element:
    case EdgeKind.value:
    case EdgeKind.key:
    case EdgeKind.operand:
    case EdgeKind.scanned:
      return (kind << EDGE_KIND_SHIFT) >>> 0;
    default:
      return packed;
  }
}
