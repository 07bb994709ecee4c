// The files a core's process used: moved, stripped, gone, replaced by others; and cores that lack what is needed.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LeakscopeError } from '../../src/base/errors.ts';
import { captureCore } from '../../src/session/capture-session.ts';
import { openCoreTarget } from '../../src/session/core-target.ts';
import { silentProgress } from '../../src/session/session-options.ts';
import { mappedFiles, readMemoryMaps } from '../../src/target/memory-maps.ts';
import {
  answersOf,
  type HeapAnswers,
  kernelCore,
  liveAnswers,
  missingProgram,
  noKernelCores,
  PLANTED,
  startDumpable,
} from '../support/core-dumps.ts';
import { type Interpreter, interpreters } from '../support/interpreters.ts';
import type { TargetProcess } from '../support/target-process.ts';

const signal = new AbortController().signal;
const noKernel = noKernelCores();
if (noKernel !== undefined) console.log(`tests of core files and their libraries are skipped: ${noKernel}`);

/** With a libpython of its own, and without the debug cookie of 3.13 that would make files needless. */
const python = interpreters().findLast(
  (candidate) => !candidate.isLauncher && candidate.version[1] <= 12 && libraryOf(candidate) !== undefined,
);
if (python === undefined) console.log('no CPython up to 3.12 with a shared library here: its files are not tested');

function libraryOf(interpreter: Interpreter): string | undefined {
  const code = "import sysconfig as s; print(s.get_config_var('LIBDIR') + '/' + s.get_config_var('INSTSONAME'))";
  const path = spawnSync(interpreter.path, ['-c', code], { encoding: 'utf8' }).stdout.trim();
  return path.includes('.so') && existsSync(path) ? path : undefined;
}

function buildIdOf(path: string): string {
  return /Build ID: ([0-9a-f]+)/.exec(spawnSync('readelf', ['-n', path], { encoding: 'utf8' }).stdout)?.[1] ?? '';
}

async function openCore(path: string, sysroot?: string) {
  const core = await openCoreTarget(path, { signal, sysroot }, silentProgress);
  core.close();
  return core;
}

async function failure(path: string, sysroot?: string): Promise<LeakscopeError> {
  const error = await openCore(path, sysroot).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof LeakscopeError)) throw new Error(`expected a refusal, got ${error}`);
  return error;
}

describe.skipIf(noKernel !== undefined || python === undefined)('a process whose files have moved', () => {
  let folder: string;
  let program: string;
  let library: string;
  let target: TargetProcess;
  let live: HeapAnswers;
  let own: string;
  let core: string;

  // The interpreter runs stripped, from a folder that is then emptied.
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'leakscope-origin-'));
    mkdirSync(join(folder, 'app'));
    program = join(folder, 'app', 'service');
    library = join(folder, 'app', basename(libraryOf(python!)!));
    copyFileSync(python!.path, program);
    chmodSync(program, 0o755);
    const strip = missingProgram('strip') === undefined;
    if (strip) expect(spawnSync('strip', ['-o', library, libraryOf(python!)!]).status).toBe(0);
    else copyFileSync(libraryOf(python!)!, library);
    const home = spawnSync(python!.path, ['-c', 'import sys; print(sys.prefix)'], { encoding: 'utf8' }).stdout.trim();
    target = await startDumpable([program, '-c', PLANTED], folder, {
      env: { PYTHONHOME: home, LD_LIBRARY_PATH: join(folder, 'app') },
    });
    expect(mappedFiles(readMemoryMaps(target.pid)).map((file) => file.path)).toContain(library);
    live = await liveAnswers(target.pid);
    own = join(folder, 'own.core');
    await captureCore({ pid: target.pid, file: own, signal }, silentProgress);
    core = await kernelCore(target, folder);
  });
  afterAll(async () => {
    await target?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('in their places: the same answers from a stripped library', async () => {
    const { walk, problems } = await openCore(core);
    expect(answersOf(walk.graph)).toEqual(live);
    expect(problems).toEqual([]);
  });

  test('elsewhere: by path, by name and by build-id below --sysroot; without, told which are missing', async () => {
    const id = buildIdOf(library);
    const programId = buildIdOf(program);
    renameSync(join(folder, 'app'), join(folder, 'gone'));
    const missing = await failure(core);
    expect(missing.code).toBe('E_NOT_PYTHON');
    expect(missing.hint).toContain('--sysroot');
    expect(missing.hint).toContain(`${library} (build-id ${id})`);

    const places = {
      path: (file: string) => join(folder, 'path', file),
      name: (file: string) => join(folder, 'name', 'unpacked/somewhere/deep', basename(file)),
      id: (_: string, buildId: string) => join(folder, 'id', '.build-id', buildId.slice(0, 2), buildId.slice(2)),
    };
    for (const [kind, place] of Object.entries(places)) {
      for (const [file, buildId] of [
        [library, id],
        [program, programId],
      ] as const) {
        const to = place(file, buildId);
        mkdirSync(join(to, '..'), { recursive: true });
        copyFileSync(join(folder, 'gone', basename(file)), to);
      }
      const { walk, problems } = await openCore(core, join(folder, kind));
      expect(answersOf(walk.graph), kind).toEqual(live);
      expect(problems, kind).toEqual([]);
    }
  });

  test('a core of ours needs none of them', async () => {
    expect(existsSync(library)).toBe(false);
    const { walk, core: file } = await openCore(own);
    expect(answersOf(walk.graph)).toEqual(live);
    expect(file.missingFiles().length).toBeGreaterThan(0);
  });

  test('another library in the place of the right one is not used', async () => {
    const other = join(folder, 'other');
    const put = join(other, library);
    mkdirSync(join(put, '..'), { recursive: true });
    const bytes = readFileSync(join(folder, 'gone', basename(library)));
    const at = bytes.indexOf(Buffer.from(buildIdOf(join(folder, 'gone', basename(library))), 'hex'));
    bytes[at]! ^= 1;
    writeFileSync(put, bytes);
    const error = await failure(core, other);
    expect(error.code).toBe('E_NOT_PYTHON');
    expect(error.hint).toContain(buildIdOf(join(folder, 'gone', basename(library))));
  });
});

