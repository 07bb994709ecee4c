// The collector's state where no interpreter of this machine has it: the incremental collector of 3.14.0 to 3.14.4, frozen
// objects of free-threaded builds; and the rings of 3.15. The memory is written by the layouts' own offsets.
// test/integration/gc-state.test.ts holds the rest to real interpreters.

import { describe, expect, test } from 'vitest';
import { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import { AddressSet } from './address-set.ts';
import { AllocatorMap } from './allocator-map.ts';
import { addTrackedObjects } from './collector-lists.ts';
import { isIncremental, readCollector } from './collector-state.ts';
import { isFrozen } from './generation-members.ts';
import { Layout } from './layout.ts';
import { KNOWN_BUILDS } from './layouts/known-builds.ts';
import { MemoryImage } from './memory-image.ts';

const START = 0x7f00_0000_0000;
const BYTES = 64 << 10;
const GC = START + 4096;

function drawMemory(layout: Layout) {
  const view = new DataView(new ArrayBuffer(BYTES));
  const image = new MemoryImage(
    [{ start: START, bytes: new Uint8Array(view.buffer), writable: true }],
    [
      {
        start: START,
        end: START + BYTES,
        readable: true,
        writable: true,
        executable: false,
        shared: false,
        offset: 0,
        path: '',
      },
    ],
  );
  const main = {
    layout,
    address: START,
    runtimeAddress: START,
    id: 0,
    collectorAddress: GC,
    modules: 0,
    sysDict: 0,
    builtins: 0,
  };
  const field = (name: string): Address => GC + layout.need(`_gc_runtime_state.${name}`);
  return {
    image,
    field,
    i32: (at: Address, value: number) => view.setInt32(at - START, value, true),
    u64: (at: Address, value: number) => view.setBigUint64(at - START, BigInt(value), true),
    f64: (at: Address, value: number) => view.setFloat64(at - START, value, true),
    u8: (at: Address, value: number) => view.setUint8(at - START, value),
    read: () => readCollector(image, main),
  };
}

const layouts = KNOWN_BUILDS.map((build) => new Layout(build));
const named = (layout: Layout) => `${layout.version}${layout.freeThreaded ? 't' : ''} ${layout.arch}`;

const incremental = layouts.filter(isIncremental).map((l) => [named(l), l] as const);

describe.each(incremental)('the incremental collector of %s', (_, layout) => {
  const threshold = layout.need('gc_generation.threshold');
  const count = layout.need('gc_generation.count');

  test.each([0, 1])('calls what this round visited generation 1: space %i', (visited) => {
    const { field, i32, u64, read, image } = drawMemory(layout);
    const [young, first] = [field('young'), field('old')];
    const second = first + layout.sizeof('gc_generation');
    i32(field('visited_space'), visited);
    i32(field('enabled'), 1);
    for (const [i, at] of [young, first, second].entries()) {
      i32(at + threshold, 2000 + i);
      i32(at + count, 10 * (i + 1));
    }
    // One object in each list, two in the second space; links to the old spaces carry the mark of the space.
    const objects = [1, 2, 3, 4].map((i) => START + 16_384 + 64 * i);
    const link = (head: Address, listed: readonly Address[], mark: number): void => {
      let from = head;
      for (const object of listed) {
        u64(from, object - 16 + (from === head ? 0 : mark));
        from = object - 16;
      }
      u64(from, head + (from === head ? 0 : mark));
    };
    link(young, [objects[0]!], 0);
    link(first, [objects[1]!], 0);
    link(second, [objects[2]!, objects[3]!], 1);
    link(field('permanent_generation'), [], 0);
    const collector = read();
    expect(collector.thresholds).toEqual([2000, 2001, 0]);
    expect(collector.counts).toEqual(visited === 0 ? [10, 20, 30] : [10, 30, 20]);
    const [tracked, old] = [new AddressSet(image), new AddressSet(image)];
    const problems = new ProblemLog();
    const [sizes] = addTrackedObjects(image, layout, [collector], new AllocatorMap(image), tracked, old, problems);
    expect(problems.list()).toEqual([]);
    expect(sizes).toEqual({ generations: visited === 0 ? [1, 1, 2] : [1, 2, 1], permanent: 0 });
  });
});

const freeThreaded = layouts.filter((layout) => layout.freeThreaded).map((l) => [named(l), l] as const);

test.each(freeThreaded)('%s says of each object whether it is frozen', (_, layout) => {
  const { image, u8, read } = drawMemory(layout);
  const { frozenMark, generationHeads, permanentHead } = read();
  expect([generationHeads, permanentHead]).toEqual([[], 0]);
  const [plain, frozen] = [START + 16_384, START + 16_448];
  u8(plain + layout.need('PyObject.ob_gc_bits'), 1);
  u8(frozen + layout.need('PyObject.ob_gc_bits'), 1 + 8);
  expect(isFrozen(image, frozenMark, plain)).toBe(false);
  expect(isFrozen(image, frozenMark, frozen)).toBe(true);
});

const noted = layouts.filter((layout) => layout.sizeof('gc_stats') > 0).map((l) => [named(l), l] as const);

test.each(noted)('%s notes how long collections take', (_, layout) => {
  const { field, u64, f64, u8, read } = drawMemory(layout);
  const stats = START + 32_768;
  u64(field('generation_stats'), stats);
  const item = layout.fieldSize('gc_stats.young.items') / 11;
  const ring = layout.fieldSize('gc_stats.old') / 2;
  const write = (at: Address, [start, stop, ...counts]: readonly number[], seconds: number): void => {
    [start!, stop!, ...counts].forEach((value, i) => {
      u64(at + 8 * i, value);
    });
    f64(at + 48, seconds);
  };
  // The last entry of each ring counts, wherever it is.
  write(stats + 10 * item, [5_000_000, 6_000_000, 700, 30, 0, 2000], 0.25);
  u8(stats + 11 * item, 10);
  const oldest = stats + layout.need('gc_stats.old') + ring;
  write(oldest, [1_000_000, 2_000_000, 1, 4, 0, 90], 0.001);
  write(oldest + item, [10_000_000, 22_500_000, 2, 9, 1, 80], 0.0135);
  u8(oldest + 3 * item, 1);
  const collector = read();
  expect(collector.stats).toEqual([
    { collections: 700, collected: 30, uncollectable: 0 },
    { collections: 0, collected: 0, uncollectable: 0 },
    { collections: 2, collected: 9, uncollectable: 1 },
  ]);
  expect(collector.lastFullMs).toBe(12.5);
  expect(collector.spentMs).toEqual([250, 0, 13.5]);
});

test.each(layouts.filter((layout) => layout.sizeof('gc_stats') === 0).map((l) => [named(l), l] as const))(
  '%s does not',
  (_, layout) => {
    const collector = drawMemory(layout).read();
    expect([collector.lastFullMs, collector.spentMs]).toEqual([undefined, undefined]);
  },
);
