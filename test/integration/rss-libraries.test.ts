// `rss` where memory is not CPython's own doing: NumPy and pandas arrays, other allocators than glibc's, huge pages.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { RssReport } from '../../src/diagnose/rss-report.ts';
import { runRss } from '../../src/session/rss-session.ts';
import { silentProgress } from '../../src/session/session-options.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { pypiEnvironment } from '../support/pypi-environment.ts';
import { startCommand, startPython, type TargetProcess } from '../support/target-process.ts';

const MIB = 2 ** 20;
const SHAPES = join(import.meta.dirname, '../targets/rss_shapes.py');

let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
});

async function rssOf(pid: number): Promise<RssReport> {
  const report = await runRss({ pid, top: 8, signal: new AbortController().signal }, silentProgress);
  const sum = report.parts.reduce((total, part) => total + part.bytes, 0);
  expect(Math.abs(sum - report.rss_bytes) / report.rss_bytes).toBeLessThan(0.02);
  return report;
}

function bytesOf(report: RssReport, name: string): number {
  return report.parts.find((part) => part.name === name)?.bytes ?? 0;
}

describe('NumPy and pandas', () => {
  const environment = pypiEnvironment(anyInterpreter(), ['numpy', 'pandas']);
  const missing = 'missing' in environment ? environment.missing : undefined;
  if (missing !== undefined) console.warn(`NumPy and pandas are not tested: ${missing}`);
  const python = 'python' in environment ? environment.python : '';

  test.skipIf(missing !== undefined)('the data of arrays belongs to whoever holds a view of it', async () => {
    target = await startPython(
      python,
      `
import numpy, sys
views = [numpy.ones(1_000_000)[:10] for _ in range(10)]
print('ready', flush=True)
sys.stdin.read()`,
    );
    const report = await rssOf(target.pid);
    expect(bytesOf(report, 'object buffers') / MIB).toBeGreaterThan(76);
    expect(report.owners[0]).toMatchObject({ path: 'module __main__ › global views' });
    expect(report.owners[0]!.bytes / MIB).toBeGreaterThan(76);
    expect(bytesOf(report, 'unknown') / report.rss_bytes).toBeLessThan(0.05);
  });

  test.skipIf(missing !== undefined)('a slice of a frame keeps the whole of it', async () => {
    target = await startPython(
      python,
      `
import numpy, pandas, sys
heads = [pandas.DataFrame(numpy.ones((200_000, 8))).iloc[:5] for _ in range(6)]
print('ready', flush=True)
sys.stdin.read()`,
    );
    const report = await rssOf(target.pid);
    expect(bytesOf(report, 'object buffers') / MIB).toBeGreaterThan(72);
    expect(report.owners[0]?.path).toBe('module __main__ › global heads');
    expect(bytesOf(report, 'unknown') / report.rss_bytes).toBeLessThan(0.05);
  });

  const hugePages = readText('/sys/kernel/mm/transparent_hugepage/enabled');
  const noHuge = missing ?? (/\[never\]|^$/.test(hugePages) ? 'transparent huge pages are off' : undefined);
  if (noHuge !== undefined) console.warn(`huge pages are not tested: ${noHuge}`);
  test.skipIf(noHuge !== undefined)('huge pages that were hardly written to are noted', async () => {
    target = await startPython(
      python,
      `
import mmap, sys
memory = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.madvise(mmap.MADV_HUGEPAGE)
for at in range(0, 64 << 20, 2 << 20):
    memory[at] = 1
print('ready', flush=True)
sys.stdin.read()`,
    );
    const report = await rssOf(target.pid);
    if (report.huge_pages.bytes < 16 * MIB) {
      console.warn('the kernel had no huge pages to give');
      return;
    }
    expect(report.huge_pages.zero_bytes / report.huge_pages.bytes).toBeGreaterThan(0.9);
    expect(report.conclusion.notes.join(' ')).toContain('was never written to');
  });
});

describe('other allocators', () => {
  test.each(['jemalloc', 'tcmalloc', 'mimalloc'])('%s is named, and what of it objects use is told', async (name) => {
    const library = findLibrary(name);
    if (library === undefined) {
      console.warn(`${name} is not tested: there is no lib${name} on this machine`);
      return;
    }
    target = await startCommand([anyInterpreter().path, SHAPES, 'buffers'], { env: { LD_PRELOAD: library } });
    const report = await rssOf((JSON.parse(target.firstLine) as { pid: number }).pid);
    const other = report.parts.find((part) => part.name === 'other allocator')!;
    expect(other.detail).toContain(name);
    // A bytearray and a list's items, whose sizes their objects do not tell.
    expect(other.bytes / MIB).toBeGreaterThan(40);
    expect(bytesOf(report, 'live objects') / MIB).toBeGreaterThan(55);
    expect(bytesOf(report, 'unknown') / report.rss_bytes).toBeLessThan(0.05);
  });
});

function findLibrary(name: string): string | undefined {
  for (const folder of ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib']) {
    if (!existsSync(folder)) continue;
    const file = readdirSync(folder).find((entry) => new RegExp(`^lib${name}(_minimal)?\\.so\\.\\d+$`).test(entry));
    if (file !== undefined) return join(folder, file);
  }
  return undefined;
}

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
