import { expect, test } from 'vitest';
import type { RetainingGraph } from '../../../src/protocol/web/heap-views.ts';
import { nodeBeside, placeNodes } from './retaining-layout.ts';

const node = (address: string, depth: number): RetainingGraph['nodes'][number] => ({
  address,
  type: 'object',
  label: '',
  retained_bytes: 1,
  is_root: false,
  depth,
  more_referrers: 0,
});

//  far ─→ a ─┐
//  low ─→ b ─┴→ x     nothing is drawn at distance 2
const graph: RetainingGraph = {
  nodes: [node('x', 0), node('a', 1), node('b', 1), node('low', 3), node('far', 3)],
  edges: [
    { from: 1, to: 0, name: '' },
    { from: 2, to: 0, name: '' },
    { from: 3, to: 2, name: '' },
    { from: 4, to: 1, name: '' },
  ],
};
const placed = placeNodes(graph);
const at = (address: string) => placed.find((place) => place.node.address === address)!;

test('columns by distance, the object at the right, no column empty', () => {
  expect(placed.map((place) => place.node)).toEqual(graph.nodes);
  const columns = new Map(placed.map(({ x, node: { depth } }) => [depth, x]));
  expect(columns.get(1)! - columns.get(3)!).toBe(columns.get(0)! - columns.get(1)!);
  expect(columns.get(3)!).toBeLessThan(columns.get(1)!);
});

test('nodes stand beside what they refer to', () => {
  expect(at('far').y).toBe(at('a').y);
  expect(at('low').y).toBe(at('b').y);
});

test('arrow keys go to the nearest referrer, to what is referred to, and within the column', () => {
  const from = (address: string, key: string) => nodeBeside(graph, placed, at(address), key)?.node.address;
  expect(from('x', 'ArrowLeft')).toBe('a');
  expect(from('a', 'ArrowDown')).toBe('b');
  expect(from('b', 'ArrowLeft')).toBe('low');
  expect(from('low', 'ArrowUp')).toBe('far');
  expect(from('far', 'ArrowRight')).toBe('a');
  expect(from('a', 'ArrowRight')).toBe('x');
  for (const key of ['ArrowRight', 'ArrowUp', 'ArrowDown', 'x']) expect(from('x', key), key).toBeUndefined();
  expect(from('far', 'ArrowLeft')).toBeUndefined();
});

test('a link back to the right leads nowhere by the left arrow', () => {
  const ring: RetainingGraph = {
    nodes: [node('x', 0), node('a', 1)],
    edges: [
      { from: 1, to: 0, name: '' },
      { from: 0, to: 1, name: '' },
    ],
  };
  const places = placeNodes(ring);
  expect(nodeBeside(ring, places, places[1]!, 'ArrowLeft')).toBeUndefined();
  expect(nodeBeside(ring, places, places[0]!, 'ArrowLeft')).toBe(places[1]);
});