/** It says where it is, and does without symbols. */
const described = interpreters().findLast(
  (candidate) => !candidate.isLauncher && candidate.version[1] >= 13 && libraryOf(candidate) !== undefined,
);

test.skipIf(noKernel !== undefined || described === undefined)(
  'from 3.13 on too, the library is asked for',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'leakscope-origin-'));
    const library = join(folder, basename(libraryOf(described!)!));
    copyFileSync(libraryOf(described!)!, library);
    const target = await startDumpable([described!.path, '-c', PLANTED], folder, { env: { LD_LIBRARY_PATH: folder } });
    try {
      expect(mappedFiles(readMemoryMaps(target.pid)).map((file) => file.path)).toContain(library);
      const core = await kernelCore(target, folder);
      const id = buildIdOf(library);
      rmSync(library);
      const error = await failure(core);
      expect(error.code).toBe('E_CORE_FILE');
      expect(error.message).toContain('lacks the files of its process');
      expect(error.hint).toContain(`${library} (build-id ${id})`);
    } finally {
      await target.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

describe.skipIf(noKernel !== undefined)('a core that lacks what is needed', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'leakscope-origin-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('without private memory is refused with the remedy', async () => {
    const interpreter = interpreters().at(0)!;
    const target = await startDumpable([interpreter.path, '-c', PLANTED], folder, { filter: '0x32' });
    const error = await failure(await kernelCore(target, folder, 'filtered.core'));
    expect(error.code).toBe('E_CORE_FILE');
    expect(error.message).toMatch(/holds no heap: \d.* of private memory were left out/);
    expect(error.hint).toContain('coredump_filter');
  });

  test('of another program is refused', async () => {
    const target = await startDumpable(['sh', '-c', 'echo ready; read x'], folder);
    const error = await failure(await kernelCore(target, folder, 'shell.core'));
    expect(error.code).toBe('E_NOT_PYTHON');
    expect(error.message).toContain('no Python interpreter was found');
  });

  test('of another machine, and files that are no cores, are refused', async () => {
    const bytes = readFileSync(join(folder, 'shell.core'));
    const file = join(folder, 'changed.core');
    const changed = async (at: number, value: number) => {
      const copy = Buffer.from(bytes);
      copy[at] = value;
      writeFileSync(file, copy);
      return failure(file);
    };
    expect((await changed(18, 8)).message).toContain('another processor');
    expect((await changed(4, 1)).message).toContain('32-bit');
    expect((await changed(5, 2)).message).toContain('big-endian');
    expect((await changed(16, 2)).message).toContain('not a core file');
    expect((await failure('/bin/sh')).code).toBe('E_CORE_FILE');
    writeFileSync(file, 'text');
    expect((await failure(file)).code).toBe('E_CORE_FILE');
    expect((await failure(join(folder, 'none'))).code).toBe('E_FILE_READ');
    expect((await failure(folder)).code).toBe('E_CORE_FILE');
  });
});
