// Finds single objects that grow in place: a text or buffer that is appended to for ever. They gain no entries and no
// new objects, so that only their own size tells.

import { indexInAscending } from '../base/sorted-search.ts';
import type { NodeColumns } from '../graph/comparison.ts';
import {
  type HeapGraph,
  NO_NODE,
  NOT_A_CONTAINER,
  NodeFlag,
  type NodeIndex,
  qualifiedTypeName,
  WORD_BYTES,
} from '../graph/heap-graph.ts';
import type { NodeNames } from '../graph/node-names.ts';
import { namePath } from '../graph/path-names.ts';
import type { ShortestPaths } from '../graph/reachability.ts';
import { retainingPath } from '../graph/retaining-path.ts';
import type { HolderGrowth } from './holder-growth.ts';
import type { SnapshotSummary } from './snapshot-summary.ts';

/** A gain below this, in bytes, is a buffer at its work. */
const LEAST_GAIN = 16 << 10;
/** From this many snapshots on, ever larger objects of a type are no accident even where each has a new address. */
const SNAPSHOTS_WITHOUT_IDENTITY = 5;
/** Parts of the program, not of its data. */
const NOT_DATA = NodeFlag.code | NodeFlag.namespace | NodeFlag.synthetic;

/**
 * The largest object of each type, where it is larger in the last snapshot than the largest of its type was in the
 * first. Growing often moves an object, so that it is known by being the largest; containers are left out, whose entries
 * tell more. `series` counts bytes. O(nodes of all snapshots).
 */
export function findGrowingObjects(
  graph: HeapGraph,
  paths: ShortestPaths,
  names: NodeNames,
  summaries: readonly SnapshotSummary[],
): HolderGrowth[] {
  const largest = summaries.map((summary) => largestByType(summary.columns));
  const found: HolderGrowth[] = [];
  for (const [type, node] of largest.at(-1)!) {
    const sizes = summaries.map(
      (summary, i) => (summary.columns.shallowWords[largest[i]!.get(type) ?? -1] ?? 0) * WORD_BYTES,
    );
    const gain = sizes.at(-1)! - sizes[0]!;
    if (sizes[0] === 0 || gain < LEAST_GAIN || (graph.nodeFlags[node]! & NOT_DATA) !== 0) continue;
    if (!isKept(graph, summaries[0]!, node) && summaries.length < SNAPSHOTS_WITHOUT_IDENTITY) continue;
    const path = paths.distance[node] === NO_NODE ? undefined : retainingPath(paths, node);
    const edge = path?.edges.at(-1);
    if (path === undefined || edge === undefined) continue;
    found.push({
      holder: node,
      path,
      name: namePath(graph, path, names),
      members: [node],
      edge,
      example: node,
      isContainer: false,
      count: 0,
      bytes: gain,
      types: [{ type, count: 0, bytes: gain }],
      series: summaries.map((summary, i) => [summary.atSeconds, sizes[i]!] as const),
    });
  }
  return found;
}

/** Node of the largest object without entries, by qualified type name. */
function largestByType(columns: NodeColumns): Map<string, NodeIndex> {
  const { typeOf, types, shallowWords, entryCounts } = columns;
  const best = new Int32Array(types.length).fill(-1);
  for (let n = 0; n < typeOf.length; n++) {
    if (entryCounts[n] !== NOT_A_CONTAINER) continue;
    const type = typeOf[n]!;
    if (best[type]! < 0 || shallowWords[n]! > shallowWords[best[type]!]!) best[type] = n;
  }
  const nodes = new Map<string, NodeIndex>();
  types.forEach((type, index) => {
    const node = best[index]!;
    if (node >= 0) nodes.set(qualifiedTypeName(type), node);
  });
  return nodes;
}

function isKept(graph: HeapGraph, first: SnapshotSummary, node: NodeIndex): boolean {
  const at = indexInAscending(first.columns.addresses, graph.addresses[node]!);
  if (at < 0) return false;
  const before = first.columns.types[first.columns.typeOf[at]!]!;
  return qualifiedTypeName(before) === qualifiedTypeName(graph.types[graph.typeOf[node]!]!);
}
