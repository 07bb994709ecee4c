// What core files tell is what the living process told: every interpreter, every way to come by a core.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ProblemLog } from '../../src/base/problems.ts';
import { type MemoryUse, ResidentPages } from '../../src/cpython/resident-pages.ts';
import type { RssMeasure } from '../../src/diagnose/rss-parts.ts';
import { CaptureReportSchema } from '../../src/protocol/capture.ts';
import { AttachedTarget } from '../../src/session/attached-target.ts';
import { captureCore } from '../../src/session/capture-session.ts';
import { coreMemoryUse } from '../../src/session/core-memory-use.ts';
import { type CoreTarget, openCoreTarget } from '../../src/session/core-target.ts';
import { measureCapture } from '../../src/session/rss-session.ts';
import { silentProgress } from '../../src/session/session-options.ts';
import { type MappedRegion, readMemoryMaps } from '../../src/target/memory-maps.ts';
import { readMemoryUse } from '../../src/target/memory-use.ts';
import {
  answersOf,
  gdbCore,
  type HeapAnswers,
  kernelCore,
  liveAnswers,
  missingProgram,
  noKernelCores,
  PLANTED,
  startDumpable,
} from '../support/core-dumps.ts';
import { anyInterpreter, type Interpreter, interpreters } from '../support/interpreters.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import type { TargetProcess } from '../support/target-process.ts';

const signal = new AbortController().signal;
const noKernel = noKernelCores();
const noGdb = missingProgram('gcore');
for (const reason of [noKernel, noGdb, missingProgram('zstd'), missingProgram('lz4')]) {
  if (reason !== undefined) console.log(`some tests of core files are skipped: ${reason}`);
}

let folder: string;
let target: TargetProcess;
let opened: CoreTarget | undefined;

async function open(path: string): Promise<CoreTarget> {
  opened?.close();
  opened = await openCoreTarget(path, { signal }, silentProgress);
  return opened;
}

async function ownCore(pid: number, name = 'own.core'): Promise<string> {
  const file = join(folder, name);
  const { pauseMs } = await captureCore({ pid, file, signal }, silentProgress);
  expect(pauseMs).toBeGreaterThan(0);
  return file;
}

afterEach(() => opened?.close());

/** The kinds of core that can be made here, spread over the interpreters. */
const KINDS = [
  ...(noKernel === undefined ? ['kernel' as const] : []),
  ...(noGdb === undefined ? ['gdb' as const] : []),
  'own' as const,
];

function kindFor(interpreter: Interpreter): (typeof KINDS)[number] {
  // gdb 13 gives up on a thread's stack at its guard page, which since glibc 2.42 lies in the same mapping.
  if (interpreter.isLauncher) return KINDS[0]!;
  return KINDS[interpreters().indexOf(interpreter) % KINDS.length]!;
}

describe.each(interpreters().map((python) => [python.label, kindFor(python), python] as const))(
  'CPython %s, %s core',
  (_label, kind, python) => {
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'leakscope-core-'));
      target = await startDumpable([python.path, '-c', PLANTED], folder);
    });
    afterAll(async () => {
      await target?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    test('gives the answers of the living process', async () => {
      const { pid } = target;
      const live = await liveAnswers(pid);
      expect(live.why.matches.map((match) => match.objects)).toEqual([3001]);
      const path = {
        kernel: () => kernelCore(target, folder),
        gdb: () => gdbCore(target, folder),
        own: () => ownCore(pid),
      };
      const mapped = readMemoryMaps(pid);
      const core = await open(await path[kind]());
      expect(answersOf(core.walk.graph)).toEqual(live);
      expect(core.problems).toEqual([]);
      expect(core.meta).toMatchObject({ pid, app: 'python -c …' });
      expect(core.meta.python).toContain(python.version.join('.'));
      expect(core.core.threads.map((thread) => thread.tid)).toContain(pid);
      expect(core.core.threads).toHaveLength(2);
      for (const { stackPointer } of core.core.threads) expect(core.core.image.isCopied(stackPointer)).toBe(true);
      const shared = core.core.regions.filter((region) => region.shared && region.end - region.start >= 8 << 20);
      expect(shared.map((region) => core.core.image.isCopied(region.start))).toEqual([false]);
      for (const name of ['[heap]', '[stack]']) {
        const named = ({ path: at }: MappedRegion): boolean => at === name;
        expect(core.core.regions.filter(named).map((region) => region.range)).toEqual(
          mapped.filter(named).map((region) => region.range),
        );
      }
    });
  },
);

