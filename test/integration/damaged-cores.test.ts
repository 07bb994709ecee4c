// Cores that are cut off or forged: what is there is used, what is missing is said, and nothing hangs, crashes or grows.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LeakscopeError } from '../../src/base/errors.ts';
import { ProblemLog } from '../../src/base/problems.ts';
import { captureCore } from '../../src/session/capture-session.ts';
import { type CoreTarget, openCoreTarget } from '../../src/session/core-target.ts';
import { silentProgress } from '../../src/session/session-options.ts';
import { openCore } from '../../src/target/core-file.ts';
import { answersOf, kernelCore, missingProgram, noKernelCores, PLANTED, startDumpable } from '../support/core-dumps.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import type { TargetProcess } from '../support/target-process.ts';

const signal = new AbortController().signal;
/** A core of 20 MB is read and walked in half a second; the rest is for a busy machine. */
const TIME_LIMIT_MS = 20_000;
const EXPECTED = ['E_CORE_FILE', 'E_NOT_PYTHON', 'E_NOT_CPYTHON', 'E_UNKNOWN_LAYOUT', 'E_PYTHON_TOO_OLD'];

let folder: string;
let target: TargetProcess;
let kernel: string;
let own: string;

const noKernel = noKernelCores();
if (noKernel !== undefined) console.log(`damaged cores of the kernel are not tested: ${noKernel}`);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'leakscope-damaged-'));
  target = await startDumpable([anyInterpreter().path, '-c', PLANTED], folder);
  own = join(folder, 'own.core');
  await captureCore({ pid: target.pid, file: own, signal }, silentProgress);
  kernel = noKernel === undefined ? await kernelCore(target, folder) : own;
});
afterAll(async () => {
  await target?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens and walks; a refusal must be one of those that say what is wrong. */
async function tryOpen(path: string): Promise<CoreTarget | LeakscopeError> {
  const start = performance.now();
  try {
    const core = await openCoreTarget(path, { signal }, silentProgress);
    core.close();
    return core;
  } catch (error) {
    if (!(error instanceof LeakscopeError) || !EXPECTED.includes(error.code)) throw error;
    return error;
  } finally {
    expect(performance.now() - start).toBeLessThan(TIME_LIMIT_MS);
  }
}

describe('cut off', () => {
  test('anywhere: an answer with a problem, or a refusal that says so', async () => {
    const { size } = statSync(kernel);
    const cut = join(folder, 'cut.core');
    const outcomes: string[] = [];
    const points = [1, 5, 63, 64, 100, 1000, 5000, 20_000, ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => (size * n) / 10)];
    // The last page is the kernel's own ([vsyscall]), which nobody misses.
    for (const point of [...points, size - 5000]) {
      writeFileSync(cut, readFileSync(kernel).subarray(0, Math.floor(point)));
      const outcome = await tryOpen(cut);
      if (outcome instanceof LeakscopeError) {
        outcomes.push(outcome.code);
        expect(outcome.message, `${point}`).toMatch(/cut off|too short|is no core file/);
      } else {
        outcomes.push('answered');
        expect(outcome.problems.map((problem) => problem.code)).toContain('core-truncated');
      }
    }
    expect(outcomes[0]).toBe('E_CORE_FILE');
    expect(outcomes.at(-1)).toBe('answered');
  });

  test('behind the heap: the same objects, and the number of segments that are missing', async () => {
    const whole = await openCoreTarget(kernel, { signal }, silentProgress);
    const cut = join(folder, 'cut.core');
    writeFileSync(cut, readFileSync(kernel));
    truncateSync(cut, statSync(kernel).size - 8192);
    const core = await openCoreTarget(cut, { signal }, silentProgress);
    expect(core.problems.find((problem) => problem.code === 'core-truncated')?.message).toMatch(
      /4\.0 KB of 1 memory segments are missing/,
    );
    expect(core.core.missing).toEqual({ bytes: 4096, segments: 1 });
    expect(answersOf(core.walk.graph).why.matches).toEqual(answersOf(whole.walk.graph).why.matches);
    whole.close();
    core.close();
  });

  test.each(['zstd', 'lz4'])('within %s', async (program) => {
    const reason = missingProgram(program);
    if (reason !== undefined) return console.log(`skipped: ${reason}`);
    const packed = join(folder, `packed.${program}`);
    spawnSync(program, ['-q', '-f', kernel, ...(program === 'zstd' ? ['-o', packed] : [packed])]);
    const bytes = readFileSync(packed);
    const cut = join(folder, 'cut.packed');
    for (const share of [0.0001, 0.01, 0.3, 0.6, 0.9, 0.999]) {
      writeFileSync(cut, bytes.subarray(0, Math.ceil(bytes.length * share)));
      const outcome = await tryOpen(cut);
      if (!(outcome instanceof LeakscopeError)) {
        expect(outcome.problems.map((problem) => problem.code)).toContain('core-truncated');
      } else expect(outcome.message).toMatch(/cut off|too short|is no core file/);
    }
    const random = fc.sample(fc.record({ at: fc.nat({ max: bytes.length - 1 }), byte: fc.nat({ max: 255 }) }), {
      numRuns: 12,
      seed: 7,
    });
    for (const { at, byte } of random) {
      const damaged = Buffer.from(bytes);
      damaged.fill(byte, at, Math.min(damaged.length, at + 3));
      writeFileSync(cut, damaged);
      await tryOpen(cut);
    }
  });
});

describe('forged', () => {
  /** The part of a core with its headers and notes; contents are what a forger cares least for. */
  const HEAD_BYTES = 24 << 10;

  /** Opens copies with a few changed words, and puts the words back. */
  async function expectBounded(file: string, open: (path: string) => Promise<unknown>, numRuns: number): Promise<void> {
    const whole = readFileSync(file);
    const forged = join(folder, 'forged.core');
    const word = fc.oneof(
      fc.constantFrom(0n, 1n, 0x1000n, 0xffffn, 0xffff_ffffn, 1n << 40n, (1n << 63n) - 1n, (1n << 64n) - 1n),
      fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
      fc.bigInt({ min: 0n, max: BigInt(whole.length) }),
    );
    const change = fc.record({ at: fc.nat({ max: HEAD_BYTES / 8 - 1 }), word });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
        const copy = Buffer.from(whole);
        for (const { at, word: value } of changes) copy.writeBigUInt64LE(value, at * 8);
        writeFileSync(forged, copy);
        const start = performance.now();
        const before = process.memoryUsage().arrayBuffers;
        await open(forged);
        expect(performance.now() - start).toBeLessThan(TIME_LIMIT_MS);
        expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 30);
      }),
      { numRuns, seed: 11, endOnFailure: true },
    );
  }

  async function openOnly(path: string): Promise<void> {
    try {
      (await openCore(path, { problems: new ProblemLog(), signal })).close();
    } catch (error) {
      if (!(error instanceof LeakscopeError) || error.code !== 'E_CORE_FILE') throw error;
    }
  }

  test('headers and notes of a kernel core', () => expectBounded(kernel, openOnly, 60));
  test('headers and notes of a core of ours', () => expectBounded(own, openOnly, 60));
  test('the same, walked', () => expectBounded(kernel, tryOpen, 12));

  test('a small file that claims to be endless memory', async () => {
    const bytes = readFileSync(kernel).subarray(0, 64 << 10);
    const count = bytes.readUInt16LE(56);
    // Every segment: a terabyte at the same place of the file, each at another address.
    for (let i = 1; i < count; i++) {
      const at = 64 + i * 56;
      bytes.writeBigUInt64LE(4096n, at + 8);
      bytes.writeBigUInt64LE(BigInt(i) << 41n, at + 16);
      bytes.writeBigUInt64LE(1n << 40n, at + 32);
      bytes.writeBigUInt64LE(1n << 40n, at + 40);
    }
    const file = join(folder, 'endless.core');
    writeFileSync(file, bytes);
    const problems = new ProblemLog();
    const core = await openCore(file, { problems, signal }).catch((error: unknown) => error);
    expect(problems.list().map((problem) => problem.code)).toContain('core-overlap');
    if (!(core instanceof LeakscopeError)) {
      const { image } = core as Awaited<ReturnType<typeof openCore>>;
      expect(image.segments.reduce((sum, segment) => sum + segment.bytes.length, 0)).toBeLessThan(1 << 20);
    }
  });
});
