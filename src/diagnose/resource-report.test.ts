// The join of the kernel's resources with a drawn heap's owners, and how owners are named.

import { expect, test } from 'vitest';
import { drawSocket, SHOP } from '../../test/support/drawn-runs.ts';
import { graphFromText, type TextGraph } from '../../test/support/graph-from-text.ts';
import { HandleTrust, NO_VARIABLE } from '../cpython/resource-handles.ts';
import { NO_NODE } from '../graph/heap-graph.ts';
import { nodeNames } from '../graph/node-names.ts';
import { shortestPaths } from '../graph/reachability.ts';
import { buildReferrers } from '../graph/referrers.ts';
import type { HandleOwners } from './handle-owners.ts';
import type { HeapView } from './owner-names.ts';
import { type KernelResource, type ResourceReport, reportResources } from './resource-report.ts';

const heap = graphFromText(`${SHOP}
  globals -> files [global files] -> text1 [element 0] -> reader1 [scanned 3] -> raw1 [scanned 4]
  files -> text2 [element 1] -> reader2 [scanned 3] -> raw2 [scanned 4]
  type files list; type text1 _io.TextIOWrapper; type text2 _io.TextIOWrapper
  type reader1 _io.BufferedReader; type reader2 _io.BufferedReader; type raw1 _io.FileIO; type raw2 _io.FileIO
  globals -> pool [global pool] -> client [value 0] -> attributes [field __dict__] -> socket [attribute sock]
  type pool dict; type client shop.Client; type attributes dict; type socket socket.socket; flags attributes namespace
  globals -> spare [global spare_fd]; type spare int
  lost -> lost [attribute self]; type lost _io.FileIO
`);

function view(graph: TextGraph): HeapView {
  return { graph, paths: shortestPaths(graph), names: nodeNames(graph), referrers: () => buildReferrers(graph) };
}

/** Owners by the drawn name, `variable NAME` for a global, or '' for none. */
function owners(names: readonly string[]): HandleOwners {
  const nodes = new Uint32Array(names.length).fill(NO_NODE);
  const variables = new Float64Array(names.length).fill(NO_VARIABLE);
  const trusts = new Uint8Array(names.length).fill(HandleTrust.structure);
  for (const [i, name] of names.entries()) {
    if (name === '') continue;
    const variable = name.replace(/^variable /, '');
    if (variable === name) {
      nodes[i] = heap.node(name);
      continue;
    }
    nodes[i] = heap.node('globals');
    trusts[i] = HandleTrust.name;
    const edges = Array.from({ length: heap.edgeCount }, (_, e) => e);
    variables[i] = edges.find((e) => heap.edgeTargets[e] === heap.node(variable))!;
  }
  return { nodes, variables, trusts };
}

function report(items: readonly KernelResource[], names: readonly string[]): ResourceReport {
  return reportResources(view(heap), { items, descriptorCount: items.length, descriptorLimit: 1024 }, owners(names));
}

const file = (fd: number): KernelResource => ({ ...drawSocket(fd, ''), kind: 'files', name: 'files in /srv' });

test('an owner is the outermost wrapper, and equal paths are one owner', () => {
  const [group] = report([file(3), file(4), file(5)], ['raw1', 'raw2', '']).groups;
  expect(group).toEqual({
    kind: 'files',
    name: 'files in /srv',
    count: 3,
    owners: [
      {
        path: 'module shop › global files › […]',
        type: '_io.TextIOWrapper',
        count: 2,
        certain: true,
        examples: [3, 4],
      },
    ],
    owned_by_others: 0,
    unowned: 1,
    unowned_examples: [5],
  });
});

test('an attribute of a class of the program, a variable, and garbage', () => {
  const [group] = report([file(3), file(4), file(5)], ['socket', 'variable spare', 'lost']).groups;
  expect(group!.owners.map(({ path, type, certain }) => [path, type, certain])).toEqual([
    ["module shop › global pool › ['…'] › .sock", 'socket.socket', true],
    ['module shop › global spare_fd', 'int', false],
    ['unreachable objects → (_io.FileIO)', '_io.FileIO', true],
  ]);
});

test('states and bytes add up, kinds come in one order, and memory of native code has no number of unowned', () => {
  const sockets = [drawSocket(3, 'ESTABLISHED'), drawSocket(4, 'CLOSE_WAIT'), drawSocket(5, 'CLOSE_WAIT')];
  const map: KernelResource = {
    ...file(0),
    kind: 'memory maps',
    name: 'private anonymous memory',
    bytes: 4096,
    isCommonlyNative: true,
    handles: [{ kind: 'mapping', number: 4096, end: 8192 }],
  };
  const { groups } = report([map, map, ...sockets, file(6)], ['', '', '', '', '', '']);
  expect(groups.map(({ kind }) => kind)).toEqual(['files', 'sockets', 'memory maps']);
  expect(groups[1]).toMatchObject({ states: { ESTABLISHED: 1, CLOSE_WAIT: 2 }, unowned: 3 });
  expect(groups[2]).toMatchObject({ count: 2, bytes: 8192, unowned_examples: [] });
  expect(groups[2]).not.toHaveProperty('unowned');
});

test('thousands of peers are not listed one by one', () => {
  const peers = Array.from({ length: 500 }, (_, i) => ({ ...drawSocket(i, ''), name: `tcp to 10.0.0.5:${i}` }));
  const { groups, groups_left_out } = report(
    peers,
    peers.map(() => ''),
  );
  expect(groups.length + groups_left_out).toBe(500);
  expect(groups.length).toBeLessThan(100);
});