describe('one process, every kind of core', () => {
  let live: HeapAnswers;
  let own: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'leakscope-core-'));
    target = await startDumpable([anyInterpreter().path, '-c', PLANTED, 'a', 'hunter2-secret'], folder);
    live = await liveAnswers(target.pid);
    own = await ownCore(target.pid);
  });
  afterAll(async () => {
    await target?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function expectSame(path: string): Promise<CoreTarget> {
    const core = await open(path);
    expect(answersOf(core.walk.graph)).toEqual(live);
    expect(core.problems).toEqual([]);
    return core;
  }

  test('our own, with what the kernel said in the pause, and small on disk', async () => {
    const { core } = await expectSame(own);
    const { size, blocks, mode } = statSync(own);
    expect(mode & 0o777).toBe(0o600);
    expect(blocks * 512).toBeLessThan(64 << 20);
    expect(size).toBeGreaterThanOrEqual(blocks * 512 - (1 << 20));
    const { note } = core;
    expect(note?.smaps).toContain('[heap]');
    const rss = [...(note?.smaps ?? '').matchAll(/^Rss: +(\d+) kB/gm)].reduce(
      (sum, [, kb]) => sum + Number(kb) * 1024,
      0,
    );
    expect(rss).toBeGreaterThan(5 << 20);
    // The pages said to be present in the heap are those that smaps counts as resident there.
    const heap = core.regions.find((region) => region.path === '[heap]')!;
    const present = new ResidentPages(note?.resident?.runs ?? []).overlap(heap.start, heap.end);
    const heapLines = (note?.smaps ?? '').slice((note?.smaps ?? '').indexOf('[heap]'));
    expect(present).toBe(Number(/^Rss: +(\d+) kB/m.exec(heapLines)?.[1]) * 1024);
    // Headers and notes come before the first memory, and name no argument.
    const head = readFileSync(own);
    const memoryAt = Number(head.readBigUInt64LE(64 + 56 + 8));
    expect(head.subarray(0, memoryAt).includes('python')).toBe(true);
    expect(head.subarray(0, memoryAt).includes('hunter2')).toBe(false);
    // The reserved zeros is neither in the file nor in memory.
    const kept = core.image.segments.reduce((sum, segment) => sum + segment.bytes.length, 0);
    expect(kept).toBeLessThan(64 << 20);
  });

  test('ours splits resident memory as the living process does; others’ at least what is not zero', async () => {
    const attached = await AttachedTarget.attach(target.pid, new ProblemLog());
    let living: RssMeasure;
    try {
      let use: MemoryUse | undefined;
      const { walk } = await attached.capture({
        whileStopped: () => {
          use = readMemoryUse(target.pid);
        },
      });
      living = measureCapture(walk, use!, attached.interpreter.layout);
    } finally {
      attached.close();
    }
    const core = await open(own);
    const measureOf = (of: CoreTarget, use: MemoryUse) => measureCapture(of.walk, use, of.interpreter.layout);
    const exact = coreMemoryUse(core.core, core.walk.blocks.allocator.mallocHeaps);
    expect(exact.isExact).toBe(true);
    const parts = measureOf(core, exact.use).parts;
    expect(parts.map((part) => part.name)).toEqual(living.parts.map((part) => part.name));
    for (const [i, part] of parts.entries()) {
      // The first copy of a process makes some pages of zeros real.
      expect(Math.abs(part.bytes - living.parts[i]!.bytes), part.name).toBeLessThan(256 << 10);
    }
    if (noGdb !== undefined) return;
    const foreign = await open(gdbCore(target, folder));
    const guessed = coreMemoryUse(foreign.core, foreign.walk.blocks.allocator.mallocHeaps);
    expect(guessed.isExact).toBe(false);
    const objects = (measure: RssMeasure) => measure.parts.find((part) => /object/.test(part.name))!.bytes;
    expect(objects(measureOf(foreign, guessed.use))).toBeGreaterThan(0.95 * objects(living));
  });

  test.skipIf(noGdb !== undefined)('gdb’s', async () => {
    await expectSame(gdbCore(target, folder));
  });

  test.skipIf(missingProgram('gdb') !== undefined)('ours opens in gdb, with every thread', () => {
    const run = spawnSync('gdb', ['-batch', '-nx', '-ex', 'info threads', '-ex', 'x/1gx $sp', '-c', own], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(run.status, run.stderr).toBe(0);
    expect(run.stdout.match(/\(LWP \d+\)|LWP \d+/g)?.length).toBeGreaterThanOrEqual(2);
    expect(run.stdout).toMatch(/^0x[0-9a-f]+:\s+0x[0-9a-f]{16}$/m);
    expect(run.stdout + run.stderr).not.toMatch(/hunter2|truncated|not a core/);
  });

  test.each(['zstd', 'lz4'])('compressed with %s', async (program) => {
    const reason = missingProgram(program);
    if (reason !== undefined) return console.log(`skipped: ${reason}`);
    const options = program === 'zstd' ? [['-3'], ['-12', '--long=24']] : [['-1'], ['-1', '-BD', '-B4', '-BX']];
    for (const words of options) {
      const packed = `${own}.${program}`;
      const output = program === 'zstd' ? ['-o', packed] : [packed];
      expect(spawnSync(program, ['-q', '-f', ...words, own, ...output]).status).toBe(0);
      await expectSame(packed);
    }
  });

  test('the commands take it wherever they take a heap', async () => {
    const report = await runLeakscope(['report', own, '--json']);
    expect(JSON.parse(report.stdout)).toMatchObject({ snapshot: { file: own, pid: target.pid, app: 'python -c …' } });
    expect((await runLeakscope(['why', own, 'User'])).stdout).toContain('user_cache');
    const heap = join(folder, 'own.heap');
    const snapshot = await runLeakscope(['snapshot', '--core', own, '-o', heap]);
    expect(snapshot.stdout).not.toContain('paused');
    const diff = await runLeakscope(['diff', heap, own, '--json']);
    expect(diff.exitCode).toBe(0);
    const find = await runLeakscope(['find', own]);
    expect(find.exitCode).toBe(2);
    expect(find.stderr).toContain('core file');
    expect(find.stderr).toContain(`leakscope report ${own}`);
    for (const { stdout, stderr } of [report, snapshot, diff]) expect(stdout + stderr).not.toContain('hunter2');
  });

  test('capture says what it wrote, and that it holds values', async () => {
    const file = join(folder, 'said.core');
    const json = await runLeakscope(['capture', `${target.pid}`, '-o', file, '--json']);
    const answer = v.parse(CaptureReportSchema, JSON.parse(json.stdout));
    expect(answer).toMatchObject({ snapshot: { file, pid: target.pid }, threads: 2, file_bytes: statSync(file).size });
    const text = await runLeakscope(['capture', `${target.pid}`, '-o', file]);
    expect(text.stdout).toMatch(/paused \d+ ms/);
    expect(text.stdout).toContain('every value');
    const refused = await runLeakscope(['capture', `${target.pid}`, '-o', file, '--max-pause', '0.01']);
    expect(refused.stderr).toContain('E_PAUSE_TOO_LONG');
    expect((await runLeakscope(['capture', `${target.pid}`, '-o', folder])).stderr).toContain('E_FILE_WRITE');
  });

  test.skipIf(noKernel !== undefined)('the kernel’s, last as it ends the process', async () => {
    const kernel = await kernelCore(target, folder);
    await expectSame(kernel);
    if (spawnSync('zstd', ['-q', '-1', kernel]).status === 0) await expectSame(`${kernel}.zst`);
    if (spawnSync('lz4', ['-q', kernel, `${kernel}.lz4`]).status === 0) await expectSame(`${kernel}.lz4`);
  });
});
