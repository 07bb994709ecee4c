// The snapshot as an independent loader reads it: the same nodes, sizes, retained sizes and distances as ours.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryGraph } from '../../test/support/arbitrary-graph.ts';
import { drawServiceHeap } from '../../test/support/drawn-heaps.ts';
import { graphFromEdges } from '../../test/support/graph-from-edges.ts';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { distancesOf, type LoadedNode, loadV8Snapshot, retainedSizeOf } from '../../test/support/v8-snapshot.ts';
import { computeDominators } from '../graph/dominators.ts';
import { type HeapGraph, NO_NODE, RootKind, WORD_BYTES } from '../graph/heap-graph.ts';
import { nodeNames } from '../graph/node-names.ts';
import { shortestPaths } from '../graph/reachability.ts';
import { retainedBytes } from '../graph/retained-size.ts';
import { heapSnapshotChunks, oversizedNodes } from './heap-snapshot.ts';

/** Nodes that stand before those of the graph. */
const OWN_NODES = 2 + Object.keys(RootKind).length;

function exportText(graph: HeapGraph): string {
  const decoder = new TextDecoder();
  let text = '';
  for (const chunk of heapSnapshotChunks({ graph, names: nodeNames(graph) })) {
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

function load(graph: HeapGraph): LoadedNode[] {
  return loadV8Snapshot(exportText(graph));
}

/** `cache -property profile-> user` of every edge of the node drawn as `name`. */
function drawEdges(nodes: readonly LoadedNode[], from: number): string[] {
  return nodes[from]!.edges.map(({ type, name, target }) => `${type} ${name} -> ${nodes[target]!.name}`);
}

test('nodes are named by what they are, and typed so that DevTools groups them', () => {
  const graph = drawServiceHeap(2);
  const nodes = load(graph);
  const drawn = ['m', 'mdict', 'cache', 'user0', 'thread', 'frame', 'garbage1'].map((name) => {
    const node = nodes[OWN_NODES + graph.node(name)]!;
    return `${node.type} ${node.name} ${node.selfSize}`;
  });
  expect(drawn).toEqual([
    'code module shop.users 64',
    'object dict 240',
    'object dict 448',
    'object shop.users.User 48',
    'native thread MainThread 8',
    'native frame serve (shop/main.py:88) 8',
    'object shop.jobs.Job 48',
  ]);
  expect(nodes.length).toBe(OWN_NODES + graph.nodeCount);
});

test('edges keep their names and numbers', () => {
  const graph = graphFromText(`
    root modules sys.modules -> m
    m -> d [field __dict__] -> f [global handler]; f -> c [cell state] -> e [element 7]; c -> k [key 3]; c -> v [value 3]
    root thread MainThread -> frame -> local [local config]; frame -> op [operand 1]; v -> w [scanned 2]
    type m module; label m shop; flags m code; type f function; label f handler; flags f code`);
  const nodes = load(graph);
  const edgesOf = (name: string): string[] => drawEdges(nodes, OWN_NODES + graph.node(name));
  expect(edgesOf('m')).toEqual(['internal __dict__ -> object']);
  expect(edgesOf('d')).toEqual(['property handler -> function handler']);
  expect(edgesOf('f')).toEqual(['context state -> object']);
  expect(edgesOf('c')).toEqual(['element 7 -> object', 'internal key -> object', 'element 3 -> object']);
  expect(edgesOf('frame')).toEqual(['context config -> object', 'internal operand -> object']);
  expect(edgesOf('v')).toEqual(['internal scanned -> object']);
});

test('roots stand below the root and below a group of their kind', () => {
  const graph = graphFromText(`
    root modules sys.modules -> m
    root native -> held; root thread worker -> held
    root interned interned -> name`);
  const nodes = load(graph);
  expect(drawEdges(nodes, 0)).toEqual(['element 1 -> (GC roots)', 'element 2 -> object', 'element 3 -> object']);
  expect(drawEdges(nodes, 1).map((edge) => edge.replace(/.* -> /, ''))).toEqual([
    '(modules)',
    '(threads)',
    '(interpreter)',
    '(builtins)',
    '(static data)',
    '(interned strings)',
    '(native code)',
    '(hooks)',
  ]);
  expect(drawEdges(nodes, 3)).toEqual(['internal worker -> object']);
  expect(nodes[7]!.edges.map(({ target }) => target)).toEqual([OWN_NODES + graph.node('name')]);
});

test('distances are those of our paths from modules, threads and the interpreter; others have none', () => {
  const graph = graphFromText(`
    root modules sys.modules -> a -> b -> c -> d
    root thread MainThread -> d -> e
    root interned x -> s -> t; c -> s; root native x -> n -> b; n -> o`);
  const distances = distancesOf(load(graph));
  const drawn = ['a', 'b', 'c', 'd', 'e', 's', 't', 'n', 'o'].map(
    (name) => `${name}=${distances[OWN_NODES + graph.node(name)] ?? '-'}`,
  );
  expect(drawn.join(' ')).toBe('a=1 b=2 c=3 d=1 e=2 s=4 t=5 n=- o=-');
});

test('sizes, retained sizes and distances equal ours on random graphs', () => {
  fc.assert(
    fc.property(arbitraryGraph(), (graph) => {
      const nodes = load(graph);
      const dominators = computeDominators(graph);
      const retained = retainedBytes(graph, dominators);
      const { distance } = shortestPaths(graph);
      const distances = distancesOf(nodes);
      for (let node = 0; node < graph.nodeCount; node++) {
        const at = OWN_NODES + node;
        expect(nodes[at]!.selfSize).toBe(graph.shallowWords[node]! * WORD_BYTES);
        expect(retainedSizeOf(nodes, at)).toBe(retained[node]);
        expect(distances[at]).toBe(distance[node] === NO_NODE ? undefined : distance[node]! + 1);
      }
    }),
    { numRuns: 300 },
  );
});

test('an object keeps its id in a later export of the process', () => {
  const idsByAddress = (graph: HeapGraph): Map<number, number> => {
    const nodes = load(graph);
    return new Map(Array.from(graph.addresses, (address, node) => [address, nodes[OWN_NODES + node]!.id]));
  };
  const before = idsByAddress(drawServiceHeap(2));
  const after = idsByAddress(drawServiceHeap(5));
  expect(after.size).toBeGreaterThan(before.size);
  for (const [address, id] of before) expect(after.get(address)).toBe(id);
});

test('names are escaped, and a large graph comes in many chunks', () => {
  const odd = graphFromText('root -> a; type a "quoted"\\back\u{1f40d}');
  expect(load(odd).at(-1)!.name).toBe('"quoted"\\back\u{1f40d}');

  const nodeCount = 60_000;
  const edges = Array.from({ length: nodeCount - 1 }, (_, n): [number, number] => [n, n + 1]);
  const graph = graphFromEdges({ nodeCount, edges, roots: [0] });
  const chunks = [...heapSnapshotChunks({ graph, names: nodeNames(graph) })];
  expect(chunks.length).toBeGreaterThan(4);
  expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThan(1 << 18);
  expect(loadV8Snapshot(Buffer.concat(chunks).toString()).length).toBe(OWN_NODES + nodeCount);
});

test('a size above 4 GiB is cut to what the format holds, and counted', () => {
  const graph = graphFromEdges({ nodeCount: 2, edges: [[0, 1]], roots: [0], words: [2 ** 29, 2 ** 29 - 1] });
  expect(
    load(graph)
      .slice(-2)
      .map(({ selfSize }) => selfSize),
  ).toEqual([2 ** 32 - 8, 2 ** 32 - 8]);
  expect(oversizedNodes(graph)).toBe(1);
});
