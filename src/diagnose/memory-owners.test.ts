// Whose the memory is, on drawn graphs: the variable, frame or module that an object hangs on.

import { expect, test } from 'vitest';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { NO_NODE } from '../graph/heap-graph.ts';
import { findOwners, largestOwners } from './memory-owners.ts';

const HEAP = `
  root modules sys.modules -> modules -> shop [value 0] -> globals [field __dict__]
  type modules dict; type shop module; type globals dict; label shop shop; flags shop code; flags globals namespace
  globals -> cache [global cache] -> user [value 0] -> name [attribute name]
  globals -> users [global users] -> user [element 0]
  globals -> helper [global helper] -> code [field __code__]; type helper function; flags helper code; label helper helper
  root thread MainThread -> t -> frame [field frame] -> rows [local rows] -> row [element 0]
  type t <thread>; type frame <frame>; flags t synthetic; flags frame synthetic; label frame main; label t MainThread
  lost -> lost2 -> lost
  size cache 100; size user 200; size name 50; size users 80; size helper 1000; size code 2000; size rows 64; size row 32
`;

const graph = graphFromText(HEAP);
const owners = findOwners(graph);
const ownerOf = (name: string): string => owners.nameOf(owners.ownerOf[graph.node(name)]!);

test('an object belongs to the variable on its shortest path', () => {
  expect(ownerOf('name')).toBe('module shop › global cache');
  expect(ownerOf('users')).toBe('module shop › global users');
  expect(ownerOf('row')).toMatch(/local rows$/);
});

test('functions, and what they are made of, belong to their module', () => {
  expect(ownerOf('code')).toBe(ownerOf('helper'));
  expect(ownerOf('helper')).toBe('module shop');
});

test('what stands above every variable belongs to its root', () => {
  expect(ownerOf('modules')).toBe('sys.modules');
});

test('garbage belongs to nobody', () => {
  expect(owners.ownerOf[graph.node('lost')]).toBe(NO_NODE);
});

test('the owners add up to everything that is reachable', () => {
  const rows = largestOwners(graph, owners, 100);
  const reachable = Array.from(graph.shallowWords.keys()).filter((n) => owners.ownerOf[n] !== NO_NODE);
  expect(rows.reduce((sum, row) => sum + row.bytes, 0)).toBe(
    reachable.reduce((sum, n) => sum + graph.shallowWords[n]! * 8, 0),
  );
  expect(rows.reduce((sum, row) => sum + row.objects, 0)).toBe(reachable.length);
  expect(rows[0]?.path).toBe('module shop');
  expect(largestOwners(graph, owners, 1)).toEqual(rows.slice(0, 1));
});
