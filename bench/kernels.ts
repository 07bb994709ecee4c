// Speed of the graph kernels alone, in nodes per second, on a heap-shaped graph made here (no target, no file).
// Bundled and started by kernels.mjs; the budget is 2 M nodes/s on one core for dominators, retained sizes and paths.

import { assert } from '../src/base/assert.ts';
import { computeDominators } from '../src/graph/dominators.ts';
import { type HeapGraph, packEdgeName, RootKind } from '../src/graph/heap-graph.ts';
import { shortestPaths } from '../src/graph/reachability.ts';
import { buildReferrers } from '../src/graph/referrers.ts';
import { retainedBytes } from '../src/graph/retained-size.ts';

/** Referrer of each of a record's 19 parts, the instance first: its dict, the containers in it, their leaves. */
const REFERRER_OF = [0, 0, 1, 1, 1, 4, 4, 4, 7, 1, 9, 10, 10, 9, 13, 13, 1, 16, 16];

/** Parts of a record that refer to atoms all records share: an instance to its class, a dict to its keys. */
const SHARED_BY = [0, 10, 13, 1, 1, 1, 1, 1, 4, 4, 4];

/**
 * Records under two registries: the first holds all, the second every tenth. Every record's leaves refer to two of
 * 1,000 shared atoms, and every third record refers back to the one before it and up to its registry. `scattered`
 * spreads neighbours over the whole index range, as a heap after a long life, instead of in the order they were made.
 */
function makeHeap(size: number, scattered: boolean): HeapGraph {
  const atoms = 1000;
  const parts = REFERRER_OF.length;
  const records = Math.max(1, Math.floor((size - atoms - 2) / parts));
  const nodeCount = 2 + atoms + records * parts;
  // A stride prime to the count visits every index once; 0.618 of it puts neighbours far apart.
  const stride = scattered ? coprimeNear(Math.floor(nodeCount * 0.618), nodeCount) : 1;
  const at = (node: number): number => (node * stride) % nodeCount;
  const recordStart = (record: number): number => 2 + atoms + record * parts;

  // Two passes over the same edges: count them, then place them.
  const firstEdge = new Uint32Array(nodeCount + 1);
  const forEachEdge = (visit: (source: number, target: number) => void): void => {
    for (let record = 0; record < records; record++) {
      const start = recordStart(record);
      visit(at(0), at(start));
      if (record % 10 === 0) visit(at(1), at(start));
      for (let part = 1; part < parts; part++) visit(at(start + REFERRER_OF[part]!), at(start + part));
      for (let atom = 0; atom < SHARED_BY.length; atom++) visit(at(start + SHARED_BY[atom]!), at(2 + atom));
      visit(at(start + 7), at(2 + (record % atoms)));
      visit(at(start + 16), at(2 + ((record * 31) % atoms)));
      if (record % 3 === 1) {
        visit(at(start + 4), at(recordStart(record - 1)));
        visit(at(start + 4), at(0));
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
    roots: {
      nodes: Uint32Array.of(at(0), at(1)).sort(),
      kinds: new Uint8Array(2).fill(RootKind.modules),
      labels: new Uint32Array(2),
    },
    labels: { nodes: new Uint32Array(0), labels: new Uint32Array(0) },
  };
}

function coprimeNear(start: number, other: number): number {
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));
  let candidate = start;
  while (divisor(candidate, other) !== 1) candidate++;
  return candidate;
}

/** Least CPU seconds (user and system) of `runs`: the machine's other work only ever adds. */
function best(runs: number, kernel: () => unknown): number {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < runs; run++) {
    const before = process.cpuUsage();
    kernel();
    const used = process.cpuUsage(before);
    least = Math.min(least, (used.user + used.system) / 1e6);
  }
  return least;
}

const [size = 1_000_000, runs = 5] = process.argv.slice(2).map(Number);
for (const scattered of [false, true]) {
  const graph = makeHeap(size, scattered);
  const dominators = computeDominators(graph);
  assert(dominators.order.length === graph.nodeCount + 1, 'every node of the made heap is reachable');
  const rows: [string, number][] = [
    ['referrers', best(runs, () => buildReferrers(graph))],
    ['shortest paths', best(runs, () => shortestPaths(graph))],
    ['dominators', best(runs, () => computeDominators(graph))],
    ['retained sizes', best(runs, () => retainedBytes(graph, dominators))],
  ];
  rows.push(['dominators + retained sizes + paths', rows.slice(1).reduce((sum, [, seconds]) => sum + seconds, 0)]);
  const order = scattered ? 'scattered' : 'in the order they were made';
  console.log(
    `${graph.nodeCount.toLocaleString('en')} nodes ${order}, ${graph.edgeCount.toLocaleString('en')} edges\n`,
  );
  console.log('| kernel | CPU | nodes/s |\n|---|---:|---:|');
  for (const [name, seconds] of rows) {
    const rate = (graph.nodeCount / seconds / 1e6).toFixed(1);
    console.log(`| ${name} | ${(seconds * 1000).toFixed(0)} ms | ${rate} M |`);
  }
  console.log();
}
