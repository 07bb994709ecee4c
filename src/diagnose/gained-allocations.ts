// Who allocated what a finding's holder gained: the traced blocks that came since the first snapshot, each with the
// holder nearest above it on its shortest path, by traceback.

import {
  EDGE_KIND_SHIFT,
  type EdgeIndex,
  type HeapGraph,
  NO_NODE,
  type NodeIndex,
  qualifiedTypeName,
  RootKind,
} from '../graph/heap-graph.ts';
import type { ShortestPaths } from '../graph/reachability.ts';
import { generalEdgeName } from '../graph/retaining-path.ts';
import { isEntry } from './holder-growth.ts';
import { frameOf, type LineSource, type TraceFrame } from './trace-report.ts';
import type { TracedHeap } from './traced-heap.ts';

/** Where what a finding gained is found in the graph. */
export type GainPlace =
  /** Below these nodes, and in what they own; where `edge` is a named reference of theirs, only along its like. */
  | { readonly form: 'below'; readonly members: readonly NodeIndex[]; readonly edge: EdgeIndex }
  /** Below objects of this type that native code alone holds. */
  | { readonly form: 'natively held'; readonly type: string }
  /** In blocks that belong to no object. */
  | { readonly form: 'no object' };

/** What a run knows of allocations. */
export interface AllocationEvidence {
  readonly heap: TracedHeap;
  /** Kept of each stack. */
  readonly frames: number;
  /** Of tracemalloc's own tables, about. */
  readonly tableBytes: number;
  readonly lines: LineSource;
}

/** Blocks of one traceback. Field names are those of the wire format. */
export interface GainedTraceback {
  readonly blocks: number;
  readonly bytes: number;
  /** Oldest call first: the last allocated. */
  readonly frames: readonly TraceFrame[];
}

export interface GainedAllocations {
  /** Blocks allocated since the first snapshot, or enlarged, that the holder keeps. */
  readonly blocks: number;
  readonly bytes: number;
  /** Most bytes first, at most five. */
  readonly tracebacks: readonly GainedTraceback[];
  readonly other_tracebacks: { readonly tracebacks: number; readonly blocks: number; readonly bytes: number };
}

const TRACEBACKS_LISTED = 5;
const NOWHERE = -1;

/** For each place what was allocated there; undefined where nothing traced was. O(nodes + traces). */
export function findGainedAllocations(
  graph: HeapGraph,
  paths: ShortestPaths,
  { heap, lines }: AllocationEvidence,
  places: readonly (GainPlace | undefined)[],
): (GainedAllocations | undefined)[] {
  const placeOf = placeOfNodes(graph, paths, places);
  const ofNoObject = places.findIndex((place) => place?.form === 'no object');
  const sums = places.map(() => new Map<number, { blocks: number; bytes: number }>());
  const { traces, owners, isNew } = heap;
  for (let i = 0; i < traces.count; i++) {
    if (isNew?.[i] !== 1) continue;
    const owner = owners[i]!;
    const place = owner === NO_NODE ? ofNoObject : placeOf[owner]!;
    if (place === NOWHERE) continue;
    const traceback = traces.tracebackOf[i]!;
    const sum = sums[place]!.get(traceback);
    if (sum === undefined) sums[place]!.set(traceback, { blocks: 1, bytes: traces.sizes[i]! });
    else {
      sum.blocks++;
      sum.bytes += traces.sizes[i]!;
    }
  }
  return sums.map((byTraceback) => summarise(byTraceback, heap, lines));
}

/** By node: index of the place it belongs to, or NOWHERE. */
function placeOfNodes(
  graph: HeapGraph,
  { parent, parentEdge, distance }: ShortestPaths,
  places: readonly (GainPlace | undefined)[],
): Int32Array {
  const { nodeCount, edgeNames, roots } = graph;
  const whole = new Map<NodeIndex, number>();
  const byEdge = new Map<string, number>();
  const byType = new Map<string, number>();
  places.forEach((place, index) => {
    if (place?.form === 'natively held') byType.set(place.type, index);
    if (place?.form !== 'below') return;
    const { members, edge } = place;
    const isNamed =
      members.some((node) => isEdgeOf(graph, node, edge)) && !isEntry(edgeNames[edge]! >>> EDGE_KIND_SHIFT);
    for (const node of members) {
      if (isNamed) byEdge.set(`${node} ${generalEdgeName(edgeNames[edge]!)}`, index);
      else if (!whole.has(node)) whole.set(node, index);
    }
  });
  const namedMembers = new Set([...byEdge.keys()].map((key) => Number(key.split(' ', 1)[0])));
  const placeAt = (node: NodeIndex, above: number): number => {
    const itself = whole.get(node);
    if (itself !== undefined) return itself;
    const up = parent[node]!;
    if (up === nodeCount) {
      if (roots.kinds[parentEdge[node]!] !== RootKind.native) return NOWHERE;
      return byType.get(qualifiedTypeName(graph.types[graph.typeOf[node]!]!)) ?? NOWHERE;
    }
    if (!namedMembers.has(up)) return above;
    return byEdge.get(`${up} ${generalEdgeName(edgeNames[parentEdge[node]!]!)}`) ?? above;
  };
  const placeOf = new Int32Array(nodeCount).fill(NOWHERE);
  const settled = new Uint8Array(nodeCount);
  const pending = new Uint32Array(nodeCount);
  for (let n = 0; n < nodeCount; n++) {
    if (distance[n] === NO_NODE) continue;
    let depth = 0;
    let at = n;
    while (at !== nodeCount && settled[at] === 0) {
      pending[depth++] = at;
      at = parent[at]!;
    }
    let place = at === nodeCount ? NOWHERE : placeOf[at]!;
    while (depth > 0) {
      const node = pending[--depth]!;
      place = placeAt(node, place);
      placeOf[node] = place;
      settled[node] = 1;
    }
  }
  return placeOf;
}

function isEdgeOf({ firstEdge }: HeapGraph, node: NodeIndex, edge: EdgeIndex): boolean {
  return edge >= firstEdge[node]! && edge < firstEdge[node + 1]!;
}

function summarise(
  byTraceback: ReadonlyMap<number, { readonly blocks: number; readonly bytes: number }>,
  { traces: { tracebacks } }: TracedHeap,
  lines: LineSource,
): GainedAllocations | undefined {
  if (byTraceback.size === 0) return undefined;
  const ranked = [...byTraceback].sort((a, b) => b[1].bytes - a[1].bytes || b[1].blocks - a[1].blocks || a[0] - b[0]);
  const total = (field: 'blocks' | 'bytes', from = 0): number =>
    ranked.slice(from).reduce((sum, [, amount]) => sum + amount[field], 0);
  return {
    blocks: total('blocks'),
    bytes: total('bytes'),
    tracebacks: ranked.slice(0, TRACEBACKS_LISTED).map(([traceback, { blocks, bytes }]) => {
      const frames: TraceFrame[] = [];
      for (let f = tracebacks.firstFrame[traceback + 1]! - 1; f >= tracebacks.firstFrame[traceback]!; f--) {
        const file = tracebacks.fileNames[tracebacks.files[f]!]!;
        frames.push(frameOf(file, tracebacks.lines[f]!, lines));
      }
      return { blocks, bytes, frames };
    }),
    other_tracebacks: {
      tracebacks: Math.max(0, ranked.length - TRACEBACKS_LISTED),
      blocks: total('blocks', TRACEBACKS_LISTED),
      bytes: total('bytes', TRACEBACKS_LISTED),
    },
  };
}
