// The export command over a .heap file, as a user calls it.

import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drawServiceHeap } from '../../../test/support/drawn-heaps.ts';
import { runLeakscope } from '../../../test/support/run-leakscope.ts';
import { loadV8Snapshot } from '../../../test/support/v8-snapshot.ts';
import { EXPORT_FORMATS, ExportReportSchema } from '../../protocol/export.ts';
import { writeHeapFile } from '../../snapshot/heap-file-io.ts';

const folder = mkdtempSync(join(tmpdir(), 'leakscope-test-'));
const heap = join(folder, 'a.heap');
const out = join(folder, 'out');
const drawn = drawServiceHeap(3);
const hostile = { ...drawn, strings: drawn.strings.map((text) => (text === 'profile' ? 'pro\x1b[31mfile' : text)) };

beforeAll(async () => {
  const meta = {
    toolVersion: '0.1.0',
    pid: 4242,
    python: 'CPython 3.12.1',
    app: 'shop',
    takenAt: '2026-11-20T08:12:44.120Z',
  };
  await writeHeapFile(heap, { graph: hostile, meta });
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each(EXPORT_FORMATS)('%s is written, and the answer says so', async (format) => {
  const run = await runLeakscope(['export', heap, '--format', format, '-o', out, '--json']);
  expect(run.stderr).toBe('');
  expect(run.exitCode).toBe(0);
  const report = v.parse(ExportReportSchema, JSON.parse(run.stdout));
  expect(report).toMatchObject({ format, file: out, file_bytes: statSync(out).size });
  expect(report.heap.objects).toBe(drawn.nodeCount);
  expect(statSync(out).mode & 0o777).toBe(0o600);
});

test('the text says what was written and how to open it', async () => {
  const run = await runLeakscope(['export', heap, '--format', 'csv', '--table', 'roots', '-o', out, '--quiet']);
  expect(run.stdout.replaceAll(folder, '')).toMatchInlineSnapshot(`
    "CPython 3.12.1 · shop · pid 4242
    /out  147 B · csv, roots · 19 objects, 12 KB
    open with  a spreadsheet, pandas, DuckDB
    "
  `);
});

test('names are made safe in every format', async () => {
  for (const format of ['heapsnapshot', 'collapsed', 'speedscope', 'pprof']) {
    await runLeakscope(['export', heap, '--format', format, '-o', out]);
    const bytes = readFileSync(out);
    const text = (format === 'pprof' ? gunzipSync(bytes) : bytes).toString();
    expect(text).not.toContain('\x1b');
    expect(text).not.toContain('\\u001b');
    expect(text).toMatch(/pro\\{1,2}x1b\[31mfile/);
  }
  await runLeakscope(['export', heap, '--format', 'heapsnapshot', '-o', out]);
  expect(loadV8Snapshot(readFileSync(out, 'utf8')).length).toBe(10 + drawn.nodeCount);
});

test('wrong usage and a file that cannot be written', async () => {
  const wrong = [
    ['export', heap, '-o', out],
    ['export', heap, '--format', 'csv'],
    ['export', heap, '--format', 'xml', '-o', out],
    ['export', heap, '--format', 'pprof', '--table', 'roots', '-o', out],
  ];
  for (const words of wrong) {
    const run = await runLeakscope([...words, '--json']);
    expect([run.exitCode, JSON.parse(run.stdout).error.code]).toEqual([2, 'E_USAGE']);
  }
  const unwritable = join(folder, 'none', 'x');
  const run = await runLeakscope(['export', heap, '--format', 'csv', '-o', unwritable, '--json']);
  expect([run.exitCode, JSON.parse(run.stdout).error.code]).toEqual([3, 'E_FILE_WRITE']);
});
