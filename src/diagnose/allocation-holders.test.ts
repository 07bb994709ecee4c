import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryGraph } from '../../test/support/arbitrary-graph.ts';
import { graphFromEdges } from '../../test/support/graph-from-edges.ts';
import { graphFromText, type TextGraph } from '../../test/support/graph-from-text.ts';
import type { AllocationTraces } from '../cpython/tracemalloc/allocation-traces.ts';
import { EdgeKind, type HeapGraph, NO_NODE, packEdgeName, RootKind } from '../graph/heap-graph.ts';
import { findAllocationHolders, type LineHolders } from './allocation-holders.ts';
import { computeRetention } from './retention.ts';
import type { TracedHeap } from './traced-heap.ts';

/** Traces of blocks that these nodes own, of 100 bytes each unless said otherwise. */
function heapOf(owners: readonly number[], options: { sizes?: readonly number[]; isNew?: readonly number[] } = {}) {
  const { sizes = owners.map(() => 100), isNew } = options;
  const traces: AllocationTraces = {
    count: owners.length,
    addresses: new Float64Array(owners.length),
    sizes: Float64Array.from(sizes),
    domains: new Uint32Array(owners.length),
    tracebackOf: new Uint32Array(owners.length),
    tracebacks: {
      count: 0,
      addresses: new Float64Array(0),
      firstFrame: new Uint32Array(1),
      depths: new Uint32Array(0),
      files: new Uint32Array(0),
      lines: new Uint32Array(0),
      fileNames: [],
    },
    isComplete: true,
  };
  return {
    traces,
    owners: Uint32Array.from(owners),
    isNew: isNew === undefined ? undefined : Uint8Array.from(isNew),
  } satisfies TracedHeap;
}

function holdersIn(graph: HeapGraph, heap: TracedHeap, top = 10): LineHolders {
  const rowOf = new Int32Array(heap.traces.count);
  return findAllocationHolders({ heap, retention: computeRetention(graph), rowOf, rows: 1, top })[0]!;
}

/** Path and blocks of each holder. */
const inShort = ({ holders }: LineHolders): (readonly [string, number])[] =>
  holders.map(({ path, blocks }) => [path, blocks]);

const nodes = (graph: TextGraph, names: string): number[] => names.split(' ').map((name) => graph.node(name));

const SHOP = `
  root modules sys.modules -> shop
  flags shop code; type shop builtins.module; label shop shop
  shop -> cache [global cache]; shop -> bus [global bus]
  cache -> u1 [value 0]; cache -> u2 [value 1]; cache -> u3 [value 2]
  u1 -> o1 [element 0]; u1 -> o2 [element 1]; u2 -> o3 [element 0]; u3 -> o4 [element 0]
  bus -> by_event [attribute by_event]; by_event -> l1 [value 0]; by_event -> l2 [value 1]
  l1 -> f1 [element 0]; l1 -> f2 [element 1]; l1 -> f3 [element 2]
  l2 -> f4 [element 0]; l2 -> f5 [element 1]; l2 -> f6 [element 2]
`;

test('the container with most entries on the path, not the inner ones, nor the module', () => {
  const graph = graphFromText(SHOP);
  const found = holdersIn(graph, heapOf(nodes(graph, 'o1 o2 o3 o4 f1 f2 f3 f4 f5 f6')));
  expect(inShort(found)).toEqual([
    ["module shop › global bus › .by_event › ['…']", 6],
    ['module shop › global cache', 4],
  ]);
  expect(found.holders[0]).toMatchObject({ holders: 2, bytes: 600 });
});

test('a single object is its own holder; of a chain it is the first link', () => {
  const graph = graphFromText(`${SHOP}
    shop -> head [global head]; head -> n1 [attribute next]; n1 -> n2 [attribute next]; n2 -> n3 [attribute next]`);
  const found = holdersIn(graph, heapOf(nodes(graph, 'cache head n1 n2 n3')));
  expect(inShort(found)).toEqual([
    ['module shop › global head', 4],
    ['module shop › global cache', 1],
  ]);
});

test('what nothing reaches is garbage, and what no object owns is nobody’s', () => {
  const graph = graphFromText(`${SHOP}; lost -> more [element 0]`);
  const found = holdersIn(graph, heapOf([...nodes(graph, 'lost more o1'), NO_NODE]));
  expect(found.holders.map(({ kind, blocks }) => [kind, blocks])).toEqual([
    ['garbage', 2],
    ['object', 1],
    ['none', 1],
  ]);
});

test('new blocks decide the order, and what is not listed is summed up', () => {
  const graph = graphFromText(SHOP);
  const owners = nodes(graph, 'o1 o2 o3 o4 f1 f2 f3 f4 f5 f6');
  const heap = heapOf(owners, { isNew: [1, 1, 1, 0, 1, 0, 0, 0, 0, 0] });
  const found = holdersIn(graph, heap, 1);
  expect(found.holders).toMatchObject([{ path: 'module shop › global cache', new_blocks: 3, new_bytes: 300 }]);
  expect(found.other_holders).toEqual({ holders: 2, blocks: 6, bytes: 600 });
});

test('each block counts once, in every graph', () => {
  fc.assert(
    fc.property(
      arbitraryGraph(),
      fc.array(fc.nat(40), { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      (graph, drawn, top) => {
        const owners = drawn.map((n) => (n < graph.nodeCount ? n : NO_NODE));
        const found = holdersIn(graph, heapOf(owners), top);
        const blocks = found.holders.reduce((sum, holder) => sum + holder.blocks, found.other_holders.blocks);
        const bytes = found.holders.reduce((sum, holder) => sum + holder.bytes, found.other_holders.bytes);
        expect([blocks, bytes]).toEqual([owners.length, owners.length * 100]);
        expect(found.holders.length).toBeLessThanOrEqual(top);
      },
    ),
  );
});

test('a chain of 300,000 links, each with a payload, ends', () => {
  const links = 300_000;
  const edges: [number, number][] = [];
  for (let n = 0; n < links; n++) {
    if (n + 1 < links) edges.push([n, n + 1]);
    edges.push([n, links + n]);
  }
  const graph = graphFromEdges({ nodeCount: 2 * links, edges, roots: [0], rootKinds: [RootKind.thread] });
  // By attributes, so that no link is a container.
  graph.edgeNames.fill(packEdgeName(EdgeKind.attribute, 0));
  const found = holdersIn(graph, heapOf(Array.from({ length: links }, (_, n) => links + n)));
  const blocks = found.holders.reduce((sum, holder) => sum + holder.blocks, found.other_holders.blocks);
  expect(blocks).toBe(links);
}, 60_000);
