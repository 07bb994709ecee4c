// A HeapGraph from plain arrays, for property tests and benchmarks.

import {
  EdgeKind,
  type HeapGraph,
  type HeapType,
  NOT_A_CONTAINER,
  packEdgeName,
  RootKind,
} from '../../src/graph/heap-graph.ts';

export interface EdgeListGraph {
  readonly nodeCount: number;
  /** Source and target of each edge; the order within a source is kept. */
  readonly edges: readonly (readonly [number, number])[];
  readonly roots: readonly number[];
  /** Kind of each root; `modules` where left out. */
  readonly rootKinds?: readonly RootKind[];
  readonly words?: readonly number[];
  readonly typeOf?: readonly number[];
  readonly types?: readonly HeapType[];
  readonly addresses?: readonly number[];
  readonly entryCounts?: readonly number[];
}

export function graphFromEdges(source: EdgeListGraph): HeapGraph {
  const { nodeCount, edges } = source;
  const firstEdge = new Uint32Array(nodeCount + 1);
  for (const [from] of edges) firstEdge[from + 1]!++;
  for (let n = 0; n < nodeCount; n++) firstEdge[n + 1]! += firstEdge[n]!;
  const cursor = firstEdge.slice();
  const edgeTargets = new Uint32Array(edges.length);
  const edgeNames = new Uint32Array(edges.length);
  for (const [from, to] of edges) {
    const e = cursor[from]!++;
    edgeTargets[e] = to;
    edgeNames[e] = packEdgeName(EdgeKind.element, e - firstEdge[from]!);
  }
  const rows = source.roots.map((node, i) => ({ node, kind: source.rootKinds?.[i] ?? RootKind.modules }));
  rows.sort((a, b) => a.node - b.node);
  return {
    nodeCount,
    edgeCount: edges.length,
    addresses: Float64Array.from({ length: nodeCount }, (_, i) => source.addresses?.[i] ?? 4096 + 16 * i),
    typeOf: Uint32Array.from({ length: nodeCount }, (_, i) => source.typeOf?.[i] ?? 0),
    shallowWords: Uint32Array.from({ length: nodeCount }, (_, i) => source.words?.[i] ?? 1),
    entryCounts: Uint32Array.from({ length: nodeCount }, (_, i) => source.entryCounts?.[i] ?? NOT_A_CONTAINER),
    nodeFlags: new Uint8Array(nodeCount),
    firstEdge,
    edgeTargets,
    edgeNames,
    types: source.types ?? [{ name: 'object', module: 'builtins', address: 64 }],
    strings: [''],
    roots: {
      nodes: Uint32Array.from(rows, (r) => r.node),
      kinds: Uint8Array.from(rows, (r) => r.kind),
      labels: new Uint32Array(rows.length),
    },
    labels: { nodes: new Uint32Array(0), labels: new Uint32Array(0) },
  };
}
