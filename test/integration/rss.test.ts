// `rss` on real processes of every interpreter: the parts add up to what the kernel counts, the memory is in the part it
// was put into, and the allocators' own figures agree.

import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, describe, expect, test } from 'vitest';
import type { RssPartName } from '../../src/diagnose/rss-parts.ts';
import type { RssReport } from '../../src/diagnose/rss-report.ts';
import { RssReportSchema } from '../../src/protocol/rss.ts';
import { runRss } from '../../src/session/rss-session.ts';
import { silentProgress } from '../../src/session/session-options.ts';
import { readMemoryUse } from '../../src/target/memory-use.ts';
import { anyInterpreter, interpreters } from '../support/interpreters.ts';
import { startCommand, type TargetProcess } from '../support/target-process.ts';

const SHAPES = join(import.meta.dirname, '../targets/rss_shapes.py');
const MIB = 2 ** 20;

interface Facts {
  readonly pid: number;
  readonly threads: number;
  readonly arenas?: number;
  readonly small_used?: number;
  readonly malloc_used?: number;
  readonly malloc_free?: number;
  readonly malloc_mapped?: number;
}

let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
});

async function rssOf(
  python: string,
  shape: string,
  options: { env?: NodeJS.ProcessEnv; seconds?: number } = {},
): Promise<{ report: RssReport; facts: Facts; kernelBytes: number }> {
  await target?.stop();
  target = await startCommand([python, SHAPES, shape], { env: options.env ?? {} });
  const facts = JSON.parse(target.firstLine) as Facts;
  const report = await runRss(
    { pid: facts.pid, seconds: options.seconds, top: 8, signal: new AbortController().signal },
    silentProgress,
  );
  v.parse(RssReportSchema, report);
  // The target sleeps: what the kernel counts now is what it counted then.
  const kernelBytes = readMemoryUse(facts.pid).regions.reduce((sum, region) => sum + region.rssBytes, 0);
  return { report, facts, kernelBytes };
}

function bytesOf(report: RssReport, ...names: RssPartName[]): number {
  return report.parts.reduce((sum, part) => sum + (names.includes(part.name) ? part.bytes : 0), 0);
}

function expectToAddUp(report: RssReport, kernelBytes: number): void {
  const sum = report.parts.reduce((total, part) => total + part.bytes, 0);
  expect(Math.abs(sum - report.rss_bytes) / report.rss_bytes).toBeLessThan(0.001);
  expect(Math.abs(report.rss_bytes - kernelBytes) / kernelBytes).toBeLessThan(0.01);
  expect(bytesOf(report, 'unknown') / report.rss_bytes).toBeLessThan(0.01);
  expect(report.uss_bytes).toBeLessThanOrEqual(report.pss_bytes);
  expect(report.pss_bytes).toBeLessThanOrEqual(report.rss_bytes);
}

/** Where each shape's memory must be found, and what must be concluded from it. */
const EXPECTED: Readonly<
  Record<string, { parts: RssPartName[]; mib: readonly [least: number, most: number]; cause: string }>
> = {
  fragmented: {
    parts: ['free blocks', 'empty pools and arenas'],
    mib: [30, 75],
    cause: 'fragmentation of pymalloc',
  },
  thread_arenas: { parts: ['free in malloc'], mib: [18, 26], cause: 'arenas of threads' },
  large_thread_arena: { parts: ['object buffers'], mib: [170, 180], cause: 'live objects' },
  garbage: { parts: ['garbage'], mib: [8, 14], cause: 'garbage' },
  native: { parts: ['native memory'], mib: [19, 23], cause: 'native memory' },
  buffers: { parts: ['live objects', 'object buffers'], mib: [100, 135], cause: 'live objects' },
  freed: { parts: ['free in malloc'], mib: [36, 42], cause: 'free memory in malloc' },
  stacks: { parts: ['thread stacks'], mib: [8, 90], cause: 'thread stacks' },
  shared: { parts: ['shared memory'], mib: [24, 25], cause: 'shared memory' },
  mapped_file: { parts: ['file-backed'], mib: [24, 40], cause: 'page cache' },
  zero_pages: { parts: ['native memory', 'unknown'], mib: [0, 3], cause: 'nothing unusual' },
  forked: { parts: ['live objects', 'object buffers'], mib: [25, 50], cause: 'live objects' },
};

/** On every interpreter; the others, which are the C library's or the kernel's doing, on one. */
const EVERYWHERE = ['fragmented', 'thread_arenas', 'garbage'];

