// The views of one drawn service: what a reader sees of its cache, of what it holds, and of its garbage.

import { expect, test } from 'vitest';
import { analysed } from '../../test/support/analysed-graph.ts';
import { drawServiceHeap } from '../../test/support/drawn-heaps.ts';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { nodeAt } from './analysed-heap.ts';
import { dominatorPath, dominatorRows } from './dominator-rows.ts';
import { garbageView } from './garbage-view.ts';
import { objectDetail, referentsWindow, referrersWindow } from './object-detail.ts';
import { retainedTree } from './retained-tree.ts';
import { retainingGraph } from './retaining-graph.ts';
import { amountsByType, typesTable } from './types-table.ts';

const USERS = 6;
const graph = drawServiceHeap(USERS);
const heap = analysed(graph);
const cache = graph.node('cache');
const user = graph.node('user0');

test('an object: what it is, why it is alive, what is around it', () => {
  const detail = objectDetail(heap, user);
  expect(detail).toMatchObject({
    address: '0x8000',
    type: 'shop.users.User',
    module: 'shop.users',
    path: "module shop.users › global user_cache › ['…']",
    paths: ["module shop.users › global user_cache › ['…']"],
    bytes: 48,
    retained_bytes: 48 + 104 + 2048,
    retained_objects: 3,
    traits: [],
  });
  expect(detail.dominators.map(({ type, address }) => [type, address])).toEqual([
    ['dict', '0x1300'],
    ['dict', '0x1200'],
    ['module', '0x1100'],
    ['dict', '0x1000'],
  ]);
  expect(detail.referrers).toEqual({
    total: 1,
    offset: 0,
    rows: [{ address: '0x1300', type: 'dict', name: "['…']", bytes: 864, retained_bytes: 864 + 6 * 2200, entries: 6 }],
  });
  expect(detail.referents.rows.map(({ name, type }) => [name, type])).toEqual([['__dict__', 'dict']]);
});

test('garbage says so, and has no path', () => {
  expect(objectDetail(heap, graph.node('garbage1'))).toMatchObject({
    path: '',
    paths: [],
    dominators: [],
    retained_bytes: 48,
    traits: ['garbage: no root reaches it'],
  });
});

test('windows of what refers and of what is referred to', () => {
  expect(referentsWindow(heap, cache, { offset: 4, limit: 10 })).toMatchObject({ total: USERS, offset: 4 });
  expect(referentsWindow(heap, cache, { offset: 4, limit: 10 }).rows.map(({ address }) => address)).toEqual([
    '0x8400',
    '0x8500',
  ]);
  const shared = graphFromText(
    'root -> a -> x [element 0]; a -> x [element 1]; root -> b -> x [attribute one]; x -> x [attribute self]',
  );
  const rows = referrersWindow(analysed(shared), shared.node('x'), { offset: 0, limit: 10 });
  // Each once, and not the object itself.
  expect(rows.total).toBe(2);
  expect(rows.rows.map(({ name }) => name)).toEqual(['[…]', '.one']);
  expect(referrersWindow(analysed(shared), shared.node('x'), { offset: 1, limit: 10 }).rows).toEqual(
    rows.rows.slice(1),
  );
});

test('the dominator tree opens downwards, and leads up from any object', () => {
  const top = dominatorRows(heap, undefined, { offset: 0, limit: 1 });
  expect(top.rows[0]).toMatchObject({ address: '0x1000', has_children: true });
  const below = dominatorRows(heap, cache, { offset: 1, limit: 2 });
  expect(below.total).toBe(USERS);
  expect(below.rows.map(({ address, name, retained_objects }) => [address, name, retained_objects])).toEqual([
    ['0x8100', "['…']", 3],
    ['0x8200', "['…']", 3],
  ]);
  expect(dominatorPath(heap, user).map(({ address }) => address)).toEqual([
    '0x1000',
    '0x1100',
    '0x1200',
    '0x1300',
    '0x8000',
  ]);
  expect(dominatorPath(heap, graph.node('garbage1'))).toEqual([]);
});

test('a retaining graph joins paths where they meet, and leaves namespaces out', () => {
  const held = graphFromText(`
    root modules sys.modules -> modules -> m [value 0] -> mdict [field __dict__] -> first [global first] -> x [value 0]
    mdict -> second [global second] -> x [value 0]
    type m module; label m app; flags m code; flags mdict namespace
  `);
  const drawn = retainingGraph(analysed(held), held.node('x'), { nodes: 20 });
  const label = (place: number) => drawn.nodes[place]!.label || drawn.nodes[place]!.address;
  expect(drawn.edges.map(({ from, to, name }) => `${label(from)} --${name}--> ${label(to)}`).toSorted()).toEqual([
    "0x1030 --['…']--> 0x1040",
    "0x1050 --['…']--> 0x1040",
    'module app --global first--> 0x1030',
    'module app --global second--> 0x1050',
  ]);
  expect(drawn.nodes.find(({ label }) => label === 'module app')).toMatchObject({ is_root: true, depth: 3 });
});

test('a popular object is drawn within bounds, and what is left out is counted', () => {
  const holders = Array.from({ length: 40 }, (_, i) => `root -> h${i} -> x [attribute a${i}]`).join('; ');
  const popular = graphFromText(holders);
  const x = popular.node('x');
  const all = analysed(popular);
  const drawn = retainingGraph(all, x, { nodes: 6 });
  expect(drawn.nodes.length).toBe(6);
  expect(drawn.nodes[0]).toMatchObject({ depth: 0, more_referrers: 35 });
  // What is expanded needs no room among the others; named again, more is drawn.
  const once = retainingGraph(all, x, { nodes: 6, expand: [x] });
  expect(once.nodes.length).toBe(6 + 12);
  expect(once.nodes[0]).toMatchObject({ more_referrers: 35 - 12 });
  const twice = retainingGraph(all, x, { nodes: 6, expand: [x, x] });
  expect(twice.nodes.length).toBe(6 + 24);
  expect(retainingGraph(all, x, { nodes: 6, expand: [x, x, x, x] }).nodes[0]).toMatchObject({ more_referrers: 0 });
});

