// Locates the runtime of every interpreter of this machine in real processes, also where files or symbols are missing.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { interpreters } from '../../test/support/interpreters.ts';
import { startCommand, startPython, type TargetProcess } from '../../test/support/target-process.ts';
import { ProblemLog } from '../base/problems.ts';
import { processSpace } from './address-space.ts';
import { elfBuildId, findElfSymbols, parseElf } from './elf.ts';
import { openMappedFile } from './mapped-elf.ts';
import { mappedFiles, readMemoryMaps, regionAt } from './memory-maps.ts';
import { openProcessMemory } from './process-memory.ts';
import { locatePythonRuntime, type PythonModuleCache, RUNTIME_SYMBOLS, readPythonModule } from './python-runtime.ts';
import { formatVersion } from './python-version.ts';

const READY = 'import sys; print(hex(sys.hexversion), id(None), id(type), flush=True); sys.stdin.read()';

let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});

function locate(pid: number, options: { readonly cache?: PythonModuleCache } = {}) {
  const memory = openProcessMemory(pid);
  try {
    return locatePythonRuntime(processSpace(memory, readMemoryMaps(pid)), new ProblemLog(), options);
  } finally {
    memory.close();
  }
}

function expectOwnAddresses(pid: number, firstLine: string): void {
  const [version, none, type] = firstLine.split(' ').map(Number);
  const found = locate(pid);
  expect(found).toBeDefined();
  expect(found?.versionHex).toBe(version);
  expect(found?.symbols._Py_NoneStruct).toBe(none);
  expect(found?.symbols.PyType_Type).toBe(type);
  expect(regionAt(readMemoryMaps(pid), found?.runtimeAddress ?? 0)?.writable).toBe(true);
}

describe.each(interpreters().map((python) => [python.label, python] as const))('CPython %s', (_label, python) => {
  test('is found with its exact version and its symbols at their addresses', async () => {
    target = await startPython(python.path, READY);
    expectOwnAddresses(target.pid, target.firstLine);
    const found = locate(target.pid);
    expect(found?.freeThreaded ?? python.freeThreaded).toBe(python.freeThreaded);
    expect(found?.versionHint === undefined ? '' : formatVersion(found.versionHint)).toContain(
      python.version.join('.'),
    );
    expect(found?.buildId).toMatch(/^([0-9a-f]{16,})$/);
  });

  test('is found from the image in memory alone', async () => {
    target = await startPython(python.path, READY);
    const regions = readMemoryMaps(target.pid);
    const memory = openProcessMemory(target.pid);
    // A deleted file at a path that is no one's executable: only an unprivileged reader has to do without map_files.
    const found = mappedFiles(regions)
      .map((file) => openMappedFile(-1, file, { ...memory, pid: -1 }))
      .map((opened) => (opened === undefined ? undefined : parseElf(opened.source)))
      .map((elf) => (elf === undefined ? undefined : readPythonModule(elf)))
      .filter((module) => module?.runtime !== undefined);
    memory.close();
    expect(found).toHaveLength(1);
    const located = locate(target.pid);
    expect((found[0]?.runtime ?? 0) + (located?.imageBias ?? 0)).toBe(located?.runtimeAddress);
    expect(found[0]?.versionHex).toBe(python.version[1] >= 11 ? located?.versionHex : undefined);
  });
});

test('an executable deleted while it runs is found through its mapping', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'leakscope-test-'));
  try {
    for (const python of interpreters().filter(({ isLauncher }) => !isLauncher)) {
      const copy = join(folder, `copied-${python.label.replace(/\W/g, '_')}`);
      copyFileSync(python.path, copy);
      const home = spawnSync(python.path, ['-c', 'import sys; print(sys.prefix)'], { encoding: 'utf8' }).stdout.trim();
      target = await startCommand([copy, '-c', READY], { env: { PYTHONHOME: home } });
      unlinkSync(copy);
      expectOwnAddresses(target.pid, target.firstLine);
      await target.stop();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a program that is no Python has no runtime', async () => {
  target = await startCommand(['sh', '-c', 'echo ready; read x']);
  expect(locate(target.pid)).toBeUndefined();
});

