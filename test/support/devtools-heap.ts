// Opens a heap snapshot in Chrome DevTools' own loader: the module that the Memory panel runs, out of the browser that is
// installed. It is no public interface: what is used of it is what its front-end calls.

import type { Browser, Page } from 'playwright-core';
import { newPage } from './browser.ts';

/** Part of every Chromium, served without a network. */
const WORKER_URL = 'devtools://devtools/bundled/entrypoints/heap_snapshot_worker/heap_snapshot_worker.js';
/** Of the file's text, for each message to the browser. */
const CHUNK_CHARACTERS = 1 << 20;

export interface DevToolsNode {
  readonly type: string;
  readonly name: string;
  readonly selfSize: number;
  readonly retainedSize: number;
  /** Undefined where DevTools shows none: what no user root reaches. */
  readonly distance: number | undefined;
}

export interface DevToolsClass {
  readonly count: number;
  readonly selfSize: number;
}

export interface DevToolsHeap {
  /** Below the panel's summary: memory of all nodes. */
  readonly totalSize: number;
  /** In the order of the file. */
  readonly nodes: readonly DevToolsNode[];
  /** Rows of the Summary view, by constructor. */
  readonly classes: ReadonlyMap<string, DevToolsClass>;
}

/** Loads the text of a `.heapsnapshot`; throws what the loader throws. */
export async function loadInDevTools(browser: Browser, text: string): Promise<DevToolsHeap> {
  const page = await newPage(browser);
  try {
    const answer = await page.goto(WORKER_URL);
    if (answer?.status() !== 200) throw new Error(`this browser has no ${WORKER_URL}`);
    await sendText(page, text);
    // As text: the test runner would make the import its own.
    await page.evaluate(`import('${WORKER_URL}').then((module) => { globalThis.worker = module; })`);
    const { totalSize, columns, classes } = await page.evaluate(loadInPage);
    const nodes = columns.selfSizes.map(
      (selfSize, node): DevToolsNode => ({
        type: columns.types[node]!,
        name: columns.names[node]!,
        selfSize,
        retainedSize: columns.retainedSizes[node]!,
        distance: columns.distances[node] ?? undefined,
      }),
    );
    return { totalSize, nodes, classes: new Map(classes) };
  } finally {
    await page.close();
  }
}

async function sendText(page: Page, text: string): Promise<void> {
  for (let at = 0; at < text.length; at += CHUNK_CHARACTERS) {
    await page.evaluate(
      (chunk) => {
        const scope = globalThis as unknown as { chunks?: string[] };
        scope.chunks ??= [];
        scope.chunks.push(chunk);
      },
      text.slice(at, at + CHUNK_CHARACTERS),
    );
  }
}

interface LoaderNode {
  nodeIndex: number;
  type(): string;
  name(): string;
  selfSize(): number;
  retainedSize(): number;
  distance(): number;
}

interface LoadedSnapshot {
  readonly nodeCount: number;
  readonly nodeFieldCount: number;
  readonly totalSize: number;
  createNode(index: number): LoaderNode;
  aggregatesWithFilter(filter: object): Record<string, { name: string; count: number; self: number }>;
}

interface WorkerModule {
  readonly HeapSnapshotLoader: {
    readonly HeapSnapshotLoader: new (dispatcher: {
      sendEvent(name: string, data: unknown): void;
    }) => { write(chunk: string): void; close(): void; buildSnapshot(port: unknown): Promise<LoadedSnapshot> };
  };
  readonly HeapSnapshot: { readonly SecondaryInitManager?: new (port: unknown) => unknown };
}

interface LoadedColumns {
  readonly types: string[];
  readonly names: string[];
  readonly selfSizes: number[];
  readonly retainedSizes: number[];
  readonly distances: (number | null)[];
}

/** Runs in the page, and is sent there as text: it can use nothing of this file. */
async function loadInPage(): Promise<{
  totalSize: number;
  columns: LoadedColumns;
  classes: [string, { count: number; selfSize: number }][];
}> {
  /** What DevTools gives a node that no user root reaches, and shows as none. */
  const noDistance = -5;
  const internalDistance = 100_000_000;
  const { worker, chunks } = globalThis as unknown as { worker: WorkerModule; chunks: string[] };
  const loader = new worker.HeapSnapshotLoader.HeapSnapshotLoader({ sendEvent() {} });
  for (const chunk of chunks) loader.write(chunk);
  loader.close();
  // Dominators are computed by a second thread in DevTools; here it shares this one, behind the same messages.
  const channel = new MessageChannel();
  if (worker.HeapSnapshot.SecondaryInitManager !== undefined) {
    new worker.HeapSnapshot.SecondaryInitManager(channel.port2);
  }
  const snapshot = await loader.buildSnapshot(channel.port1);
  const columns: LoadedColumns = { types: [], names: [], selfSizes: [], retainedSizes: [], distances: [] };
  const node = snapshot.createNode(0);
  for (let ordinal = 0; ordinal < snapshot.nodeCount; ordinal++) {
    node.nodeIndex = ordinal * snapshot.nodeFieldCount;
    const distance = node.distance();
    columns.types.push(node.type());
    columns.names.push(node.name());
    columns.selfSizes.push(node.selfSize());
    columns.retainedSizes.push(node.retainedSize());
    columns.distances.push(distance === noDistance || distance >= internalDistance ? null : distance);
  }
  const classes = Object.values(snapshot.aggregatesWithFilter({})).map(
    ({ name, count, self }): [string, { count: number; selfSize: number }] => [name, { count, selfSize: self }],
  );
  return { totalSize: snapshot.totalSize, columns, classes };
}
