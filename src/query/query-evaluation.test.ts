import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryGraph, naiveReachable, naiveRetained } from '../../test/support/arbitrary-graph.ts';
import { drawServiceHeap } from '../../test/support/drawn-heaps.ts';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { setIndices } from '../base/bitset.ts';
import { computeRetention } from '../diagnose/retention.ts';
import { type HeapGraph, WORD_BYTES } from '../graph/heap-graph.ts';
import { HeapIndex } from './heap-index.ts';
import { selectionOf } from './node-selection.ts';
import { evaluateQuery } from './query-evaluation.ts';
import { parseQuery } from './query-syntax.ts';

const service = drawServiceHeap(2);
const heap = new HeapIndex(computeRetention(service));

function nodesMeant(query: string, index: HeapIndex): Uint32Array {
  return setIndices(evaluateQuery(parseQuery(query), index));
}

test.each([
  ['type:shop.users.User', 'user0 user1'],
  ['type:users.User', 'user0 user1'],
  ['type:User', 'user0 user1'],
  ['type:user', ''],
  ['type:Us?r', 'user0 user1'],
  ['type:shop.*', 'garbage1 user0 user1'],
  ['user', 'user0 user1'],
  ['JOB', 'garbage1'],
  ['module:shop', 'garbage1 user0 user1'],
  ['module:shop.users', 'user0 user1'],
  ['module:sho', ''],
  ['module:builtins type:str', 'name0 name1'],
  ['name:shop.users', 'm'],
  ['name:users', 'm'],
  ['name:MainThread', 'thread'],
  ['has:profile', 'user0 user1'],
  ['has:prof*', 'user0 user1'],
  ['has:user_cache', 'm'],
  ['has:config', 'frame'],
  ['refers-to:str', 'user0 user1'],
  ['refers-to:shop.users', 'modules'],
  ['held-by:User', 'name0 name1'],
  ['held-by:0x1300', 'user0 user1'],
  ['held-by:shop.users', 'cache limit'],
  ['under:User type:str', 'name0 name1'],
  ['under:0x1300 type:User', 'user0 user1'],
  ['under:shop.users type:collections.deque', 'limit'],
  ['is:garbage', 'garbage1 garbage2'],
  ['is:root', 'modules thread'],
  ['is:synthetic', 'thread frame'],
  ['is:namespace is:reachable type:dict depth<3', 'mdict'],
  ['size>=2048', 'config name0 name1'],
  ['size=2048', 'name0 name1'],
  ['size>1.9KB', 'config name0 name1'],
  ['size<2.01KB size>=1.99KB', 'name0 name1'],
  ['size<=1.99KB size>500', 'limit'],
  ['retained>4KB', 'modules m mdict cache thread frame'],
  ['entries=0', 'limit'],
  ['entries!=0', 'cache config'],
  ['depth=0', 'modules thread'],
  ['referents=0 -type:str', 'limit config'],
  ['referrers=0', 'modules thread'],
  ['address:0x8000', 'user0'],
  ['address:0x8001', ''],
  ['(type:User or type:str) not address:0x8000 -size>2000', 'user1'],
])('%s', (query, names) => {
  expect(service.namesOf(nodesMeant(query, heap))).toBe(names);
});

test('a dict that is no namespace has no attribute, and a module’s functions do not have its globals', () => {
  const graph = graphFromText(`
    root modules sys.modules -> m -> names [field __dict__] -> limit [global limit]
    names -> f [global f] -> names [field __globals__]
    flags names namespace; flags m code; flags f code; type f function; label f f; type m module; label m m
  `);
  const index = new HeapIndex(computeRetention(graph));
  expect(graph.namesOf(nodesMeant('has:limit', index))).toBe('m');
});

test('every object matches the empty query', () => {
  expect(nodesMeant('', heap)).toHaveLength(service.nodeCount);
});

