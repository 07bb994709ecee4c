// Tables of tracemalloc with words overwritten at random, and forged on purpose: what can be read is read, the rest is
// counted, nothing hangs, throws or grows without bound.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProblemLog } from '../src/base/problems.ts';
import type { HeapBlocks } from '../src/cpython/block-use.ts';
import type { Interpreter } from '../src/cpython/interpreter.ts';
import { MemoryImage } from '../src/cpython/memory-image.ts';
import type { AllocationTraces } from '../src/cpython/tracemalloc/allocation-traces.ts';
import { rememberBlocks } from '../src/cpython/tracemalloc/new-blocks.ts';
import { tracedBlocks } from '../src/cpython/tracemalloc/trace-owners.ts';
import { locateTracemalloc } from '../src/cpython/tracemalloc/tracemalloc-places.ts';
import { readTracemalloc } from '../src/cpython/tracemalloc/tracemalloc-snapshot.ts';
import { findAllocationHolders } from '../src/diagnose/allocation-holders.ts';
import { groupAllocations, sortedGroups } from '../src/diagnose/allocation-statistics.ts';
import { computeRetention, type Retention } from '../src/diagnose/retention.ts';
import { joinTraces } from '../src/diagnose/traced-heap.ts';
import { AttachedTarget } from '../src/session/attached-target.ts';
import { interpreters, type Interpreter as Python } from './support/interpreters.ts';
import { startPython, type TargetProcess } from './support/target-process.ts';

const PROGRAM = 'import time\nkept = [bytearray(100) for _ in range(500)]\nprint(1)\ntime.sleep(3600)';
const TIME_LIMIT_MS = 10_000;
const RUNS = 40;

/** One of the oldest tables, one of static variables, one in the runtime, and the newest. */
const chosen: readonly Python[] = [8, 11, 12, 15].flatMap(
  (minor) => interpreters().findLast(({ version }) => version[1] === minor) ?? [],
);

