// Counts and bytes by type.

import { type BitSet, hasBit } from '../base/bitset.ts';
import type { DominatorTree } from './dominator-tree.ts';
import { type HeapGraph, NO_NODE, type TypeIndex, WORD_BYTES } from './heap-graph.ts';

export interface CensusRow {
  readonly type: TypeIndex;
  readonly count: number;
  readonly bytes: number;
  /** Bytes retained by the type's nodes together, each byte once; undefined unless asked for. */
  readonly retainedBytes: number | undefined;
}

export interface CensusOptions {
  /** Only these nodes are counted. */
  readonly nodes?: BitSet;
  /** Adds retained bytes; unreachable nodes retain nothing. */
  readonly retained?: { readonly tree: DominatorTree; readonly bytes: Float64Array };
}

/** Most shallow bytes first; types without a node are left out. O(nodes) time. */
export function takeCensus(
  graph: Pick<HeapGraph, 'typeOf' | 'types' | 'shallowWords'>,
  options: CensusOptions = {},
): CensusRow[] {
  const { typeOf, shallowWords, types } = graph;
  const { nodes } = options;
  const counts = new Float64Array(types.length);
  const words = new Float64Array(types.length);
  for (let n = 0; n < typeOf.length; n++) {
    if (nodes !== undefined && !hasBit(nodes, n)) continue;
    counts[typeOf[n]!]!++;
    words[typeOf[n]!]! += shallowWords[n]!;
  }
  const retained =
    options.retained === undefined
      ? undefined
      : retainedByType(typeOf, types.length, options.retained.tree, options.retained.bytes, nodes);
  const rows: CensusRow[] = [];
  for (let type = 0; type < types.length; type++) {
    if (counts[type] === 0) continue;
    rows.push({
      type,
      count: counts[type]!,
      bytes: words[type]! * WORD_BYTES,
      retainedBytes: retained?.[type],
    });
  }
  return rows.sort((a, b) => b.bytes - a.bytes || b.count - a.count || a.type - b.type);
}

/**
 * Adds up retained bytes of the topmost nodes of each type: a node below another of its type is part of that one's.
 * One walk through the tree with an open-node count per type; 8 bytes per node of scratch.
 */
function retainedByType(
  typeOf: Uint32Array,
  typeCount: number,
  tree: DominatorTree,
  bytes: Float64Array,
  nodes: BitSet | undefined,
): Float64Array {
  const { firstChild, children, superRoot } = tree;
  const sums = new Float64Array(typeCount);
  const open = new Uint32Array(typeCount);
  const cursor = firstChild.slice();
  const parent = new Uint32Array(superRoot + 1);
  parent[superRoot] = NO_NODE;
  const isCounted = (node: number): boolean => nodes === undefined || hasBit(nodes, node);
  let node = superRoot;
  while (true) {
    if (cursor[node]! < firstChild[node + 1]!) {
      const child = children[cursor[node]!++]!;
      parent[child] = node;
      if (isCounted(child) && open[typeOf[child]!]!++ === 0) sums[typeOf[child]!]! += bytes[child]!;
      node = child;
      continue;
    }
    if (node === superRoot) return sums;
    if (isCounted(node)) open[typeOf[node]!]!--;
    node = parent[node]!;
  }
}
