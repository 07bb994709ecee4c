// Snapshots that the agent takes, beside those of the same process from outside: object by object, on every interpreter.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HeapGraph } from '../../src/graph/heap-graph.ts';
import { takeAgentSnapshot } from '../../src/session/agent-session.ts';
import { silentProgress } from '../../src/session/session-options.ts';
import { takeSnapshot } from '../../src/session/snapshot-session.ts';
import { type AgentTarget, startAgentTarget } from '../support/agent-target.ts';
import { interpreters } from '../support/interpreters.ts';
import { compareByType, nodesOfType, type TypeRow } from '../support/type-totals.ts';

const TARGETS = fileURLToPath(new URL('../targets', import.meta.url));
const signal = new AbortController().signal;

const SHAPES = `
sys.path.append(${JSON.stringify(TARGETS)})
import agent_shapes
start_agent()
print('ready', flush=True)
sys.stdin.readline()
`;

/** Objects that the agent makes and frees while it answers. */
const OWN_DOINGS = 30;
/** Types whose size is known to the last byte, but for what malloc rounds up. */
const EXACT_TYPES = [
  'dict',
  'list',
  'tuple',
  'str',
  'bytes',
  'int',
  'set',
  'function',
  'code',
  'type',
  'cell',
  'method',
];
const EXACT_TYPES_MAY_DIFFER = 0.03;
/** The first thirty instances of a class have more room than the later ones, which are taken for all. */
const INSTANCES_MAY_DIFFER = 0.08;

describe.each(interpreters())('the heap of $label from inside', ({ path, version }) => {
  let target: AgentTarget;
  let inside: HeapGraph;
  let outside: HeapGraph;
  let rows: Map<string, TypeRow>;
  beforeAll(async () => {
    target = await startAgentTarget(path, SHAPES);
    inside = (await takeAgentSnapshot(target.pid, { signal }, silentProgress)).graph;
    outside = (await takeSnapshot({ pid: target.pid, signal }, silentProgress)).graph;
    rows = compareByType(inside, outside);
  });
  afterAll(() => target?.stop());

  test('has the objects that are seen from outside, but for what Python code cannot reach', () => {
    expect([...rows.values()].reduce((sum, row) => sum + row.common, 0)).toBeGreaterThan(100_000);
    const missing = [...rows.values()].filter((row) => row.missing > 0);
    const invented = [...rows.values()].filter((row) => row.onlyInside > 0);
    expect(total(missing, 'missing'), JSON.stringify(missing)).toBeLessThanOrEqual(OWN_DOINGS);
    expect(total(invented, 'onlyInside'), JSON.stringify(invented)).toBeLessThanOrEqual(2 * OWN_DOINGS);
    // What is hidden is text, and the tuples and bytes of code objects.
    const hidden = [...rows.values()].filter((row) => !['str', 'bytes', 'tuple', 'int', 'frame'].includes(row.type));
    expect(total(hidden, 'hidden'), JSON.stringify(hidden.filter((row) => row.hidden > 0))).toBeLessThanOrEqual(
      2 * OWN_DOINGS,
    );
  });

  test("has every object of the program's own types", () => {
    for (const [type, row] of rows) {
      if (type.startsWith('agent_shapes.')) expect(row, type).toMatchObject({ onlyInside: 0, missing: 0, hidden: 0 });
    }
    expect(rows.get('agent_shapes.Order')).toMatchObject({ common: 1000 });
    expect(rows.get('agent_shapes.Slotted')).toMatchObject({ common: 200 });
    expect(rows.get('collections.deque')?.common).toBeGreaterThanOrEqual(43);
    // The caches of the standard library have some too.
    expect(rows.get('functools._lru_list_elem')?.common).toBeGreaterThanOrEqual(100);
  });

  test('gives types the bytes that they take', () => {
    for (const type of EXACT_TYPES) {
      const row = rows.get(type)!;
      const off = Math.abs(row.insideBytes / row.outsideBytes - 1);
      expect(off, `${type}: ${row.insideBytes} of ${row.outsideBytes}`).toBeLessThan(EXACT_TYPES_MAY_DIFFER);
    }
    for (const type of ['Order', 'Slotted', 'Level', 'OwnList', 'OwnDict']) {
      const row = rows.get(`agent_shapes.${type}`)!;
      const isFew = row.common <= 100 && version[1] >= 11;
      const off = Math.abs(row.insideBytes / row.outsideBytes - 1);
      expect(off, `${type}: ${row.insideBytes} of ${row.outsideBytes}`).toBeLessThan(
        isFew ? 0.5 : INSTANCES_MAY_DIFFER,
      );
    }
  });

  test('has their references under the same names', () => {
    const common = commonNodes(inside, outside);
    for (const type of [
      'agent_shapes.Order',
      'agent_shapes.Slotted',
      'agent_shapes.OwnDict',
      'collections.OrderedDict',
    ]) {
      expect(edgesOf(inside, type, common), type).toEqual(edgesOf(outside, type, common));
    }
    for (const type of ['list', 'cell', 'frozenset', 'collections.deque', 'functools._lru_list_elem']) {
      expect(edgeCount(inside, type, common), type).toBe(edgeCount(outside, type, common));
    }
  });

  test('names threads, frames and their variables', () => {
    const labels = [...inside.labels.labels].map((label) => inside.strings[label]!);
    for (const name of ['worker-0', 'worker-1', 'worker-2', 'leakscope-agent']) expect(labels).toContain(name);
    expect(labels.filter((label) => /^work \(agent_shapes\.py:\d+\)$/.test(label)).length).toBe(3);
    expect(inside.strings).toContain('mine');
    // The fork's child has only the thread that forked; what the others held in thread-locals is still shown as theirs.
    const roots = new Set([...inside.roots.labels].map((label) => inside.strings[label]!));
    expect(roots).toContain('state of a thread (threading.local)');
    expect(roots).toContain('worker-1');
  });
});

function total(rows: readonly TypeRow[], field: 'missing' | 'onlyInside' | 'hidden'): number {
  return rows.reduce((sum, row) => sum + row[field], 0);
}

/** Addresses of objects that both graphs have. */
function commonNodes(a: HeapGraph, b: HeapGraph): Set<number> {
  const known = new Set(b.addresses);
  return new Set(a.addresses.filter((address) => known.has(address)));
}

/** How often each kind and name occurs among the references of a type's objects. */
function edgesOf(graph: HeapGraph, type: string, common: ReadonlySet<number>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const node of nodesOfType(graph, type)) {
    for (let e = graph.firstEdge[node]!; e < graph.firstEdge[node + 1]!; e++) {
      if (!common.has(graph.addresses[graph.edgeTargets[e]!]!)) continue;
      const kind = graph.edgeNames[e]! >>> 28;
      const name = [1, 5, 6, 7, 8].includes(kind) ? graph.strings[graph.edgeNames[e]! & 0x0fffffff] : '';
      const key = `${kind} ${name}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
  }
  return counts;
}

function edgeCount(graph: HeapGraph, type: string, common: ReadonlySet<number>): number {
  let count = 0;
  for (const node of nodesOfType(graph, type)) {
    if (!common.has(graph.addresses[node]!)) continue;
    for (let e = graph.firstEdge[node]!; e < graph.firstEdge[node + 1]!; e++) {
      if (common.has(graph.addresses[graph.edgeTargets[e]!]!)) count++;
    }
  }
  return count;
}