test('a cache makes the second look read no symbols', async () => {
  const python = interpreters()[0]!;
  target = await startPython(python.path, READY);
  const cache: PythonModuleCache = new Map();
  const first = locate(target.pid, { cache });
  expect([...cache.values()].filter((module) => module?.runtime !== undefined)).toHaveLength(1);
  const entries = cache.size;
  expect(locate(target.pid, { cache })).toEqual(first);
  expect(cache.size).toBe(entries);
});

describe('an ELF file', () => {
  const python = interpreters()[0]!;
  const program = readFileSync(python.path);
  const source = (bytes: Uint8Array) => ({
    readFile: (offset: number, length: number) =>
      offset >= 0 && offset + length <= bytes.length ? bytes.subarray(offset, offset + length) : undefined,
  });

  test('gives its dynamic symbols without section headers too', () => {
    const elf = parseElf(source(program))!;
    const names = ['Py_BytesMain', '_start', ...RUNTIME_SYMBOLS];
    const sectioned = findElfSymbols(elf, names, 'dynamic');
    const stripped = Buffer.from(program);
    stripped.fill(0, 40, 48);
    const bare = parseElf(source(stripped))!;
    expect(bare.sections).toEqual([]);
    expect([...findElfSymbols(bare, names, 'dynamic')]).toEqual([...sectioned]);
    expect(elfBuildId(elf)).toMatch(/^[0-9a-f]+$/);
  });

  test('with forged headers ends at once, with or without an answer', () => {
    let seed = 12345;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return seed % below;
    };
    const elf = parseElf(source(program))!;
    const interesting = [...Array(64).keys()];
    for (let i = 0; i < elf.segments.length * 56; i++) interesting.push(64 + i);
    const sectionsAt = Number(program.readBigUInt64LE(40));
    for (let i = 0; i < elf.sections.length * 64; i++) interesting.push(sectionsAt + i);
    const dynamic = elf.segments.find((segment) => segment.type === 2)!;
    for (let i = 0; i < dynamic.fileBytes; i++) interesting.push(dynamic.offset + i);
    const started = performance.now();
    for (let round = 0; round < 500; round++) {
      const forged = Buffer.from(program);
      for (let change = 0; change < 8; change++) {
        forged[interesting[random(interesting.length)]!] = [0, 1, 0x7f, 0x80, 0xff][random(5)]!;
      }
      if (round % 3 === 0) forged.fill(0, 40, 48);
      const broken = parseElf(source(forged), new ProblemLog());
      if (broken !== undefined) readPythonModule(broken, new ProblemLog());
    }
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  test('that is none is refused', () => {
    expect(parseElf(source(Buffer.from('#!/bin/sh\n')))).toBeUndefined();
    expect(parseElf(source(new Uint8Array(0)))).toBeUndefined();
    const other = Buffer.from(program);
    other[4] = 1;
    expect(parseElf(source(other))).toBeUndefined();
  });
});

test('a path with spaces, parentheses and newlines is mapped and opened', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'leak scope (deleted)\n'));
  try {
    const python = interpreters().at(-1)!;
    const file = join(folder, 'mapped data (deleted)');
    writeFileSync(file, Buffer.alloc(8192, 1));
    const code = `
import mmap, sys
f = open(sys.argv[1], 'rb'); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
print(m[0], flush=True); sys.stdin.read()`;
    target = await startPython(python.path, code, { args: [file] });
    const mapped = mappedFiles(readMemoryMaps(target.pid)).filter((f) => f.path.includes('mapped data'));
    expect(mapped).toHaveLength(1);
    const opened = openMappedFile(target.pid, mapped[0]!);
    expect(opened?.source.readFile(0, 4)).toEqual(new Uint8Array([1, 1, 1, 1]));
    opened?.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
