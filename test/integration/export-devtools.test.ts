// A snapshot of a real process in Chrome DevTools' own loader, run by the browser that is installed: the same nodes,
// classes, sizes, retained sizes and distances as leakscope's.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { computeRetention, type Retention } from '../../src/diagnose/retention.ts';
import { NO_NODE, RootKind, WORD_BYTES } from '../../src/graph/heap-graph.ts';
import type { NodeRole } from '../../src/graph/node-names.ts';
import { readHeapFile } from '../../src/snapshot/heap-file-io.ts';
import { browser, launchBrowser } from '../support/browser.ts';
import { type DevToolsHeap, loadInDevTools } from '../support/devtools-heap.ts';
import { EXPORTED_TARGET, titleOf } from '../support/exported-target.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startPython } from '../support/target-process.ts';
import { distancesOf, loadV8Snapshot } from '../support/v8-snapshot.ts';

/** Nodes that stand before those of the graph. */
const OWN_NODES = 2 + Object.keys(RootKind).length;

/** Constructors under which DevTools lists what is not called by its type. */
const CLASS_OF_ROLE: Readonly<Partial<Record<NodeRole, string>>> = {
  module: '(compiled code)',
  class: '(compiled code)',
  function: 'Function',
};

if ('missing' in browser) console.warn(`DevTools is not tried: ${browser.missing}`);

describe.skipIf('missing' in browser)('in DevTools', () => {
  let folder: string;
  let chromium: Browser | undefined;
  let text: string;
  let ours: Retention;
  let theirs: DevToolsHeap;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'leakscope-test-'));
    const heap = join(folder, 'a.heap');
    const exported = join(folder, 'a.heapsnapshot');
    const target = await startPython(anyInterpreter().path, EXPORTED_TARGET);
    try {
      expect((await runLeakscope(['snapshot', String(target.pid), '-o', heap])).exitCode).toBe(0);
    } finally {
      await target.stop();
    }
    expect((await runLeakscope(['export', heap, '--format', 'heapsnapshot', '-o', exported])).exitCode).toBe(0);
    ours = computeRetention((await readHeapFile(heap)).graph);
    text = readFileSync(exported, 'utf8');
    chromium = await launchBrowser();
    theirs = await loadInDevTools(chromium, text);
  });
  afterAll(async () => {
    await chromium?.close();
    rmSync(folder, { recursive: true });
  });

  test('nodes, names, sizes and retained sizes are the same', () => {
    const { graph, dominators, names, retained, heapBytes } = ours;
    expect(theirs.nodes.length).toBe(OWN_NODES + graph.nodeCount);
    expect(theirs.totalSize).toBe(heapBytes);
    let garbage = 0;
    const different: string[] = [];
    for (let node = 0; node < graph.nodeCount; node++) {
      const { name, selfSize, retainedSize } = theirs.nodes[OWN_NODES + node]!;
      const isGarbage = dominators.idom[node] === NO_NODE;
      if (isGarbage) garbage++;
      const isSame =
        name === titleOf(names, node) &&
        selfSize === graph.shallowWords[node]! * WORD_BYTES &&
        (isGarbage || retainedSize === retained[node]);
      if (!isSame) different.push(`${name} ${selfSize} ${retainedSize}, ours ${retained[node]}`);
    }
    expect(different).toEqual([]);
    expect(garbage).toBeGreaterThanOrEqual(50);
    const users = Math.max(
      ...theirs.nodes.filter(({ name }) => name === 'dict').map(({ retainedSize }) => retainedSize),
    );
    expect(users).toBeGreaterThan(2000 * 100);
  });

  test('classes have the same objects and bytes', () => {
    const { graph, names } = ours;
    const classes = new Map<string, { count: number; selfSize: number }>();
    for (let node = 0; node < graph.nodeCount; node++) {
      // DevTools counts nothing without a size: static data such as None.
      if (graph.shallowWords[node] === 0) continue;
      const role = names.roleOf(node);
      const title = CLASS_OF_ROLE[role] ?? titleOf(names, node);
      const row = classes.get(title) ?? { count: 0, selfSize: 0 };
      row.count++;
      row.selfSize += graph.shallowWords[node]! * WORD_BYTES;
      classes.set(title, row);
    }
    expect(classes.get('__main__.User')?.count).toBe(2000);
    expect(Object.fromEntries(theirs.classes)).toEqual(Object.fromEntries(classes));
  });

  test('distances are those of the loader that our unit tests use', () => {
    const expected = distancesOf(loadV8Snapshot(text));
    const different = theirs.nodes.filter(({ distance }, node) => node >= OWN_NODES && distance !== expected[node]);
    expect(different).toEqual([]);
    expect(theirs.nodes.filter(({ distance }) => distance !== undefined).length).toBeGreaterThan(10_000);
  });

  test('a damaged file is refused, so that a loaded one was read', async () => {
    await expect(loadInDevTools(chromium!, text.replace('"strings":[', '"nothing":['))).rejects.toThrow(/strings/);
  });
});
