// Interpreter state with words overwritten at random: readers answer, refuse or count, and always end.

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LeakscopeError } from '../src/base/errors.ts';
import { ProblemLog } from '../src/base/problems.ts';
import { readCollector } from '../src/cpython/collector-state.ts';
import { attachInterpreter } from '../src/cpython/interpreter.ts';
import { readRoots } from '../src/cpython/interpreter-roots.ts';
import { staticTypeDict } from '../src/cpython/interpreter-state.ts';
import { MemoryImage } from '../src/cpython/memory-image.ts';
import type { MemoryRegion } from '../src/cpython/memory-reader.ts';
import type { PythonRuntimeLocation } from '../src/cpython/runtime-location.ts';
import { readThreads } from '../src/cpython/thread-state.ts';
import { processSpace } from '../src/target/address-space.ts';
import { readMemoryMaps } from '../src/target/memory-maps.ts';
import { liveImage, openProcessMemory, type ProcessMemory } from '../src/target/process-memory.ts';
import { locatePythonRuntime } from '../src/target/python-runtime.ts';
import { interpreters } from './support/interpreters.ts';
import { startPython, type TargetProcess } from './support/target-process.ts';

const NESTED = 'import time\ndef a(): b()\ndef b(): print(1); time.sleep(3600)\na()';
/** Every overwritten image must be read within this time, in milliseconds: far above the usual, far below a hang. */
const TIME_LIMIT_MS = 10_000;
const RUNS = 60;

for (const python of interpreters()) {
  describe(`CPython ${python.label}`, () => {
    let target: TargetProcess;
    let memory: ProcessMemory;
    let regions: MemoryRegion[];
    let location: PythonRuntimeLocation;
    /** Starts of the structures worth spoiling. */
    let places: number[];

    beforeAll(async () => {
      target = await startPython(python.path, NESTED);
      await new Promise((resolve) => setTimeout(resolve, 100));
      memory = openProcessMemory(target.pid);
      const mapped = readMemoryMaps(target.pid);
      regions = mapped;
      location = locatePythonRuntime(processSpace(memory, mapped), new ProblemLog())!;
      const image = liveImage(memory, regions);
      const { interpreters: states } = attachInterpreter(image, location, new ProblemLog());
      const main = states[0]!;
      const threads = readThreads(image, main, new ProblemLog());
      const frames = threads.flatMap((thread) => thread.frames);
      places = [
        location.runtimeAddress,
        main.address,
        main.collectorAddress,
        main.modules,
        main.sysDict,
        main.builtins,
        ...threads.map((thread) => thread.address),
        ...frames.flatMap((frame) => [frame.address, frame.code, frame.fileNameAddress, frame.slots.address]),
        ...[main.sysDict, main.builtins].map((dict) => image.pointer(dict + main.layout.at('PyDictObject.ma_keys'))),
      ];
    });

    afterAll(async () => {
      memory?.close();
      await target?.stop();
    });

    /** Live memory with some words replaced. */
    const spoiled = (words: ReadonlyMap<number, bigint>): MemoryImage =>
      new MemoryImage([], regions, (start, length) => {
        const bytes = new Uint8Array(length);
        if (memory.read(start, bytes) === 0) return undefined;
        const view = new DataView(bytes.buffer);
        for (const [address, value] of words) {
          if (address >= start && address + 8 <= start + length) view.setBigUint64(address - start, value, true);
        }
        return bytes;
      });

    test('overwritten words never hang a reader or make it throw anything but a refusal', () => {
      const place = fc.nat(1e6).map((n) => places[n % places.length]!);
      // Most fields that are read lie in the first words; the rest of an interpreter is large.
      const offset = fc.oneof(fc.nat(64), fc.nat(2000)).map((word) => word * 8);
      const value = fc.oneof(
        fc.constantFrom(0n, 1n, 0xffff_ffffn, 0x7fff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn, 1n << 40n),
        place.map(BigInt),
        fc.bigInt(0n, 0xffff_ffff_ffff_ffffn),
      );
      fc.assert(
        fc.property(fc.array(fc.tuple(place, offset, value), { minLength: 1, maxLength: 12 }), (changes) => {
          const words = new Map(changes.map(([base, at, word]) => [base - (base % 8) + at, word]));
          const image = spoiled(words);
          const problems = new ProblemLog();
          const started = performance.now();
          try {
            const { interpreters: states } = attachInterpreter(image, location, problems);
            for (const state of states) {
              readCollector(image, state);
              readThreads(image, state, problems);
              readRoots(image, state, location.symbols, problems);
              for (const at of places) staticTypeDict(image, state, at);
            }
          } catch (error) {
            if (!(error instanceof LeakscopeError)) throw error;
          }
          expect(performance.now() - started).toBeLessThan(TIME_LIMIT_MS);
        }),
        { numRuns: RUNS },
      );
    });
  });
}
