// Measures the graph kernels and the .heap file on synthetic heaps. Run with:
//
//   npx rolldown bench/graph-kernels.ts --platform node --format esm --file dist/bench/graph-kernels.js
//   node dist/bench/graph-kernels.js [millions of nodes, default 1] [repetitions, default 3]
//
// Prints one JSON line per kernel and shape: best user CPU of the repetitions, in millions of nodes per second on one
// core, and bytes per node set aside while it ran. Times on a shared machine vary by half; compare within one run.

import { takeCensus } from '../src/graph/census.ts';
import { compareNodes } from '../src/graph/comparison.ts';
import { buildDominatorTree } from '../src/graph/dominator-tree.ts';
import { computeDominators } from '../src/graph/dominators.ts';
import { findGarbage } from '../src/graph/garbage.ts';
import { EdgeKind, type HeapGraph, NOT_A_CONTAINER, packEdgeName, RootKind } from '../src/graph/heap-graph.ts';
import { reachableFrom, shortestPaths } from '../src/graph/reachability.ts';
import { buildReferrers } from '../src/graph/referrers.ts';
import { retainedBytes } from '../src/graph/retained-size.ts';
import { readHeap } from '../src/snapshot/heap-reader.ts';
import { writeHeap } from '../src/snapshot/heap-writer.ts';

type Shape = 'records' | 'random' | 'deep list' | 'garbage';

/** Deterministic noise: mulberry32. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Two edges per node on average. `records`: a dict of instances, each with three attribute values, an interned string
 * and a class, laid out as an allocator would; `random`: any node to any; `deep list`: one chain with payloads, all
 * indexed from one container; `garbage`: records that nothing holds, each in a cycle.
 */
function synthesize(shape: Shape, nodeCount: number): HeapGraph {
  const random = noise(1);
  const edgeCount = 2 * nodeCount;
  const firstEdge = new Uint32Array(nodeCount + 1);
  const edgeTargets = new Uint32Array(edgeCount);
  const edgeNames = new Uint32Array(edgeCount);
  const typeOf = new Uint32Array(nodeCount);
  const shallowWords = new Uint32Array(nodeCount);
  const entryCounts = new Uint32Array(nodeCount).fill(NOT_A_CONTAINER);
  const addresses = new Float64Array(nodeCount);
  const shared = 1000;
  let e = 0;
  let address = 0x7f0000000000;
  const link = (target: number, kind: EdgeKind, payload: number): void => {
    if (e === edgeCount) return;
    edgeTargets[e] = target;
    edgeNames[e++] = packEdgeName(kind, payload);
  };
  const near = (n: number): number => Math.min(nodeCount - 1, Math.max(0, n));
  for (let n = 0; n < nodeCount; n++) {
    firstEdge[n] = e;
    addresses[n] = address;
    if (shape === 'random') {
      typeOf[n] = Math.floor(random() * 100);
      link(Math.floor(random() * nodeCount), EdgeKind.element, 0);
      link(Math.floor(random() * nodeCount), EdgeKind.element, 1);
    } else if (shape === 'deep list') {
      if (n === 0) for (let i = 2; i < nodeCount; i += 2) link(i, EdgeKind.element, i >>> 1);
      else if (n % 2 === 1) {
        typeOf[n] = 1;
        link(near(n + 2), EdgeKind.attribute, 1);
        link(near(n + 1), EdgeKind.attribute, 2);
      }
      if (n === 0) link(1, EdgeKind.element, 0);
    } else if (n === 0) {
      if (shape === 'records') for (let i = shared; i + 4 < nodeCount; i += 4) link(i, EdgeKind.value, i >>> 2);
      for (let i = 1; i < shared; i++) link(i, EdgeKind.element, i);
    } else if (n >= shared && n % 4 === 0) {
      typeOf[n] = 1 + (n % 7);
      entryCounts[n] = 3;
      for (let i = 1; i < 4; i++) link(near(n + i), EdgeKind.attribute, i);
      link(1 + Math.floor(random() * (shared - 1)), EdgeKind.attribute, 4);
      link(1 + (n % 7), EdgeKind.field, 5);
      if (shape === 'garbage') link(n, EdgeKind.attribute, 6);
    } else {
      typeOf[n] = 8 + (n % 3);
    }
    shallowWords[n] = 3 + Math.floor(random() * 8);
    address += shallowWords[n]! * 8;
  }
  firstEdge[nodeCount] = e;
  const types = Array.from({ length: 100 }, (_, i) => ({ name: `Type${i}`, module: 'app', address: 4096 * (i + 1) }));
  return {
    nodeCount,
    edgeCount: e,
    addresses,
    typeOf,
    shallowWords,
    entryCounts,
    nodeFlags: new Uint8Array(nodeCount),
    firstEdge,
    edgeTargets: edgeTargets.subarray(0, e),
    edgeNames: edgeNames.subarray(0, e),
    types,
    strings: Array.from({ length: 10 }, (_, i) => `name${i}`),
    roots: { nodes: Uint32Array.of(0), kinds: Uint8Array.of(RootKind.modules), labels: Uint32Array.of(0) },
    labels: { nodes: new Uint32Array(0), labels: new Uint32Array(0) },
  };
}

