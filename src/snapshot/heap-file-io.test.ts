import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { graphFromEdges } from '../../test/support/graph-from-edges.ts';
import { type HeapGraph, NO_NODE } from '../graph/heap-graph.ts';
import type { HeapFile } from './heap-file.ts';
import { readHeapFile, writeHeapFile } from './heap-file-io.ts';

const META = { toolVersion: '0', python: 'CPython 3.12.1', app: 'app.py', pid: 1, takenAt: '2026-01-01T00:00:00Z' };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leakscope-heap-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Large enough for several chunks per column and reads across the buffer's end. */
function largeFile(): HeapFile {
  const nodeCount = 700_000;
  const edges: [number, number][] = Array.from({ length: nodeCount - 1 }, (_, i) => [i, (i * 7919) % nodeCount]);
  const graph: HeapGraph = graphFromEdges({ nodeCount, edges, roots: [0] });
  return { meta: META, graph: { ...graph, shallowWords: graph.shallowWords.map((_, i) => (i * 31) % 97) } };
}

test('a large file comes back from disk, for its owner only, and leaves nothing beside it', async () => {
  const path = join(folder, 'a.heap');
  const file = largeFile();
  const size = await writeHeapFile(path, file);
  expect((await stat(path)).size).toBe(size);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['a.heap']);
  const read = await readHeapFile(path);
  expect(read.meta).toEqual(META);
  for (const name of ['addresses', 'shallowWords', 'firstEdge', 'edgeTargets', 'edgeNames'] as const) {
    expect(Buffer.compare(Buffer.from(read.graph[name].buffer), Buffer.from(file.graph[name].buffer))).toBe(0);
  }
});

test('a failed write leaves the older file, and no other', async () => {
  const path = join(folder, 'a.heap');
  await writeFile(path, 'older');
  const { meta, graph } = largeFile();
  // Descending prefix sums cannot be written: the failure comes after half the file is on disk.
  const broken = { meta, graph: { ...graph, firstEdge: graph.firstEdge.with(5, NO_NODE) } };
  await expect(writeHeapFile(path, broken)).rejects.toThrow(/descend/);
  expect(await readFile(path, 'utf8')).toBe('older');
  expect(await readdir(folder)).toEqual(['a.heap']);
});

test('failures name the file and carry their code', async () => {
  const path = join(folder, 'a.heap');
  await expect(readHeapFile(path)).rejects.toMatchObject({
    code: 'E_FILE_READ',
    message: expect.stringContaining(path),
  });
  await expect(readHeapFile(folder)).rejects.toMatchObject({ code: 'E_FILE_READ' });
  await writeFile(path, 'not a heap file at all');
  await expect(readHeapFile(path)).rejects.toMatchObject({
    code: 'E_HEAP_FILE',
    message: `${path}: not a leakscope snapshot`,
    hint: expect.stringContaining('leakscope snapshot'),
  });
  const file = { meta: META, graph: graphFromEdges({ nodeCount: 1, edges: [], roots: [] }) };
  await expect(writeHeapFile(join(folder, 'none', 'a.heap'), file)).rejects.toMatchObject({ code: 'E_FILE_WRITE' });
  await expect(writeHeapFile(folder, file)).rejects.toMatchObject({ code: 'E_FILE_WRITE' });
});
