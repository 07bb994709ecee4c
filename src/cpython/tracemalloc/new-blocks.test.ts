import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AllocationTraces } from './allocation-traces.ts';
import { findNewBlocks, rememberBlocks } from './new-blocks.ts';

/** A block: its address (in other domains than the interpreter's any number), its size, and the traceback of its trace. */
interface Block {
  readonly address: number;
  readonly size: number;
  readonly traceback: number;
}

const TRACEBACKS = 5;

function tracesOf(blocks: readonly Block[]): AllocationTraces {
  return {
    count: blocks.length,
    addresses: Float64Array.from(blocks, ({ address }) => address),
    sizes: Float64Array.from(blocks, ({ size }) => size),
    domains: new Uint32Array(blocks.length),
    tracebackOf: Uint32Array.from(blocks, ({ traceback }) => traceback),
    tracebacks: {
      count: TRACEBACKS,
      addresses: Float64Array.from({ length: TRACEBACKS }, (_, t) => 0x7f00_0000_1000 + t * 112),
      firstFrame: new Uint32Array(TRACEBACKS + 1),
      depths: new Uint32Array(TRACEBACKS),
      files: new Uint32Array(0),
      lines: new Uint32Array(0),
      fileNames: [],
    },
    isComplete: true,
  };
}

const heapAddress = fc.integer({ min: 1, max: 2 ** 20 }).map((n) => 0x7f12_3400_0000 + n * 16);
const block = fc.record<Block>({
  address: fc.oneof(heapAddress, fc.double({ min: 0, max: 2 ** 64, noNaN: true }).map(Math.floor)),
  size: fc.integer({ min: 0, max: 2 ** 40 }),
  traceback: fc.nat(TRACEBACKS - 1),
});
const looks = fc.tuple(
  fc.uniqueArray(block, { maxLength: 60, selector: ({ address }) => address }),
  fc.uniqueArray(block, { maxLength: 60, selector: ({ address }) => address }),
  fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
);

test('a block that was there before is never new; one at another address always is', () => {
  fc.assert(
    fc.property(looks, ([before, came, stays]) => {
      const old = before.filter((_, i) => stays[i]);
      const taken = new Set(before.map(({ address }) => address));
      const others = came.filter(({ address }) => !taken.has(address) && address < 2 ** 47);
      const isNew = findNewBlocks(tracesOf([...old, ...others]), rememberBlocks(tracesOf(before)));
      expect([...isNew.subarray(0, old.length)]).toEqual(old.map(() => 0));
      const inside = before.every(({ address }) => address < 2 ** 47);
      if (inside) expect([...isNew.subarray(old.length)]).toEqual(others.map(() => 1));
    }),
  );
});

test('most blocks that took over the address of another are new', () => {
  const addresses = Array.from({ length: 2000 }, (_, n) => 0x7f12_3400_0000 + n * 48);
  const before = tracesOf(addresses.map((address, n) => ({ address, size: 40, traceback: n % 2 })));
  const after = tracesOf(addresses.map((address, n) => ({ address, size: 40 + (n % 5), traceback: 2 + (n % 3) })));
  const isNew = findNewBlocks(after, rememberBlocks(before));
  expect(isNew.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(1600);
});
