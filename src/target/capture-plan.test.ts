// What is planned to be copied, over made-up regions and pages.

import { describe, expect, test } from 'vitest';
import type { MemoryRegion } from '../cpython/memory-reader.ts';
import { canHoldObjects, planCapture } from './capture-plan.ts';
import type { Pagemap } from './pagemap.ts';

const MIB = 1 << 20;

function region(start: number, bytes: number, more: Partial<MemoryRegion> = {}): MemoryRegion {
  const rights = { readable: true, writable: true, executable: false, shared: false };
  return { start, end: start + bytes, ...rights, offset: 0, path: '', ...more };
}

/** A pagemap with these runs present; notes what it was asked for. */
function pagemap(present: readonly (readonly [number, number])[]): Pagemap & { readonly asked: number[] } {
  const asked: number[] = [];
  return {
    asked,
    residentRuns: () => false,
    presentRuns(region, _modifiedOnly, runs) {
      asked.push(region.end - region.start);
      for (const [start, end] of present) {
        if (end > region.start && start < region.end) {
          runs.push(Math.max(start, region.start), Math.min(end, region.end));
        }
      }
    },
    entries: () => false,
    close() {},
  };
}

test('only private, writable, plain memory can hold objects', () => {
  const cases: [Partial<MemoryRegion>, boolean][] = [
    [{}, true],
    [{ path: '[heap]' }, true],
    [{ path: '[stack]' }, true],
    [{ path: '[anon:mimalloc]' }, true],
    [{ path: '/usr/lib/libpython3.12.so.1.0' }, true],
    [{ path: '/memfd:jit' }, true],
    [{ path: '/dev/zero' }, true],
    [{ path: '/dev/nvidia0' }, false],
    [{ path: '[vvar]' }, false],
    [{ shared: true }, false],
    [{ writable: false }, false],
    [{ readable: false }, false],
  ];
  for (const [more, expected] of cases)
    expect([more, canHoldObjects(region(MIB, MIB, more))]).toEqual([more, expected]);
});

describe('a large region', () => {
  const at = 64 * MIB;

  test('is copied in ranges around large gaps, with small gaps inside', () => {
    const pages = pagemap([
      [at, at + MIB],
      [at + MIB + 4096, at + 2 * MIB],
      [at + 8 * MIB, at + 9 * MIB],
    ]);
    const plan = planCapture([region(at, 16 * MIB)], pages);
    expect(plan.ranges).toEqual([
      { start: at, end: at + 2 * MIB, runs: [at, at + MIB, at + MIB + 4096, at + 2 * MIB] },
      { start: at + 8 * MIB, end: at + 9 * MIB, runs: [at + 8 * MIB, at + 9 * MIB] },
    ]);
    expect([plan.bufferBytes, plan.readBytes]).toEqual([3 * MIB, 3 * MIB - 4096]);
  });

  test('without any page is not copied', () => {
    expect(planCapture([region(at, 16 * MIB)], pagemap([]))).toMatchObject({ ranges: [], bufferBytes: 0 });
  });

  test('is asked only for what is new since an earlier plan', () => {
    const first = planCapture([region(at, 16 * MIB)], pagemap([[at, at + 16 * MIB]]));
    const pages = pagemap([[at, at + 17 * MIB]]);
    const plan = planCapture([region(at, 20 * MIB)], pages, first);
    expect(pages.asked).toEqual([4 * MIB]);
    expect(plan.ranges).toEqual([{ start: at, end: at + 17 * MIB, runs: [at, at + 17 * MIB] }]);
    const same = pagemap([]);
    expect(planCapture([region(at, 16 * MIB)], same, first).ranges).toEqual(first.ranges);
    expect(same.asked).toEqual([]);
    const shrunk = pagemap([]);
    expect(planCapture([region(at, 8 * MIB)], shrunk, first).readBytes).toBe(8 * MIB);
  });

  test('of a data file is copied where it was changed', () => {
    const file = region(at, 16 * MIB, { path: '/srv/data.npy' });
    const pages = pagemap([
      [at, at + 4096],
      [at + 8192, at + 12288],
    ]);
    expect(planCapture([file], pages).ranges.map((range) => range.end - range.start)).toEqual([4096, 4096]);
  });
});
