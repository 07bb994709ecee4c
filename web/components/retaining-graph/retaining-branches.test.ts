import { expect, test } from 'vitest';
import type { RetainingGraph } from '../../../src/protocol/web/heap-views.ts';
import {
  type Branches,
  foldGraph,
  isFull,
  NO_BRANCHES,
  referrerCounts,
  showLess,
  showMore,
} from './retaining-branches.ts';

/** `x<a` for a that refers to x; nodes in order of mention, each with referrers that are not drawn. */
function graphOf(text: string, more_referrers = 0): RetainingGraph {
  const links = text.split(' ').map((link) => link.split('<') as [string, string]);
  const names = [...new Set(links.flat())];
  return {
    nodes: names.map((address, depth) => ({
      address,
      type: 'object',
      label: '',
      retained_bytes: 1,
      is_root: false,
      depth,
      more_referrers,
    })),
    edges: links.map(([to, from]) => ({ from: names.indexOf(from), to: names.indexOf(to), name: `${from} to ${to}` })),
  };
}

/** The same text of what is left. */
const folded = (graph: RetainingGraph, ...addresses: string[]): string => {
  const { nodes, edges } = foldGraph(graph, 'x', new Set(addresses));
  const links = edges.map(({ from, to }) => `${nodes[to]!.address}<${nodes[from]!.address}`);
  return [nodes.map(({ address }) => address).join(''), ...links].join(' ');
};

test('without folds everything is there, in its order', () => {
  const graph = graphOf('x<a a<b x<c');
  expect(foldGraph(graph, 'x', new Set())).toEqual(graph);
});

test('a fold hides the referrers of a node and what only leads through them', () => {
  const graph = graphOf('x<a a<b b<c x<d d<e');
  expect(folded(graph, 'a')).toBe('xade x<a x<d d<e');
  expect(folded(graph, 'b')).toBe('xabde x<a a<b x<d d<e');
  expect(folded(graph, 'x')).toBe('x');
  // One within another: unfolded, the outer one shows the inner one as it was.
  expect(folded(graph, 'a', 'b')).toBe(folded(graph, 'a'));
});

test('what leads to the object another way stays, without the folded links', () => {
  expect(folded(graphOf('x<a x<b a<root b<root'), 'a')).toBe('xabroot x<a x<b b<root');
});

test('cycles end', () => {
  const ring = graphOf('x<a a<b b<x b<a');
  expect(folded(ring)).toBe('xab x<a a<b b<x b<a');
  expect(folded(ring, 'b')).toBe('xab x<a a<b');
});

test('referrers that refer twice are counted once', () => {
  expect([...referrerCounts(graphOf('x<a x<a x<b a<b'))]).toEqual([
    ['x', 2],
    ['a', 1],
    ['b', 0],
  ]);
});

test('more and less: added, taken back, folded, unfolded', () => {
  const graph = graphOf('x<a a<b', 20);
  const steps: Branches[] = [NO_BRANCHES];
  for (const change of [showMore, showMore, showLess, showLess, showLess, showMore]) {
    steps.push(change(steps.at(-1)!, graph, 'a'));
  }
  expect(steps.map(({ expanded, folded: away }) => [...expanded, '/', ...away].join(''))).toEqual([
    '/',
    'a/',
    'aa/',
    '/',
    '/a',
    '/a',
    '/',
  ]);
});

test('nothing to show, nothing to hide: the same branches', () => {
  const graph = graphOf('x<a');
  expect(showMore(NO_BRANCHES, graph, 'a')).toBe(NO_BRANCHES);
  expect(showMore(NO_BRANCHES, graph, 'gone')).toBe(NO_BRANCHES);
  expect(showLess(NO_BRANCHES, graph, 'a')).toBe(NO_BRANCHES);
});

test('expansions are bounded; those whose node went with another make room', () => {
  const graph = graphOf('x<a', 500);
  const full = { ...NO_BRANCHES, expanded: Array<string>(16).fill('x') };
  expect(isFull(full, graph)).toBe(true);
  expect(showMore(full, graph, 'a')).toBe(full);
  const stale = { ...NO_BRANCHES, expanded: [...Array<string>(15).fill('gone'), 'x'] };
  expect(isFull(stale, graph)).toBe(false);
  expect(showMore(stale, graph, 'a').expanded).toEqual(['x', 'a']);
});
