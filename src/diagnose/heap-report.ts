// The answer of `leakscope report`: which types and which holders take the memory of one snapshot.

import type { Problem } from '../base/problems.ts';
import { takeCensus } from '../graph/census.ts';
import { largestRetained } from '../graph/dominator-tree.ts';
import { NOT_A_CONTAINER, type NodeIndex, qualifiedTypeName } from '../graph/heap-graph.ts';
import { isAccumulationPoint, pathText, type Retention } from './retention.ts';
import type { SnapshotFacts } from './snapshot-facts.ts';

export const REPORT_SCHEMA = 'leakscope.report/1';

export interface TypeRow {
  readonly type: string;
  readonly objects: number;
  readonly bytes: number;
  /** Bytes that would be freed with all objects of the type. */
  readonly retained_bytes: number;
  /** Of all heap memory, 0..1, by `bytes`. */
  readonly share: number;
}

export interface HolderRow {
  readonly rank: number;
  readonly path: string;
  readonly type: string;
  readonly address: string;
  readonly entries?: number;
  readonly retained_objects: number;
  readonly retained_bytes: number;
  /** Of all heap memory, 0..1. */
  readonly retained_share: number;
}

export interface HeapReport {
  readonly schema: typeof REPORT_SCHEMA;
  readonly snapshot: SnapshotFacts;
  readonly heap: {
    readonly objects: number;
    readonly references: number;
    readonly bytes: number;
    /** Not reachable from any root: garbage that waits for the collector, or that it cannot collect. */
    readonly unreachable_objects: number;
    readonly unreachable_bytes: number;
  };
  /** Most bytes first. */
  readonly types: readonly TypeRow[];
  /** Where memory piles up, most retained first; one inside another only when it retains a good part of it. */
  readonly holders: readonly HolderRow[];
  readonly problems: readonly Problem[];
}

export interface HeapReportOptions {
  readonly snapshot: SnapshotFacts;
  /** Rows per table. */
  readonly top: number;
  readonly problems: readonly Problem[];
}

export function reportHeap(retention: Retention, options: HeapReportOptions): HeapReport {
  const { graph, dominators, tree, retained, retainedObjects, heapBytes } = retention;
  const shareOf = (bytes: number): number => (heapBytes === 0 ? 0 : Math.min(1, bytes / heapBytes));
  const types = takeCensus(graph, { retained: { tree, bytes: retained } })
    .slice(0, options.top)
    .map((row) => ({
      type: qualifiedTypeName(graph.types[row.type]!),
      objects: row.count,
      bytes: row.bytes,
      retained_bytes: row.retainedBytes ?? 0,
      share: shareOf(row.bytes),
    }));
  const holders = chooseHolders(retention, options.top).map((node, index) => {
    const entries = graph.entryCounts[node]!;
    return {
      rank: index + 1,
      path: pathText(retention, node),
      type: qualifiedTypeName(graph.types[graph.typeOf[node]!]!),
      address: hexAddress(graph.addresses[node]!),
      ...(entries === NOT_A_CONTAINER ? {} : { entries }),
      retained_objects: retainedObjects[node]!,
      retained_bytes: retained[node]!,
      retained_share: shareOf(retained[node]!),
    };
  });
  return {
    schema: REPORT_SCHEMA,
    snapshot: options.snapshot,
    heap: {
      objects: graph.nodeCount,
      references: graph.edgeCount,
      bytes: heapBytes,
      unreachable_objects: graph.nodeCount - (dominators.order.length - 1),
      unreachable_bytes: heapBytes - retained[graph.nodeCount]!,
    },
    types,
    holders,
    problems: options.problems,
  };
}

/** Candidates looked at per row shown: enough to get past the like parts of one large holder. */
const CANDIDATES_PER_ROW = 20;
/** A holder inside a listed one is worth a row of its own from this share of it on. */
const INNER_SHARE = 0.1;

/** Accumulation points, most retained first, without the many small parts of those already chosen. */
function chooseHolders(retention: Retention, top: number): NodeIndex[] {
  const { graph, dominators, retained } = retention;
  const chosen = new Set<NodeIndex>();
  const candidates = largestRetained(dominators, retained, top * CANDIDATES_PER_ROW, {
    accept: (node) => isAccumulationPoint(retention, node),
  });
  for (const node of candidates) {
    if (chosen.size === top) break;
    // Larger ones were chosen before: what encloses this node is known by now.
    let outer = dominators.idom[node]!;
    while (outer !== graph.nodeCount && !chosen.has(outer)) outer = dominators.idom[outer]!;
    if (outer === graph.nodeCount || retained[node]! >= INNER_SHARE * retained[outer]!) chosen.add(node);
  }
  return [...chosen];
}

export function hexAddress(address: number): string {
  return `0x${address.toString(16)}`;
}
