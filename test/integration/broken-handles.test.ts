// Handles read from torn and forged structures: whatever stands there, reading ends, in time, without an exception, and
// gives only numbers that can be one.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProblemLog } from '../../src/base/problems.ts';
import { visitHandles } from '../../src/cpython/resource-handles.ts';
import { type Address, qualifiedTypeName } from '../../src/graph/heap-graph.ts';
import { AttachedTarget, type HeapCapture } from '../../src/session/attached-target.ts';
import { targetProgram } from '../support/growing-target.ts';
import { interpreters } from '../support/interpreters.ts';
import { startCommand, type TargetProcess } from '../support/target-process.ts';

/** Reading all handles of the target takes some ten milliseconds; the rest is for a busy machine. */
const TIME_LIMIT_MS = 5000;
const OWNERS = ['_io.FileIO', 'sqlite3.Connection', 'posix.ScandirIterator', 'mmap.mmap', 'socket.socket'];
/** Words of an object and of what its words point at that are damaged. */
const OBJECT_WORDS = 16;
const BEHIND_WORDS = 64;

const oldest = interpreters()[0]!;
const newest = interpreters().at(-1)!;

describe.each(oldest === newest ? [newest] : [oldest, newest])('damaged handles of $label', (interpreter) => {
  let program: TargetProcess;
  let target: AttachedTarget;
  let capture: HeapCapture;
  let objects: Address[];

  beforeAll(async () => {
    program = await startCommand([interpreter.path, targetProgram('resources.py')]);
    target = await AttachedTarget.attach(program.pid, new ProblemLog());
    capture = await target.capture();
    const { graph } = capture.walk;
    objects = Array.from(graph.addresses).filter((_, node) =>
      OWNERS.includes(qualifiedTypeName(graph.types[graph.typeOf[node]!]!)),
    );
  });
  afterAll(async () => {
    target?.close();
    program?.child.stdin?.write('\n');
    await program?.nextLine().catch(() => {});
    await program?.stop();
  });

  function readAll(): number[] {
    const numbers: number[] = [];
    const start = performance.now();
    visitHandles(capture.walk.graph, capture.image, target.interpreter.layout, {
      knows: () => true,
      handle: (_kind, number) => numbers.push(number),
    });
    expect(performance.now() - start).toBeLessThan(TIME_LIMIT_MS);
    for (const number of numbers) expect(Number.isSafeInteger(number) && number >= 0).toBe(true);
    return numbers;
  }

  test('any word of an object, and of what it points at, may be anything', () => {
    const { image } = capture;
    const whole = readAll();
    expect(whole.length).toBeGreaterThan(30);
    const values = fc.oneof(
      fc.constantFrom<[number, number]>([0, 0], [0xffff_ffff, 0xffff_ffff], [0xffff_ffff, 0x7fff], [8, 0]),
      fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff)),
      // Somewhere else in the heap: another object, or the same one again.
      fc.nat(objects.length - 1).map((i): [number, number] => [objects[i]! >>> 0, Math.floor(objects[i]! / 2 ** 32)]),
    );
    const damage = fc.record({
      object: fc.nat(objects.length - 1),
      word: fc.nat(OBJECT_WORDS - 1),
      behind: fc.option(fc.nat(BEHIND_WORDS - 1)),
      value: values,
    });
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 12 }), (damages) => {
        const undo: (() => void)[] = [];
        for (const { object, word, behind, value } of damages) {
          let address = objects[object]! + word * 8;
          if (behind !== null) address = image.pointer(address) + behind * 8;
          const index = address % 8 === 0 ? image.segmentIndex(address) : -1;
          if (index < 0) continue;
          const { bytes, start } = image.segments[index]!;
          const view = new DataView(bytes.buffer, bytes.byteOffset + (address - start), 8);
          const before = [view.getUint32(0, true), view.getUint32(4, true)] as const;
          undo.unshift(() => {
            view.setUint32(0, before[0], true);
            view.setUint32(4, before[1], true);
          });
          view.setUint32(0, value[0], true);
          view.setUint32(4, value[1], true);
        }
        try {
          readAll();
        } finally {
          for (const restore of undo) restore();
        }
      }),
      { numRuns: 150, seed: 20_261_125 },
    );
    expect(readAll()).toEqual(whole);
  });
});
