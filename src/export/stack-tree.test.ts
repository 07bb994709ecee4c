// Stacks of dominators, and the three formats they are written in.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitraryGraph } from '../../test/support/arbitrary-graph.ts';
import { drawServiceHeap } from '../../test/support/drawn-heaps.ts';
import { graphFromEdges } from '../../test/support/graph-from-edges.ts';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { computeDominators } from '../graph/dominators.ts';
import { type HeapGraph, WORD_BYTES } from '../graph/heap-graph.ts';
import { nodeNames } from '../graph/node-names.ts';
import { collapsedLines } from './collapsed-stacks.ts';
import { speedscopeText } from './speedscope.ts';
import { profileOfTree } from './stack-profile.ts';
import { foldDominators, type StackTree } from './stack-tree.ts';

function fold(graph: HeapGraph, entriesLimit?: number): StackTree {
  return foldDominators(graph, computeDominators(graph), nodeNames(graph), { entriesLimit });
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

function heapBytes(graph: HeapGraph): number {
  return sum(graph.shallowWords) * WORD_BYTES;
}

test('a service is folded by the names of what holds its memory', () => {
  expect([...collapsedLines(profileOfTree(fold(drawServiceHeap(3))))].join('')).toMatchInlineSnapshot(`
    "modules;dict 64
    modules;dict;module shop.users 304
    modules;dict;module shop.users;user_cache (dict) 552
    modules;dict;module shop.users;user_cache (dict);shop.users.User 456
    modules;dict;module shop.users;user_cache (dict);shop.users.User;profile (str) 6144
    modules;dict;module shop.users;recent (collections.deque) 640
    thread MainThread 8
    thread MainThread;frame serve (shop/main.py:88) 8
    thread MainThread;frame serve (shop/main.py:88);config (dict) 4096
    unreachable;shop.jobs.Job 48
    unreachable;dict 64
    "
  `);
});

test('shared objects belong to no holder; roots without a name go by their kind', () => {
  const graph = graphFromText(`
    root modules -> a -> shared; root modules -> b -> shared -> below
    root native -> held -> inner [attribute state]
    type a module; label a a; flags a code; type b module; label b b; flags b code`);
  expect([...collapsedLines(profileOfTree(fold(graph)))]).toEqual([
    'module a 8\n',
    'several holders;object 8\n',
    'several holders;object;below (object) 8\n',
    'module b 8\n',
    'native code;object 8\n',
    'native code;object;state (object) 8\n',
  ]);
});

test('a namespace that functions hold too goes by its module', () => {
  const graph = graphFromText(`
    root modules -> m -> d [field __dict__] -> cache [global cache] -> user [value 0]; root thread t -> f -> d [field __globals__]
    type m module; label m shop; flags m code; type f function; label f main; flags f code; flags d namespace`);
  expect([...collapsedLines(profileOfTree(fold(graph)))]).toEqual([
    'module shop 16\n',
    'module shop;cache (object) 8\n',
    'module shop;cache (object);object 8\n',
    'function main 8\n',
  ]);
});

test('a linked list is one frame, and alternating types end at the limit of depth', () => {
  const nodeCount = 100_000;
  const edges = Array.from({ length: nodeCount - 1 }, (_, n): [number, number] => [n, n + 1]);
  const list = fold(graphFromEdges({ nodeCount, edges, roots: [0] }));
  expect([...collapsedLines(profileOfTree(list))]).toEqual([`modules;object ${nodeCount * WORD_BYTES}\n`]);

  const types = ['A', 'B'].map((name, i) => ({ name, module: 'shop', address: 64 + 64 * i }));
  const typeOf = Array.from({ length: nodeCount }, (_, n) => n % 2);
  const chain = fold(graphFromEdges({ nodeCount, edges, roots: [0], types, typeOf }));
  const lines = [...collapsedLines(profileOfTree(chain))];
  expect(Math.max(...lines.map((line) => line.split(';').length))).toBe(100);
  expect(sum(chain.bytes)).toBe(nodeCount * WORD_BYTES);
});

test('every byte and object stands in one stack, however few entries may be kept', () => {
  fc.assert(
    fc.property(arbitraryGraph(), fc.integer({ min: 1, max: 8 }), (graph, limit) => {
      for (const tree of [fold(graph), fold(graph, limit)]) {
        expect(sum(tree.bytes)).toBe(heapBytes(graph));
        expect(sum(tree.objects)).toBe(graph.nodeCount);
        tree.parentOf.forEach((parent, entry) => {
          expect(parent === 0 || parent < entry).toBe(true);
        });
      }
      expect(fold(graph, limit).nameOf.length).toBeLessThanOrEqual(limit);
      expect(fold(graph).isCut).toBe(false);
    }),
    { numRuns: 300 },
  );
});

test('collapsed stacks keep separators out of frames', () => {
  const graph = graphFromText('root -> a');
  const odd = { ...graph, types: graph.types.map((type) => ({ ...type, name: 'Odd;na\nme' })) };
  expect([...collapsedLines(profileOfTree(fold(odd)))]).toEqual(['modules;Odd,na me 8\n']);
});

test('speedscope gets the same stacks, in bytes and in objects', () => {
  const graph = drawServiceHeap(3);
  const tree = fold(graph);
  const file = JSON.parse(
    [...speedscopeText(profileOfTree(tree), { title: 'shop', exporter: 'leakscope' })].join(''),
  ) as {
    shared: { frames: { name: string }[] };
    profiles: { unit: string; endValue: number; samples: number[][]; weights: number[] }[];
  };
  const drawn = file.profiles[0]!.samples.map(
    (sample, i) =>
      `${sample.map((frame) => file.shared.frames[frame]!.name).join(';')} ${file.profiles[0]!.weights[i]}\n`,
  );
  expect(drawn).toEqual([...collapsedLines(profileOfTree(tree))]);
  expect(file.profiles.map(({ unit, endValue }) => [unit, endValue])).toEqual([
    ['bytes', heapBytes(graph)],
    ['none', graph.nodeCount],
  ]);
});
