// Every target of rss has its twin in a core file, with the same answer: exactly in those of `leakscope capture`, and but
// for what a core cannot say in those of gdb and the kernel.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RssPartName } from '../../src/diagnose/rss-parts.ts';
import type { RssReport } from '../../src/diagnose/rss-report.ts';
import { captureCore } from '../../src/session/capture-session.ts';
import { rssOfCore, runRss } from '../../src/session/rss-session.ts';
import { silentProgress } from '../../src/session/session-options.ts';
import { gdbCore, kernelCore, missingProgram, noKernelCores, startDumpable } from '../support/core-dumps.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import type { TargetProcess } from '../support/target-process.ts';

const SHAPES = join(import.meta.dirname, '../targets/rss_shapes.py');
const signal = new AbortController().signal;
const noGdb = missingProgram('gcore');
const noKernel = noKernelCores();
for (const reason of [noGdb, noKernel])
  if (reason !== undefined) console.log(`some core files are not tested: ${reason}`);

/** The parts that a core of any origin can tell. */
const TOLD: readonly RssPartName[] = [
  'live objects',
  'object buffers',
  'garbage',
  'free blocks',
  'native memory',
  'free in malloc',
];

let folder: string;
let target: TargetProcess;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leakscope-rss-'));
});
afterEach(async () => {
  await target.stop();
  rmSync(folder, { recursive: true, force: true });
});

function bytesOf(report: RssReport, name: RssPartName): number {
  return report.parts.find((part) => part.name === name)?.bytes ?? 0;
}

function expectSameAnswer(core: RssReport, live: RssReport): void {
  for (const name of TOLD) {
    const [told, was] = [bytesOf(core, name), bytesOf(live, name)];
    // Untouched or all-zero pages at the edges of things.
    expect(Math.abs(told - was), name).toBeLessThan(Math.max(256 << 10, was * 0.02));
  }
  expect(core.conclusion.cause).toBe(live.conclusion.cause);
  expect(core.owners).toEqual(live.owners);
  expect(core.malloc.arenas.length).toBe(live.malloc.arenas.length);
  expect(core.fragmentation.sparse_arenas).toBe(live.fragmentation.sparse_arenas);
  expect(core.fragmentation.pinned_by).toEqual(live.fragmentation.pinned_by);
}

/** Shapes whose memory is in every core. What is shared, of a file, or never written is only known to our own. */
const IN_EVERY_CORE = ['fragmented', 'thread_arenas', 'garbage', 'native', 'freed', 'large_thread_arena', 'buffers'];
const IN_OURS = ['stacks', 'shared', 'mapped_file', 'zero_pages', 'forked'];

describe.each([...IN_EVERY_CORE, ...IN_OURS])('%s', (shape) => {
  test('is the same in core files of every origin', async () => {
    target = await startDumpable([anyInterpreter().path, SHAPES, shape], folder);
    const { pid } = JSON.parse(target.firstLine) as { pid: number };
    const live = await runRss({ pid, top: 8, signal }, silentProgress);
    const own = join(folder, 'own.core');
    await captureCore({ pid, file: own, signal }, silentProgress);
    const captured = await rssOfCore(own, { top: 8, signal }, silentProgress);
    const sum = captured.parts.reduce((total, part) => total + part.bytes, 0);
    expect(Math.abs(sum - captured.rss_bytes) / captured.rss_bytes).toBeLessThan(0.001);
    expect(Math.abs(captured.rss_bytes - live.rss_bytes)).toBeLessThan(256 << 10);
    expectSameAnswer(captured, live);
    expect(captured.problems).toEqual([]);
    for (const part of live.parts) {
      expect(Math.abs(bytesOf(captured, part.name) - part.bytes), part.name).toBeLessThan(512 << 10);
    }
    if (IN_OURS.includes(shape)) return;
    if (noGdb === undefined) {
      expectSameAnswer(await rssOfCore(gdbCore(target, folder), { top: 8, signal }, silentProgress), live);
    }
    if (noKernel === undefined) {
      const report = await rssOfCore(await kernelCore(target, folder), { top: 8, signal }, silentProgress);
      expectSameAnswer(report, live);
      expect(report.problems.map((problem) => problem.code)).toContain('core-without-residency');
    }
  });
});
