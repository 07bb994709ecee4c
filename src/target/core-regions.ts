// The memory regions of a core file. Rights and extent come from its segments, paths from NT_FILE; the names that the
// kernel gives to the heap and the stack are in no core, and are inferred from what lies there.

import type { MemoryImage } from '../cpython/memory-image.ts';
import type { Address } from '../graph/heap-graph.ts';
import type { CoreSegment } from './core-headers.ts';
import type { CoreFileMapping, CoreNotes } from './core-notes.ts';
import { type MappedRegion, regionAt } from './memory-maps.ts';

/** AT_RANDOM: 16 bytes that the kernel put on the main thread's stack. */
const AT_RANDOM = 25;

/** Memory that processes share is a file to the kernel, with one of these names. */
const SHARED_MEMORY = /^(?:\/dev\/zero$|\/dev\/shm\/|\/memfd:|\/SYSV)/;

/** Whether the mapping is memory shared between processes, as far as its name tells. */
export function isSharedMemory(file: Pick<CoreFileMapping, 'path'>): boolean {
  return SHARED_MEMORY.test(file.path);
}

/** Regions in ascending order: the segments, cut where their file changes, and mapped files that have no segment. */
export function coreRegions(segments: readonly CoreSegment[], files: readonly CoreFileMapping[]): MappedRegion[] {
  const regions: MappedRegion[] = [];
  let first = 0;
  let covered = 0;
  const addFiles = (until: Address): void => {
    // gdb leaves out what it does not dump: all that is known of such a mapping is its file.
    for (; first < files.length && files[first]!.end <= until; first++) {
      const file = files[first]!;
      const start = Math.max(file.start, covered);
      if (start < file.end) regions.push(region(start, file.end, file, READ_ONLY));
    }
    const file = files[first];
    const start = file === undefined ? until : Math.max(file.start, covered);
    if (file !== undefined && start < until) regions.push(region(start, until, file, READ_ONLY));
  };
  for (const segment of segments) {
    addFiles(segment.address);
    const end = segment.address + segment.memoryBytes;
    let at = segment.address;
    for (let i = first; at < end; i++) {
      const file = files[i];
      if (file !== undefined && file.end <= at) continue;
      const fileStart = Math.min(end, Math.max(at, file?.start ?? end));
      if (at < fileStart) regions.push(region(at, fileStart, undefined, segment));
      if (file === undefined || fileStart >= end) break;
      at = Math.min(end, file.end);
      regions.push(region(fileStart, at, file, segment));
    }
    covered = end;
    while (first < files.length && files[first]!.end <= end) first++;
  }
  addFiles(Number.POSITIVE_INFINITY);
  return regions;
}

const READ_ONLY = { readable: true, writable: false, executable: false };

function region(
  start: Address,
  end: Address,
  file: CoreFileMapping | undefined,
  rights: { readonly readable: boolean; readonly writable: boolean; readonly executable: boolean },
): MappedRegion {
  return {
    start,
    end,
    readable: rights.readable,
    writable: rights.writable,
    executable: rights.executable,
    shared: file !== undefined && isSharedMemory(file),
    offset: file === undefined ? 0 : file.offset + (start - file.start),
    path: file?.path ?? '',
    fileId: file?.path ?? '',
    deleted: file?.deleted ?? false,
    range: `${start.toString(16)}-${end.toString(16)}`,
  };
}

/** The regions with `[heap]` and `[stack]` named, as far as they can be told. */
export function nameCoreRegions(
  regions: readonly MappedRegion[],
  image: MemoryImage,
  notes: CoreNotes,
): MappedRegion[] {
  const mainThread = notes.threads.find((thread) => thread.tid === notes.pid);
  const onStack = notes.auxv.get(AT_RANDOM) ?? mainThread?.stackPointer ?? 0;
  const stack = regionAt(regions, onStack);
  const heap = findBrkHeap(
    regions.filter((candidate) => candidate !== stack),
    image,
  );
  return regions.map((each) => {
    if (each === heap) return { ...each, path: '[heap]' };
    return each === stack && each.path === '' && each.writable ? { ...each, path: '[stack]' } : each;
  });
}

// malloc/malloc.c of glibc: the low bits of a chunk's size word.
const PREV_INUSE = 1;
const IS_MMAPPED = 2;
const NON_MAIN_ARENA = 4;
const MIN_CHUNK = 32;
/** Chunks that must follow each other before a region counts as the heap although its chain does not close. */
const LEAST_CHUNKS = 16;
/** The longest chain followed. */
const MAX_CHUNKS = 1 << 26;

/**
 * The heap that brk(2) moves: of the anonymous writable regions the one whose chunks of malloc's main arena, from the
 * first byte on, lead exactly to its end. Thread arenas and mapped chunks carry other flags.
 */
function findBrkHeap(regions: readonly MappedRegion[], image: MemoryImage): MappedRegion | undefined {
  let best: MappedRegion | undefined;
  let bestScore = LEAST_CHUNKS;
  for (const candidate of regions) {
    if (candidate.path !== '' || !candidate.writable || candidate.shared) continue;
    const { chunks, closes } = chunkChain(image, Math.ceil(candidate.start / 16) * 16, candidate.end);
    const score = closes && chunks > 1 ? chunks + MAX_CHUNKS : chunks;
    if (score > bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}

function chunkChain(image: MemoryImage, start: Address, end: Address): { chunks: number; closes: boolean } {
  let chunk = start;
  let chunks = 0;
  // The first chunk has no chunk before it, and counts as following one in use.
  if (!image.isCopied(start) || image.u64(start) !== 0) return { chunks, closes: false };
  while (chunk + 16 <= end && chunks < MAX_CHUNKS && image.isCopied(chunk + 8)) {
    const word = image.u64(chunk + 8);
    const size = word - (word % 16);
    if (size < MIN_CHUNK || chunk + size > end || (word & (IS_MMAPPED | NON_MAIN_ARENA)) !== 0) break;
    if (chunks === 0 && (word & PREV_INUSE) === 0) break;
    chunks++;
    chunk += size;
  }
  return { chunks, closes: chunk === end };
}