const repetitions = Number(process.argv[3] ?? 3);

/** User CPU, not wall time: other work on the machine counts less. */
async function measure(shape: Shape, kernel: string, nodes: number, run: () => unknown): Promise<void> {
  let best = Number.POSITIVE_INFINITY;
  let bytes = 0;
  let note: unknown;
  for (let i = 0; i < repetitions; i++) {
    globalThis.gc?.();
    const before = process.memoryUsage().arrayBuffers;
    const startedAt = process.cpuUsage();
    note = await run();
    const spent = process.cpuUsage(startedAt);
    best = Math.min(best, (spent.user + spent.system) / 1e6);
    bytes = Math.max(bytes, process.memoryUsage().arrayBuffers - before);
  }
  const row = {
    shape,
    kernel,
    seconds: Number(best.toFixed(3)),
    mnodes_per_second: Number((nodes / best / 1e6).toFixed(2)),
    bytes_per_node: Number((bytes / nodes).toFixed(1)),
    ...(typeof note === 'number' ? { result: Number(note.toFixed(2)) } : {}),
  };
  console.log(JSON.stringify(row));
}

const nodeCount = Number(process.argv[2] ?? 1) * 1_000_000;
for (const shape of ['records', 'random', 'deep list', 'garbage'] as const) {
  const graph = synthesize(shape, nodeCount);
  console.log(JSON.stringify({ shape, nodes: graph.nodeCount, edges: graph.edgeCount }));
  await measure(shape, 'dominators', nodeCount, () => computeDominators(graph).order.length);
  await measure(shape, 'referrers', nodeCount, () => buildReferrers(graph).referrers.length);
  await measure(shape, 'shortest paths', nodeCount, () => shortestPaths(graph).reachedCount);
  const dominators = computeDominators(graph);
  await measure(shape, 'retained sizes', nodeCount, () => retainedBytes(graph, dominators)[nodeCount]);
  await measure(shape, 'dominator tree', nodeCount, () => buildDominatorTree(dominators).children.length);
  await measure(
    shape,
    'reachable + garbage',
    nodeCount,
    () => findGarbage(graph, reachableFrom(graph, graph.roots.nodes)).clusterCount,
  );
  await measure(shape, 'census', nodeCount, () => takeCensus(graph).length);
  await measure(shape, 'compare', nodeCount, () => compareNodes(graph, graph).keptCount);
  const parts: Uint8Array[] = [];
  const meta = { toolVersion: '0', python: '', app: '', pid: 0, takenAt: '' };
  await measure(shape, 'write .heap (result: bytes per node)', nodeCount, async () => {
    parts.length = 0;
    const write = (bytes: Uint8Array): Promise<void> => Promise.resolve(void parts.push(bytes.slice()));
    await writeHeap({ write }, { meta, graph });
    return parts.reduce((sum, part) => sum + part.length, 0) / nodeCount;
  });
  const file = Buffer.concat(parts);
  await measure(shape, 'read .heap', nodeCount, async () => {
    let at = 0;
    const read = (length: number): Promise<Uint8Array> => {
      at += length;
      return Promise.resolve(file.subarray(at - length, at));
    };
    return (await readHeap({ size: file.length, read })).graph.nodeCount;
  });
}