describe.each(interpreters())('rss of CPython $label', ({ path, freeThreaded }) => {
  test.each(EVERYWHERE)('puts memory where it is: %s', async (shape) => {
    const { report, facts, kernelBytes } = await rssOf(path, shape);
    expectToAddUp(report, kernelBytes);
    const { parts, mib, cause } = EXPECTED[shape]!;
    // Free-threaded builds give the pages of freed small objects back, and have objects of any size in mimalloc.
    if (!freeThreaded) {
      expect(bytesOf(report, ...parts) / MIB).toBeGreaterThan(mib[0]);
      expect(bytesOf(report, ...parts) / MIB).toBeLessThan(mib[1]);
      expect(report.conclusion.cause).toBe(cause);
    }
    if (facts.arenas !== undefined) {
      expect(Math.abs(report.fragmentation.arenas - facts.arenas)).toBeLessThanOrEqual(1);
      expect(Math.abs(report.fragmentation.live_bytes - facts.small_used!) / facts.small_used!).toBeLessThan(0.02);
    }
    if (facts.malloc_used !== undefined && facts.malloc_free !== undefined && facts.malloc_mapped !== undefined) {
      const { malloc } = report;
      const heaps = malloc.arenas.reduce((sum, arena) => sum + arena.bytes, 0);
      // glibc counts what waits in threads' caches as used; both leave out what it keeps of its own in each heap.
      expect(Math.abs(heaps - facts.malloc_used - facts.malloc_free) / heaps).toBeLessThan(0.02);
      expect(Math.abs(malloc.mapped_bytes - facts.malloc_mapped) / facts.malloc_mapped).toBeLessThan(0.02);
    }
  });
});

describe('rss', () => {
  const { path } = anyInterpreter();

  test.each(Object.keys(EXPECTED).filter((shape) => !EVERYWHERE.includes(shape)))(
    'puts memory where it is: %s',
    async (shape) => {
      const { report, kernelBytes } = await rssOf(path, shape);
      expectToAddUp(report, kernelBytes);
      const { parts, mib, cause } = EXPECTED[shape]!;
      expect(bytesOf(report, ...parts) / MIB).toBeGreaterThanOrEqual(mib[0]);
      expect(bytesOf(report, ...parts) / MIB).toBeLessThan(mib[1]);
      expect(report.conclusion.cause).toBe(cause);
      expect(report.problems).toEqual([]);
    },
  );

  test('names who keeps nearly empty arenas, and whose the live memory is', async () => {
    const { report } = await rssOf(path, 'fragmented');
    expect(report.fragmentation.sparse_arenas).toBeGreaterThan(20);
    expect(report.fragmentation.pinned_by[0]?.held_by).toBe('module __main__ › global keep');
    expect(report.fragmentation.occupancy).toBeLessThan(0.25);
    const dicts = report.fragmentation.size_classes[0]!;
    expect(dicts.live_blocks).toBeLessThan(dicts.capacity / 10);
    expect(report.fragmentation.map).toHaveLength(report.fragmentation.arenas);
    const { report: buffers } = await rssOf(path, 'buffers');
    expect(buffers.owners[0]?.path).toBe('module __main__ › global keep');
    expect(buffers.owners[0]!.bytes / MIB).toBeGreaterThan(90);
  });

  test('tells what is shared since a fork from what is the process’s own', async () => {
    const { report } = await rssOf(path, 'forked');
    const live = report.parts.find((part) => part.name === 'live objects')!;
    expect(live.shared_bytes / live.bytes).toBeGreaterThan(0.9);
    expect(report.uss_bytes / report.rss_bytes).toBeLessThan(0.3);
    expect(report.conclusion.notes.join(' ')).toContain('since a fork');
  });

  test.each(['malloc', 'debug', 'malloc_debug'])('adds up under PYTHONMALLOC=%s', async (allocator) => {
    const { report, kernelBytes } = await rssOf(path, 'garbage', { env: { PYTHONMALLOC: allocator } });
    expectToAddUp(report, kernelBytes);
    expect(bytesOf(report, 'garbage') / MIB).toBeGreaterThan(8);
    expect(report.conclusion.cause).toBe('garbage');
    expect(report.fragmentation.allocator).toBe(allocator === 'debug' ? 'pymalloc' : 'none');
  });

  test('adds up for the example service, and finds where its memory went', async () => {
    target = await startCommand([path, '-m', 'shop', '--port', '0'], {
      cwd: join(import.meta.dirname, '../../examples/shop'),
    });
    const port = Number(/(\d+)\D*$/.exec(target.firstLine)?.[1]);
    for (let i = 0; i < 300; i++) await (await fetch(`http://127.0.0.1:${port}/users/${i}`)).text();
    const signal = new AbortController().signal;
    const report = await runRss({ pid: target.pid, top: 50, signal }, silentProgress);
    const sum = report.parts.reduce((total, part) => total + part.bytes, 0);
    expect(Math.abs(sum - report.rss_bytes) / report.rss_bytes).toBeLessThan(0.02);
    expect(report.owners.map((owner) => owner.path)).toContain('module shop.users › global user_cache');
    expect(report.resources?.groups.some((group) => group.kind === 'sockets')).toBe(true);
  });

  test('says which part grows', async () => {
    target = await startCommand([
      path,
      '-c',
      `
import ctypes, time
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
print('ready', flush=True)
for _ in range(4000):
    ctypes.memset(libc.malloc(8000), 1, 8000)
    time.sleep(0.001)
time.sleep(1000)`,
    ]);
    const signal = new AbortController().signal;
    const report = await runRss({ pid: target.pid, seconds: 3, top: 8, signal }, silentProgress);
    expect(report.conclusion.cause).toBe('native memory');
    expect(report.pauses_ms).toHaveLength(3);
    const native = report.parts.find((part) => part.name === 'native memory')!;
    expect(native.bytes_per_minute! / report.growth!.rss_bytes_per_minute).toBeGreaterThan(0.8);
  });
});
