// Exports of a real process: without values, and as other tools read them. memlab's own library must find the same nodes,
// sizes and retained sizes as leakscope; speedscope's schema must hold.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { computeRetention } from '../../src/diagnose/retention.ts';
import { NO_NODE, RootKind, WORD_BYTES } from '../../src/graph/heap-graph.ts';
import { EXPORT_FORMATS } from '../../src/protocol/export.ts';
import { readHeapFile } from '../../src/snapshot/heap-file-io.ts';
import { EXPORTED_TARGET, titleOf } from '../support/exported-target.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { npmEnvironment } from '../support/npm-environment.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startPython, type TargetProcess } from '../support/target-process.ts';
import { loadV8Snapshot } from '../support/v8-snapshot.ts';

/** Prints name, self size and retained size of every node, in the order of the file. */
const MEMLAB_SCRIPT = `
const memlab = require('@memlab/core');
memlab.config.muteConsole = true;
memlab.utils.getSnapshotFromFile(process.argv[2], { buildNodeIdIndex: true, verbose: false }).then((snapshot) => {
  memlab.analysis.preparePathFinder(snapshot);
  const rows = [];
  snapshot.nodes.forEach((node) => { rows.push([node.name, node.self_size, node.retainedSize]); });
  require('node:fs').writeFileSync(process.argv[3], JSON.stringify(rows));
});
`;

/** Nodes that stand before those of the graph. */
const OWN_NODES = 2 + Object.keys(RootKind).length;

const memlab = npmEnvironment(['@memlab/core@2.0.5']);
const speedscope = npmEnvironment(['speedscope@1.25.0', 'ajv@8.17.1']);
if ('missing' in speedscope) console.warn(`speedscope's schema is not tried: ${speedscope.missing}`);
if ('missing' in memlab) console.warn(`memlab is not tried: ${memlab.missing}`);

const folder = mkdtempSync(join(tmpdir(), 'leakscope-test-'));
const heap = join(folder, 'a.heap');
const exported = join(folder, 'a.heapsnapshot');
let target: TargetProcess;

beforeAll(async () => {
  target = await startPython(anyInterpreter().path, EXPORTED_TARGET);
  expect((await runLeakscope(['snapshot', String(target.pid), '-o', heap])).exitCode).toBe(0);
  expect((await runLeakscope(['export', heap, '--format', 'heapsnapshot', '-o', exported])).exitCode).toBe(0);
});
afterAll(async () => {
  await target.stop();
  rmSync(folder, { recursive: true });
});

test('every format names the types of a process and holds none of its values', async () => {
  for (const format of EXPORT_FORMATS) {
    const file = join(folder, `a.${format}`);
    const run = await runLeakscope(['export', heap, '--format', format, '-o', file]);
    expect(run.exitCode, format).toBe(0);
    const bytes = readFileSync(file);
    const text = (format === 'pprof' ? gunzipSync(bytes) : bytes).toString();
    expect(text, format).toMatch(/__main__\.User|User,__main__/);
    expect(text, format).not.toContain('secret');
  }
  const users = loadV8Snapshot(readFileSync(exported, 'utf8')).filter(({ name }) => name === '__main__.User');
  expect(users.length).toBe(2000);
});

test.skipIf('missing' in speedscope)('speedscope files follow its schema', async () => {
  const root = 'folder' in speedscope ? speedscope.folder : '';
  const load = createRequire(join(root, 'package.json'));
  const schema = load('./node_modules/speedscope/dist/release/file-format-schema.json') as object;
  const Ajv = load('ajv') as new (
    options: object,
  ) => {
    validate(schema: object, data: unknown): boolean;
    errors: unknown;
  };
  const ajv = new Ajv({ strict: false });
  const file = join(folder, 'b.json');
  expect((await runLeakscope(['export', heap, '--format', 'speedscope', '-o', file])).exitCode).toBe(0);
  expect(ajv.validate(schema, JSON.parse(readFileSync(file, 'utf8'))), JSON.stringify(ajv.errors)).toBe(true);
  expect(ajv.validate(schema, {})).toBe(false);
});

test('a running process is exported as its snapshot is', async () => {
  const file = join(folder, 'live.folded');
  const run = await runLeakscope(['export', String(target.pid), '--format', 'collapsed', '-o', file]);
  expect(run.exitCode).toBe(0);
  expect(readFileSync(file, 'utf8')).toMatch(/^module __main__;users \(dict\);__main__\.User \d+$/m);
});

test.skipIf('missing' in memlab)(
  'memlab reads our names and sizes, and computes our retained sizes',
  { timeout: 120_000 },
  async () => {
    const cwd = 'folder' in memlab ? memlab.folder : '';
    const rowsFile = join(folder, 'rows.json');
    const script = join(cwd, 'retained-sizes.cjs');
    writeFileSync(script, MEMLAB_SCRIPT);
    const run = spawnSync(process.execPath, [script, exported, rowsFile], { cwd, encoding: 'utf8' });
    expect(run.status, run.stderr).toBe(0);
    const rows = JSON.parse(readFileSync(rowsFile, 'utf8')) as [string, number, number][];

    const { graph } = await readHeapFile(heap);
    const { retained, dominators, names, heapBytes } = computeRetention(graph);
    expect(rows.length).toBe(OWN_NODES + graph.nodeCount);
    expect(rows[0]?.[2]).toBe(heapBytes);
    let garbage = 0;
    const different: string[] = [];
    for (let node = 0; node < graph.nodeCount; node++) {
      const [name, self, theirs] = rows[OWN_NODES + node]!;
      if (dominators.idom[node] === NO_NODE) garbage++;
      const isRight = dominators.idom[node] === NO_NODE || theirs === retained[node];
      const isNamed = name === titleOf(names, node);
      if (self !== graph.shallowWords[node]! * WORD_BYTES || !isRight || !isNamed) different.push(`${name} ${theirs}`);
    }
    expect(different).toEqual([]);
    expect(garbage).toBeGreaterThanOrEqual(50);
  },
);
