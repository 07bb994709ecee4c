// Which memory a core that leakscope writes holds, and where in the file: the copied pages, and of mapped programs and
// libraries the constants, so that the core can be read where those files are not.

import type { MemorySegment } from '../cpython/memory-reader.ts';
import type { Address } from '../graph/heap-graph.ts';
import { canHoldObjects, isAnonymous, isPlainMemory } from './capture-plan.ts';
import type { MappedRegion } from './memory-maps.ts';
import { PAGE_BYTES, type ProcessMemory } from './process-memory.ts';

/** One program header to be, and where its contents come from. */
export interface CorePiece {
  readonly region: MappedRegion;
  readonly start: Address;
  readonly memoryBytes: number;
  readonly fileBytes: number;
  /** `copy`: the segments taken in the pause; `memory`: read now, as it never changes. */
  readonly source: 'copy' | 'memory';
}

/** Constants of an interpreter with scientific libraries are some tens of MB. */
const MAX_CONSTANT_BYTES = 256 << 20;

/**
 * The pieces in ascending order. `runtimePath` is the file that holds the interpreter: its constants come first when
 * not all fit.
 */
export function planCore(
  regions: readonly MappedRegion[],
  segments: readonly MemorySegment[],
  memory: Pick<ProcessMemory, 'read'>,
  runtimePath: string,
): CorePiece[] {
  const constants = chooseConstants(regions, memory, runtimePath);
  let next = 0;
  return regions.flatMap((region) => {
    while (next < segments.length && segments[next]!.start < region.start) next++;
    const inside: MemorySegment[] = [];
    for (; next < segments.length && segments[next]!.start < region.end; next++) inside.push(segments[next]!);
    if (canHoldObjects(region)) return copiedPieces(region, inside);
    const size = region.end - region.start;
    let fileBytes = 0;
    // Debuggers unwind through the kernel's own code.
    if (constants.has(region) || region.path === '[vdso]') fileBytes = size;
    // The header page tells the build-id of what is mapped there.
    else if (region.offset === 0 && isElf(region, memory)) fileBytes = PAGE_BYTES;
    return [{ region, start: region.start, memoryBytes: size, fileBytes, source: 'memory' as const }];
  });
}

/** Pages of anonymous memory that were not copied are zero; of a file they are as in the file, and not in the core. */
function copiedPieces(region: MappedRegion, segments: readonly MemorySegment[]): CorePiece[] {
  const pieces: CorePiece[] = [];
  const add = (start: Address, end: Address, fileBytes: number): void => {
    if (start < end) pieces.push({ region, start, memoryBytes: end - start, fileBytes, source: 'copy' });
  };
  if (isAnonymous(region)) {
    const last = segments.at(-1);
    add(region.start, region.end, last === undefined ? 0 : last.start + last.bytes.length - region.start);
    return pieces;
  }
  let at = region.start;
  for (const segment of segments) {
    add(at, segment.start, 0);
    at = segment.start + segment.bytes.length;
    add(segment.start, at, segment.bytes.length);
  }
  add(at, region.end, 0);
  return pieces;
}

function chooseConstants(
  regions: readonly MappedRegion[],
  memory: Pick<ProcessMemory, 'read'>,
  runtimePath: string,
): ReadonlySet<MappedRegion> {
  const elfFiles = new Set(
    regions.filter((region) => region.offset === 0 && isElf(region, memory)).map((region) => region.path),
  );
  const candidates = regions.filter(
    (region) =>
      isPlainMemory(region) &&
      !region.writable &&
      !region.executable &&
      !region.shared &&
      (region.path === '' || elfFiles.has(region.path)),
  );
  const rank = (region: MappedRegion): number => {
    if (region.path === runtimePath) return 0;
    return region.path === '' ? 2 : 1;
  };
  candidates.sort((a, b) => rank(a) - rank(b) || a.end - a.start - (b.end - b.start));
  let bytes = 0;
  return new Set(
    candidates.filter((region) => {
      const size = region.end - region.start;
      if (bytes + size > MAX_CONSTANT_BYTES) return false;
      bytes += size;
      return true;
    }),
  );
}

function isElf(region: MappedRegion, memory: Pick<ProcessMemory, 'read'>): boolean {
  if (!region.path.startsWith('/') || !isPlainMemory(region)) return false;
  const magic = Buffer.alloc(4);
  return memory.read(region.start, magic) === 4 && magic.readUInt32BE(0) === 0x7f454c46;
}