for (const python of chosen) {
  describe(`CPython ${python.label}`, () => {
    let target: TargetProcess;
    let interpreter: Interpreter;
    let image: MemoryImage;
    let blocks: HeapBlocks;
    let retention: Retention;
    /** Starts of the structures worth spoiling. */
    let places: number[];
    let release: () => void;

    beforeAll(async () => {
      target = await startPython(python.path, PROGRAM, { env: { PYTHONTRACEMALLOC: '4' } });
      const attached = await AttachedTarget.attach(target.pid, new ProblemLog());
      release = () => attached.close();
      interpreter = attached.interpreter;
      const capture = await attached.capture();
      image = capture.image;
      blocks = capture.walk.blocks;
      retention = computeRetention(capture.walk.graph);
      const found = locateTracemalloc(image, interpreter)!;
      const { layout } = interpreter;
      const table = image.pointer(found.traces);
      const buckets = image.pointer(table + layout.need('_Py_hashtable_t.buckets'));
      places = [found.config, found.traces, table, buckets];
      for (let bucket = 0; places.length < 200; bucket++) {
        const entry = image.pointer(buckets + bucket * 8);
        if (entry === 0) continue;
        const inline = layout.minor === 8;
        const trace = inline ? entry + 24 : image.pointer(entry + 24);
        places.push(buckets + bucket * 8, entry, trace, image.pointer(trace + layout.need('trace_t.traceback')));
      }
    });

    afterAll(async () => {
      release?.();
      await target?.stop();
    });

    /** The copied memory with some words replaced. */
    const spoiled = (words: ReadonlyMap<number, bigint>): MemoryImage => {
      const segments = image.segments.map((segment) => {
        const own = [...words].filter(([at]) => at >= segment.start && at + 8 <= segment.start + segment.bytes.length);
        if (own.length === 0) return segment;
        const bytes = segment.bytes.slice();
        const view = new DataView(bytes.buffer);
        for (const [at, value] of own) view.setBigUint64(at - segment.start, value, true);
        return { ...segment, bytes };
      });
      // What is not copied (constants) is read where it was.
      return new MemoryImage(segments, image.regions, (start, length) => image.bytes(start, length)?.slice());
    };

    const join = (traces: AllocationTraces): void => {
      // Blocks that are nowhere, or where others are, are joined with the objects there are.
      const heap = joinTraces(traces, blocks, rememberBlocks(traces));
      const rowOf = new Int32Array(traces.count);
      const [held] = findAllocationHolders({ heap, retention, rowOf, rows: 1, top: 3 });
      const known = held!.holders.reduce((sum, holder) => sum + holder.blocks, held!.other_holders.blocks);
      expect(known).toBe(traces.count);
      tracedBlocks(traces, blocks);
    };

    const read = (memory: MemoryImage, of = interpreter) => {
      const problems = new ProblemLog();
      const began = performance.now();
      const reading = readTracemalloc(memory, of, problems);
      if (typeof reading !== 'string') {
        const { traces } = reading;
        sortedGroups(groupAllocations(traces, new Uint8Array(traces.count).fill(1), { by: 'traceback' }));
      }
      expect(performance.now() - began).toBeLessThan(TIME_LIMIT_MS);
      if (typeof reading !== 'string') join(reading.traces);
      return { reading, problems: problems.list() };
    };

    /** The same interpreter as if it had been stripped. */
    const stripped = (): Interpreter => {
      const { _Py_tracemalloc_config: config } = interpreter.location.symbols;
      const symbols = config === undefined ? {} : { _Py_tracemalloc_config: config };
      return { ...interpreter, location: { ...interpreter.location, symbols } };
    };

    test('without symbols the same tables are found', () => {
      const { reading } = read(image, stripped());
      const { reading: whole } = read(image);
      if (typeof whole === 'string' || typeof reading === 'string') throw new Error('not read');
      expect(reading.foundBy).toBe(python.version[1] < 12 ? 'shape' : 'runtime');
      expect(reading.traces).toEqual(whole.traces);
      expect(reading.maxFrames).toBe(whole.maxFrames);
    });

    test('untouched, everything is read', () => {
      const { reading, problems } = read(spoiled(new Map()));
      expect(problems).toEqual([]);
      expect(reading).toMatchObject({ maxFrames: 4, traces: { isComplete: true } });
    });

    test('overwritten words never hang or throw', () => {
      const place = fc.nat(1e6).map((n) => places[n % places.length]!);
      const value = fc.oneof(
        fc.constantFrom(0n, 1n, 0xffff_ffffn, 0xffff_ffff_ffff_ffffn, 1n << 40n, 0x1_0000n),
        place.map(BigInt),
        fc.bigInt(0n, 0xffff_ffff_ffff_ffffn),
      );
      const change = fc.tuple(place, fc.nat(6), value);
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 10 }), (changes) => {
          const memory = spoiled(new Map(changes.map(([base, word, bits]) => [base + word * 8, bits])));
          read(memory);
          read(memory, stripped());
        }),
        { numRuns: RUNS },
      );
    });

    test('a chain that bites its own tail is a counted problem', () => {
      const entry = places[5]!;
      const { reading, problems } = read(spoiled(new Map([[entry, BigInt(entry)]])));
      expect(problems.map(({ code }) => code)).toContain('hash-table-torn');
      expect(reading).toMatchObject({ traces: { isComplete: false } });
    });

    test('a traceback without frames costs its traces only', () => {
      const traceback = places[7]!;
      const whole = read(image).reading;
      const { reading, problems } = read(spoiled(new Map([[traceback + 8, 0n]])));
      expect(problems.map(({ code }) => code)).toEqual(['trace-unreadable']);
      if (typeof whole === 'string' || typeof reading === 'string') throw new Error('not read');
      expect(reading.traces.count + problems[0]!.count).toBe(whole.traces.count);
    });

    test('a table of absurd size is none', () => {
      const table = places[2]!;
      // The two counts stand first, in an order that depends on the version.
      for (const count of [1n << 60n, 0xffff_ffff_ffff_ffffn, 1000n, 0n]) {
        const { reading } = read(
          spoiled(
            new Map([
              [table, count],
              [table + 8, count],
            ]),
          ),
        );
        expect(['unknown', 'not tracing']).toContain(reading);
      }
    });
  });
}
