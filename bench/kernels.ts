// Speed of the graph kernels alone, in nodes per second, on a heap-shaped graph made here (no target, no file).
// Bundled and started by kernels.mjs; the budget is 2 M nodes/s on one core for dominators, retained sizes and paths.

import { computeDominators } from '../src/graph/dominators.ts';
import { type HeapGraph, packEdgeName, RootKind } from '../src/graph/heap-graph.ts';
import { shortestPaths } from '../src/graph/reachability.ts';
import { buildReferrers } from '../src/graph/referrers.ts';
import { retainedBytes } from '../src/graph/retained-size.ts';

/** Objects of one record: an instance, its containers and their leaves (as in heap_target.py). */
const RECORD = [0, 1, 1, 1, 0, 4, 4, 4, 0, 8, 8, 8, 8, 0, 13, 13, 13, 13, 5];

/**
 * Records of 19 nodes under two registries: the first holds all, the second every tenth. Every record's leaves refer
 * to one of 1,000 shared atoms, and every third record refers back to the one before it and up to its registry.
 */
function makeHeap(size: number): HeapGraph {
  const atoms = 1000;
  const records = Math.max(1, Math.floor((size - atoms - 2) / RECORD.length));
  const nodeCount = 2 + atoms + records * RECORD.length;
  const recordStart = (record: number): number => 2 + atoms + record * RECORD.length;

  // Two passes over the same edges: count them, then place them.
  const firstEdge = new Uint32Array(nodeCount + 1);
  const forEachEdge = (visit: (source: number, target: number) => void): void => {
    for (let record = 0; record < records; record++) {
      const start = recordStart(record);
      visit(0, start);
      if (record % 10 === 0) visit(1, start);
      for (let part = 1; part < RECORD.length; part++) visit(start + RECORD[part]!, start + part);
      visit(start + 7, 2 + (record % atoms));
      visit(start + 14, 2 + ((record * 31) % atoms));
      if (record % 3 === 1) {
        visit(start + 3, recordStart(record - 1));
        visit(start + 3, 0);
      }
    }
  };
  forEachEdge((source) => {
    firstEdge[source + 1]!++;
  });
  for (let node = 0; node < nodeCount; node++) firstEdge[node + 1]! += firstEdge[node]!;
  const edgeCount = firstEdge[nodeCount]!;
  const edgeTargets = new Uint32Array(edgeCount);
  const cursor = firstEdge.slice(0, nodeCount);
  forEachEdge((source, target) => {
    edgeTargets[cursor[source]!++] = target;
  });

  return {
    nodeCount,
    edgeCount,
    addresses: Float64Array.from({ length: nodeCount }, (_, node) => 0x7f0000000000 + node * 64),
    typeOf: new Uint32Array(nodeCount),
    shallowWords: new Uint32Array(nodeCount).fill(8),
    entryCounts: new Uint32Array(nodeCount),
    nodeFlags: new Uint8Array(nodeCount),
    firstEdge,
    edgeTargets,
    edgeNames: new Uint32Array(edgeCount).fill(packEdgeName(2, 0)),
    types: [{ name: 'object', module: 'builtins', address: 0 }],
    strings: [''],
    roots: { nodes: Uint32Array.of(0, 1), kinds: new Uint8Array(2).fill(RootKind.modules), labels: new Uint32Array(2) },
    labels: { nodes: new Uint32Array(0), labels: new Uint32Array(0) },
  };
}

/** Best user CPU seconds of `runs`: the machine's other work only ever adds. */
function best(runs: number, kernel: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage();
    kernel();
    least = Math.min(least, process.cpuUsage(before).user / 1e6);
  }
  return least;
}

const [size = 1_000_000, runs = 5] = process.argv.slice(2).map(Number);
const graph = makeHeap(size);
const dominators = computeDominators(graph);
const rows: [string, number][] = [
  ['referrers', best(runs, () => buildReferrers(graph))],
  ['shortest paths', best(runs, () => shortestPaths(graph))],
  ['dominators', best(runs, () => computeDominators(graph))],
  ['retained sizes', best(runs, () => retainedBytes(graph, dominators))],
];
rows.push(['dominators + retained sizes + paths', rows.slice(1).reduce((sum, [, seconds]) => sum + seconds, 0)]);
console.log(`${graph.nodeCount.toLocaleString('en')} nodes, ${graph.edgeCount.toLocaleString('en')} edges\n`);
console.log('| kernel | best user CPU | nodes/s |\n|---|---:|---:|');
for (const [name, seconds] of rows) {
  console.log(`| ${name} | ${(seconds * 1000).toFixed(0)} ms | ${(graph.nodeCount / seconds / 1e6).toFixed(1)} M |`);
}
