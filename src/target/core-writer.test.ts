// Cores as leakscope writes them, read back: more segments than 16 bits count, holes, notes.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProblemLog } from '../base/problems.ts';
import { MemoryImage } from '../cpython/memory-image.ts';
import { type CaptureNote, decodeCaptureNote, encodeCaptureNote } from './capture-note.ts';
import { readCoreContents } from './core-contents.ts';
import { planCore } from './core-layout.ts';
import { openCoreFile } from './core-stream.ts';
import { type CoreToWrite, writeCore } from './core-writer.ts';
import { MACHINE_AARCH64, MACHINE_X86_64 } from './elf.ts';
import { parseMemoryMaps } from './memory-maps.ts';

const PAGE = 4096;

const NOTE: Omit<CaptureNote, 'version'> = {
  tool: '0.1.0',
  pid: 42,
  app: 'app.py',
  python: 'CPython 3.12.1',
  takenAt: '2026-11-20T08:12:44.000Z',
  pauseMs: 12.5,
  smaps: '1000-2000 rw-p 00000000 00:00 0 [heap]\nRss: 4 kB\n',
  threads: [{ tid: 42, stackPointer: 0x7ffc_0000_1000, instructionPointer: 0x401000 }],
  resident: { runs: [0x1000, 0x2000, 0x5000, 0x9000], shared: [0x5000, 0x6000] },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'leakscope-writer-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A process with the mappings of a maps file, `contents` by page address. */
function coreOf(maps: string, contents: ReadonlyMap<number, number>, machine = MACHINE_X86_64): CoreToWrite {
  const regions = parseMemoryMaps(maps);
  const image = new MemoryImage(
    [...contents].map(([start, fill]) => ({ start, bytes: new Uint8Array(PAGE).fill(fill), writable: true })),
  );
  const memory = { read: () => 0 };
  return {
    machine,
    pieces: planCore(regions, image.segments, memory, '/usr/bin/python'),
    regions,
    image,
    memory,
    pid: 42,
    parentPid: 1,
    uid: 1000,
    comm: 'python',
    threads: NOTE.threads,
    auxv: Buffer.alloc(32),
    note: encodeCaptureNote(NOTE),
  };
}

async function readBack(path: string) {
  const file = openCoreFile(path);
  const problems = new ProblemLog();
  try {
    return { contents: await readCoreContents(file, problems), problems: problems.list() };
  } finally {
    file.close();
  }
}

test('pages, rights, files and threads come back, on both processors', async () => {
  const maps = [
    '1000-5000 rw-p 00000000 00:00 0 [heap]',
    '10000-12000 r--p 00003000 08:01 77 /usr/lib/lib.so (deleted)',
    '20000-2a00000 rw-p 00001000 08:01 78 /srv/data file',
    '7000000-7001000 ---p 00000000 00:00 0',
  ].join('\n');
  const contents = new Map([
    [0x2000, 7],
    [0x3000, 0],
    [0x4000, 8],
    [0x30000, 9],
  ]);
  for (const machine of [MACHINE_X86_64, MACHINE_AARCH64]) {
    const path = join(folder, 'small.core');
    const written = await writeCore(path, coreOf(maps, contents, machine));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(written.fileBytes).toBe(statSync(path).size);
    const { contents: read, problems } = await readBack(path);
    expect(problems).toEqual([]);
    expect(read.machine).toBe(machine);
    expect(read.notes).toMatchObject({ pid: 42, commandLine: 'python', threads: NOTE.threads });
    expect(read.notes.files).toEqual([
      { start: 0x10000, end: 0x12000, offset: 0x3000, path: '/usr/lib/lib.so', deleted: true },
      { start: 0x20000, end: 0x2a00000, offset: 0x1000, path: '/srv/data file', deleted: false },
    ]);
    expect(decodeCaptureNote(read.notes.capture!, new ProblemLog())).toEqual({ ...NOTE, version: 1 });
    // Of the heap all up to its last page, of a file mapping only the pages that were changed.
    expect([...read.dumped]).toEqual([0x1000, 0x5000, 0x30000, 0x31000]);
    const image = new MemoryImage(read.writable);
    expect([0x2000, 0x4fff, 0x30000].map((at) => image.u8(at))).toEqual([7, 8, 9]);
    expect(read.headers.segments.map((segment) => segment.memoryBytes / PAGE)).toEqual([4, 2, 16, 1, 0x29cf, 1]);
  }
});

test('more than 65,535 segments', async () => {
  const count = 70_000;
  const maps = Array.from({ length: count }, (_, i) => {
    const start = 0x100000 + i * 2 * PAGE;
    return `${start.toString(16)}-${(start + PAGE).toString(16)} rw-p 00000000 00:00 0`;
  });
  const last = 0x100000 + (count - 1) * 2 * PAGE;
  const path = join(folder, 'many.core');
  await writeCore(path, coreOf(maps.join('\n'), new Map([[last, 5]])));
  const { contents, problems } = await readBack(path);
  expect(problems).toEqual([]);
  expect(contents.headers.segments).toHaveLength(count);
  expect(contents.writable).toHaveLength(1);
  expect(contents.writable[0]!.start).toBe(last);
  if (spawnSync('readelf', ['--version']).status === 0) {
    const listed = spawnSync('readelf', ['-lW', path], { encoding: 'utf8', maxBuffer: 64 << 20 });
    expect(listed.stdout.match(/^ {2}LOAD /gm)).toHaveLength(count);
  }
  // Their number stands at the end of the file, where a stream has not been yet.
  if (spawnSync('zstd', ['-q', '-f', path, '-o', `${path}.zst`]).status === 0) {
    expect((await readBack(`${path}.zst`)).contents.headers.segments).toHaveLength(count);
  }
});

test('a cancelled run leaves nothing behind, and an older file as it was', async () => {
  const path = join(folder, 'cancelled.core');
  writeFileSync(path, 'older');
  const core = coreOf('1000-5000 rw-p 00000000 00:00 0 [heap]', new Map([[0x2000, 7]]));
  await expect(writeCore(path, { ...core, signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'E_CANCELLED',
  });
  expect(readFileSync(path, 'utf8')).toBe('older');
  expect(readdirSync(folder).filter((name) => name.startsWith('cancelled'))).toEqual(['cancelled.core']);
});

test('a note that was forged or cut off is a problem, not a failure', () => {
  const bytes = encodeCaptureNote(NOTE);
  for (const bad of [bytes.subarray(0, 20), new Uint8Array(40), Buffer.from('{}'), new Uint8Array(0)]) {
    const problems = new ProblemLog();
    expect(decodeCaptureNote(bad, problems)).toBeUndefined();
    expect(problems.list().map((problem) => problem.code)).toEqual(['capture-note']);
  }
  const wrong = { ...NOTE, threads: [{ tid: 'x' }] } as unknown as Omit<CaptureNote, 'version'>;
  expect(decodeCaptureNote(encodeCaptureNote(wrong), new ProblemLog())).toBeUndefined();
});
