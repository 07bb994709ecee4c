// Regions of a core: segments cut by files, files without segments, and the heap and stack that no core names.

import { expect, test } from 'vitest';
import { MemoryImage } from '../cpython/memory-image.ts';
import type { CoreSegment } from './core-headers.ts';
import type { CoreFileMapping, CoreNotes } from './core-notes.ts';
import { coreRegions, nameCoreRegions } from './core-regions.ts';

const PAGE = 4096;

function segment(first: number, pages: number, rights = 'rw-'): CoreSegment {
  return {
    address: first * PAGE,
    memoryBytes: pages * PAGE,
    offset: 0,
    fileBytes: pages * PAGE,
    readable: rights.includes('r'),
    writable: rights.includes('w'),
    executable: rights.includes('x'),
  };
}

function file(path: string, first: number, pages: number, offsetPages = 0): CoreFileMapping {
  return { start: first * PAGE, end: (first + pages) * PAGE, offset: offsetPages * PAGE, path, deleted: false };
}

/** `0x10+2 rw- /lib@1`: first page, pages, rights, path and offset in pages. */
function drawn(segments: readonly CoreSegment[], files: readonly CoreFileMapping[]): string[] {
  return coreRegions(segments, files).map((region) => {
    const rights = `${region.readable ? 'r' : '-'}${region.writable ? 'w' : '-'}${region.executable ? 'x' : '-'}`;
    const path = region.path === '' ? '' : ` ${region.path}@${region.offset / PAGE}`;
    const shared = region.shared ? ' shared' : '';
    return `${(region.start / PAGE).toString(16)}+${(region.end - region.start) / PAGE} ${rights}${path}${shared}`;
  });
}

test('segments take the paths of the files at their addresses', () => {
  const segments = [
    segment(0x10, 1, 'r--'),
    segment(0x11, 2, 'r-x'),
    segment(0x13, 1),
    segment(0x14, 3),
    segment(0x20, 1),
  ];
  expect(drawn(segments, [file('/lib', 0x10, 1), file('/lib', 0x11, 2, 1), file('/lib', 0x13, 1, 3)])).toEqual([
    '10+1 r-- /lib@0',
    '11+2 r-x /lib@1',
    '13+1 rw- /lib@3',
    '14+3 rw-',
    '20+1 rw-',
  ]);
});

test('a segment is cut where its file begins and ends', () => {
  expect(drawn([segment(0x10, 8)], [file('/a', 0x12, 2, 5), file('/b', 0x15, 1)])).toEqual([
    '10+2 rw-',
    '12+2 rw- /a@5',
    '14+1 rw-',
    '15+1 rw- /b@0',
    '16+2 rw-',
  ]);
});

test('a file that was not dumped is a region, read-only, around what was', () => {
  expect(drawn([segment(0x12, 1)], [file('/a', 0x10, 5), file('/b', 0x20, 1)])).toEqual([
    '10+2 r-- /a@0',
    '12+1 rw- /a@2',
    '13+2 r-- /a@3',
    '20+1 r-- /b@0',
  ]);
  expect(drawn([], [file('/a', 0x10, 1)])).toEqual(['10+1 r-- /a@0']);
});

test('shared memory is recognised by the names the kernel gives it', () => {
  const names = ['/dev/zero', '/memfd:arena', '/SYSV00000000', '/dev/shm/sem', '/dev/zeros'];
  const segments = names.map((_, i) => segment(0x10 + i, 1));
  const files = names.map((name, i) => file(name, 0x10 + i, 1));
  expect(drawn(segments, files).map((row) => row.endsWith('shared'))).toEqual([true, true, true, true, false]);
});

/** Memory of one segment, with chunk headers of malloc: size with flags at each offset. */
function heapOf(first: number, pages: number, chunks: readonly (readonly [at: number, word: number])[]) {
  const bytes = Buffer.alloc(pages * PAGE);
  for (const [at, word] of chunks) bytes.writeUInt32LE(word, at + 8);
  return { start: first * PAGE, bytes: new Uint8Array(bytes), writable: true };
}

/** Chunks of 0x40 from 0 to `end`, then the last one to the end of the heap. */
function chain(end: number, total: number, flags = 1): [number, number][] {
  const chunks: [number, number][] = [];
  for (let at = 0; at < end; at += 0x40) chunks.push([at, 0x40 | flags]);
  chunks.push([end, (total - end) | flags]);
  return chunks;
}

const NOTES: CoreNotes = {
  pid: 7,
  commandLine: '',
  threads: [
    { tid: 8, stackPointer: 0x60 * PAGE, instructionPointer: 0 },
    { tid: 7, stackPointer: 0x70 * PAGE + 64, instructionPointer: 0 },
  ],
  files: [],
  auxv: new Map(),
  capture: undefined,
};

function named(memory: readonly { start: number; bytes: Uint8Array; writable: boolean }[], notes = NOTES): string[] {
  const segments = memory.map(({ start, bytes }) => segment(start / PAGE, bytes.length / PAGE));
  const regions = nameCoreRegions(coreRegions(segments, []), new MemoryImage(memory), notes);
  return regions.filter(({ path }) => path !== '').map(({ path, start }) => `${path} ${(start / PAGE).toString(16)}`);
}

test('the heap is where a chain of malloc chunks leads exactly to the end', () => {
  const heap = heapOf(0x20, 4, chain(0x1000, 4 * PAGE));
  const other = heapOf(0x30, 4, chain(0x2000, 3 * PAGE));
  const threadHeap = heapOf(0x40, 4, chain(0x1000, 4 * PAGE, 5));
  const mapped = heapOf(0x50, 4, [[0, (4 * PAGE) | 2]]);
  const stack = heapOf(0x70, 2, []);
  expect(named([heap, other, threadHeap, mapped, stack])).toEqual(['[heap] 20', '[stack] 70']);
});

test('a chain that breaks off still tells, when it is long', () => {
  expect(named([heapOf(0x20, 4, chain(0x1000, 4 * PAGE).slice(0, 40))])).toEqual(['[heap] 20']);
  expect(named([heapOf(0x20, 4, chain(0x1000, 4 * PAGE).slice(0, 9))])).toEqual([]);
  expect(named([heapOf(0x20, 4, [])])).toEqual([]);
});

test('the stack is where AT_RANDOM points, before any thread', () => {
  const auxv = new Map([[25, 0x60 * PAGE + 9]]);
  expect(named([heapOf(0x60, 1, []), heapOf(0x70, 1, [])], { ...NOTES, auxv })).toEqual(['[stack] 60']);
});