test('numbers and conditions agree with the plain definitions, on any graph', () => {
  fc.assert(
    fc.property(arbitraryGraph(), fc.nat(4), (graph, n) => {
      const index = new HeapIndex(computeRetention(graph));
      const ask = (query: string) => [...nodesMeant(query, index)];
      const reachable = naiveReachable(graph);
      const where = (accept: (node: number) => boolean) => [...Array(graph.nodeCount).keys()].filter(accept);
      expect(ask('is:reachable')).toEqual(where((node) => reachable.has(node)));
      expect(ask('is:garbage')).toEqual(where((node) => !reachable.has(node)));
      expect(ask(`referents>${n}`)).toEqual(where((node) => targetsOf(graph, node).length > n));
      expect(ask(`referrers<=${n}`)).toEqual(where((node) => referencesTo(graph, node) <= n));
      const retained = (node: number) =>
        reachable.has(node) ? sumBytes(graph, naiveRetained(graph, node)) : sumBytes(graph, [node]);
      expect(ask('retained>=4000')).toEqual(where((node) => retained(node) >= 4000));
      // Under an object is what goes with it.
      const top = n % graph.nodeCount;
      const below = naiveRetained(graph, top);
      below.delete(top);
      expect(ask(`under:0x${graph.addresses[top]!.toString(16)}`)).toEqual([...below].sort((a, b) => a - b));
      expect(ask(`held-by:0x${graph.addresses[top]!.toString(16)}`)).toEqual(
        [...new Set(targetsOf(graph, top))].sort((a, b) => a - b),
      );
      expect(ask(`refers-to:0x${graph.addresses[top]!.toString(16)}`)).toEqual(
        where((node) => targetsOf(graph, node).includes(top)),
      );
    }),
  );
});

test('below several objects is what is below any of them, one below another included, on any graph', () => {
  fc.assert(
    fc.property(arbitraryGraph(), fc.array(fc.nat(23), { maxLength: 6 }), (graph, drawn) => {
      const tops = new Set(drawn.map((n) => n % graph.nodeCount));
      const below = new Set<number>();
      for (const top of tops) for (const node of naiveRetained(graph, top)) if (node !== top) below.add(node);
      const index = new HeapIndex(computeRetention(graph));
      expect([...setIndices(index.dominatedBy(selectionOf(graph.nodeCount, tops)))]).toEqual(
        [...below].sort((a, b) => a - b),
      );
    }),
  );
});

test('how much is retained is answered alike with the order of it and without', () => {
  fc.assert(
    fc.property(arbitraryGraph(60), fc.nat(40), fc.constantFrom('>', '>=', '<', '='), (graph, kilobytes, operator) => {
      const retention = computeRetention(graph);
      const byRetained = Uint32Array.from(Array(graph.nodeCount).keys()).sort(
        (a, b) => retention.retained[b]! - retention.retained[a]!,
      );
      const query = `retained${operator}${kilobytes}KB`;
      expect(nodesMeant(query, new HeapIndex(retention, { byRetained }))).toEqual(
        nodesMeant(query, new HeapIndex(retention)),
      );
    }),
  );
});

test('and, or and not are what sets make of them, on any graph', () => {
  fc.assert(
    fc.property(arbitraryGraph(), (graph) => {
      const index = new HeapIndex(computeRetention(graph));
      const ask = (query: string) => new Set(nodesMeant(query, index));
      const a = ask('size>2000');
      const b = ask('referents>1');
      const all = ask('');
      expect(ask('size>2000 referents>1')).toEqual(new Set([...a].filter((node) => b.has(node))));
      expect(ask('size>2000 or referents>1')).toEqual(new Set([...a, ...b]));
      expect(ask('not (size>2000 or referents>1)')).toEqual(
        new Set([...all].filter((node) => !a.has(node) && !b.has(node))),
      );
    }),
  );
});

function targetsOf(graph: HeapGraph, node: number): number[] {
  return [...graph.edgeTargets.subarray(graph.firstEdge[node]!, graph.firstEdge[node + 1]!)];
}

function referencesTo(graph: HeapGraph, node: number): number {
  return graph.edgeTargets.reduce((count, target) => count + (target === node ? 1 : 0), 0);
}

function sumBytes(graph: HeapGraph, nodes: Iterable<number>): number {
  let words = 0;
  for (const node of nodes) words += graph.shallowWords[node]!;
  return words * WORD_BYTES;
}
