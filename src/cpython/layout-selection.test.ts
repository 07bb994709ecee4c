// Layouts are chosen by what the memory says; every wrong choice is refused with a reason.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { interpreters } from '../../test/support/interpreters.ts';
import { startPython, type TargetProcess } from '../../test/support/target-process.ts';
import { LeakscopeError } from '../base/errors.ts';
import { ProblemLog } from '../base/problems.ts';
import { processSpace } from '../target/address-space.ts';
import { readMemoryMaps } from '../target/memory-maps.ts';
import { liveImage, openProcessMemory, type ProcessMemory } from '../target/process-memory.ts';
import { locatePythonRuntime } from '../target/python-runtime.ts';
import { debugOffsetMismatches, fitToDebugOffsets, readDebugOffsets } from './debug-offsets.ts';
import { Layout } from './layout.ts';
import { selectLayout } from './layout-selection.ts';
import { KNOWN_BUILDS } from './layouts/known-builds.ts';
import { MemoryImage } from './memory-image.ts';
import type { PythonRuntimeLocation } from './runtime-location.ts';
import { failedCheck } from './self-check.ts';

function refusal(image: MemoryImage, location: PythonRuntimeLocation): LeakscopeError {
  try {
    selectLayout(image, location);
  } catch (error) {
    if (error instanceof LeakscopeError) return error;
    throw error;
  }
  throw new Error('accepted');
}

for (const python of interpreters()) {
  describe(`CPython ${python.label}`, () => {
    const minor = python.version[1];
    let target: TargetProcess;
    let memory: ProcessMemory;
    let image: MemoryImage;
    let location: PythonRuntimeLocation;

    beforeAll(async () => {
      target = await startPython(python.path, 'import time; print(1); time.sleep(3600)');
      await new Promise((resolve) => setTimeout(resolve, 100));
      memory = openProcessMemory(target.pid);
      const regions = readMemoryMaps(target.pid);
      image = liveImage(memory, regions);
      location = locatePythonRuntime(processSpace(memory, regions), new ProblemLog())!;
    });

    afterAll(async () => {
      memory?.close();
      await target?.stop();
    });

    test('the layout is of its minor version, and says so without any help', () => {
      expect(selectLayout(image, location).minor).toBe(minor);
      const bare = { ...location, versionHex: undefined, versionHint: undefined, freeThreaded: undefined };
      expect(selectLayout(image, bare).minor).toBe(minor);
    });

    test('layouts of other minor versions fail the self-check', () => {
      for (const build of KNOWN_BUILDS) {
        const layout = new Layout(build);
        if (layout.minor === minor || layout.arch !== location.arch) continue;
        expect({ version: build.version, failed: failedCheck(image, layout, location.runtimeAddress) }).toEqual({
          version: build.version,
          failed: expect.any(String),
        });
      }
    });

    test('a wrong place is refused with the check that failed', () => {
      const error = refusal(image, { ...location, runtimeAddress: location.runtimeAddress + 4096 });
      expect(error.code).toBe('E_UNKNOWN_LAYOUT');
      expect(error.message).toMatch(/does not hold that|no known memory layout/);
      expect(error.hint).toContain('3.8 to 3.15');
    });

    if (minor >= 13) {
      test('its debug offsets agree with the layout', () => {
        expect(readDebugOffsets(image, location.runtimeAddress)).toMatchObject({ freeThreaded: python.freeThreaded });
        expect(debugOffsetMismatches(image, selectLayout(image, location), location.runtimeAddress)).toEqual([]);
      });

      test('every other release of its minor version can be fitted to it', () => {
        const others = KNOWN_BUILDS.filter(
          (build) =>
            ((build.versionHex >>> 16) & 0xff) === minor &&
            build.arch === location.arch &&
            build.freeThreaded === python.freeThreaded,
        );
        for (const build of others) {
          const fitted = new Layout(fitToDebugOffsets(image, [build], location.runtimeAddress));
          expect(debugOffsetMismatches(image, fitted, location.runtimeAddress)).toEqual([]);
          expect(failedCheck(image, fitted, location.runtimeAddress)).toBe(undefined);
        }
      });
    }
  });
}

describe('selectLayout', () => {
  const nowhere: PythonRuntimeLocation = {
    runtimeAddress: 0x1000,
    arch: 'x86-64',
    modulePath: '/usr/bin/python3',
    imageBias: 0,
    symbols: {},
  };
  const empty = new MemoryImage([]);

  test('refuses versions before 3.8 as too old', () => {
    for (const versionHex of [0x030710f0, 0x03060ff0, 0x020712f0]) {
      expect(refusal(empty, { ...nowhere, versionHex }).code).toBe('E_PYTHON_TOO_OLD');
    }
    expect(refusal(empty, { ...nowhere, versionHint: { major: 3, minor: 7 } }).message).toBe(
      'CPython 3.7 is too old to be read',
    );
  });

  test('refuses versions it does not know yet', () => {
    const error = refusal(empty, { ...nowhere, versionHex: 0x031000f0 });
    expect([error.code, error.message]).toEqual(['E_UNKNOWN_LAYOUT', 'CPython 3.16.0 is newer than this leakscope']);
  });

  test('refuses what is no runtime at all', () => {
    expect(refusal(empty, { ...nowhere, runtimeAddress: 0 }).code).toBe('E_NOT_CPYTHON');
    expect(refusal(empty, nowhere).code).toBe('E_UNKNOWN_LAYOUT');
  });

  test('no layout accepts memory of zeros or of pointers to itself', () => {
    const start = 0x10000;
    const bytes = new Uint8Array(1 << 20);
    const images = [new MemoryImage([{ start, bytes, writable: true }])];
    const words = new BigUint64Array(1 << 17).fill(BigInt(start));
    images.push(new MemoryImage([{ start, bytes: new Uint8Array(words.buffer), writable: true }]));
    for (const image of images) {
      for (const build of KNOWN_BUILDS)
        expect(failedCheck(image, new Layout(build), start)).toEqual(expect.any(String));
    }
  });
});