test('what an expansion adds is linked to what keeps it, drawn before or after', () => {
  const held = graphFromText(`
    root -> pair -> one [element 0] -> x [attribute held]; pair -> other [element 1] -> x [attribute held]
    root -> late -> other [attribute too]
  `);
  const [x, other] = [held.node('x'), held.node('other')];
  const linksWith = (...expand: number[]) => {
    const { nodes, edges } = retainingGraph(analysed(held), x, { nodes: 20, expand });
    const nameAt = (place: number) => held.nameOf(nodeAt(held, nodes[place]!.address));
    return edges.map(({ from, to }) => `${nameAt(from)} ${nameAt(to)}`).toSorted();
  };
  expect(linksWith()).toEqual(['one x', 'pair one']);
  expect(linksWith(x)).toEqual(['one x', 'other x', 'pair one', 'pair other']);
  expect(linksWith(x, other)).toEqual(['late other', 'one x', 'other x', 'pair one', 'pair other']);
});

test('what an expansion adds is expanded in turn, and what is not drawn is not', () => {
  const held = graphFromText(`
    root -> first -> x [attribute one]; root -> second -> x [attribute one]
    root -> m [value 0] -> mdict [field __dict__] -> second [global second]
    type m module; label m app; flags m code; flags mdict namespace
  `);
  const [x, second, m] = [held.node('x'), held.node('second'), held.node('m')];
  const drawnWith = (...expand: number[]) => {
    const { nodes, edges } = retainingGraph(analysed(held), x, { nodes: 20, expand });
    const names = nodes.map(({ address }) => held.nameOf(nodeAt(held, address)));
    return { nodes, names, links: edges.map(({ from, to, name }) => `${names[from]} ${name} ${names[to]}`) };
  };
  expect(drawnWith().names).toEqual(['x', 'first']);
  expect(drawnWith(x).names).toEqual(['x', 'first', 'second']);
  const both = drawnWith(x, second);
  // The module stands for its dict, which is counted nowhere.
  expect(both.names).toEqual(['x', 'first', 'second', 'm']);
  expect(both.links).toContain('m global second second');
  expect(both.nodes.map(({ more_referrers }) => more_referrers)).toEqual([0, 0, 0, 0]);
  expect(drawnWith(second, m).names).toEqual(['x', 'first']);
});

test('a cycle of garbage is drawn as one', () => {
  const drawn = retainingGraph(heap, graph.node('garbage1'), { nodes: 10 });
  expect(drawn.nodes.map(({ type }) => type)).toEqual(['shop.jobs.Job', 'dict']);
  expect(drawn.edges.map(({ from, to }) => [from, to]).toSorted()).toEqual([
    [0, 1],
    [1, 0],
  ]);
});

test('what is retained adds up on every level of the tree', () => {
  const tree = retainedTree(heap, cache);
  expect(tree).toMatchObject({ address: '0x1300', retained_bytes: heap.retained[cache] });
  expect(tree.children.reduce((sum, { objects }) => sum + objects, 0)).toBe(heap.retainedObjects[cache]! - 1);
  const whole = retainedTree(heap, undefined);
  expect(whole.children.reduce((sum, { retained_bytes }) => sum + retained_bytes, 0)).toBe(whole.retained_bytes);
});

test('types: searched, sorted, grouped, and what came since', () => {
  const before = drawServiceHeap(2);
  const query = { offset: 0, limit: 10, order: 'descending', search: 'SHOP', sort: 'objects_grown' } as const;
  const byType = typesTable(amountsByType(graph, 'type'), amountsByType(before, 'type'), query);
  expect(byType).toEqual({
    total: 2,
    offset: 0,
    rows: [
      { name: 'shop.users.User', module: 'shop.users', objects: 6, bytes: 288, objects_grown: 4, bytes_grown: 192 },
      { name: 'shop.jobs.Job', module: 'shop.jobs', objects: 1, bytes: 48, objects_grown: 0, bytes_grown: 0 },
    ],
  });
  const retained = { tree: heap.tree, bytes: heap.retained };
  const modules = typesTable(amountsByType(graph, 'module', retained), undefined, {
    ...query,
    sort: 'retained_bytes',
    search: '',
  });
  expect(modules.rows.map(({ name }) => name)).toContain('shop.users');
  expect(modules.rows.find(({ name }) => name === 'shop.users')).toMatchObject({ retained_bytes: 6 * 2200 });
  const shrunk = typesTable(amountsByType(before, 'type'), amountsByType(graph, 'type'), {
    ...query,
    order: 'ascending',
    sort: 'bytes_grown',
  });
  expect(shrunk.rows[0]).toMatchObject({ name: 'shop.users.User', objects_grown: -4 });
});

test('garbage by its cycles, each with an object to go on from', () => {
  const view = garbageView(graph);
  expect(view).toMatchObject({ objects: 2, bytes: 112 });
  expect(view.cycles).toHaveLength(1);
  expect(view.cycles[0]).toMatchObject({ count: 1, bytes: 112, has_finalizer: false });
  expect(['garbage1', 'garbage2']).toContain(graph.nameOf(nodeAt(graph, view.cycles[0]!.example)));
});

test('an address that no object begins at is an error that says so', () => {
  expect(() => nodeAt(graph, '0x9')).toThrow(/no object begins at 0x9/);
});
