// Sums traced blocks up by line, file or traceback, and compares two moments: the same figures, in the same order, as
// Snapshot.statistics() and Snapshot.compare_to() of Python's tracemalloc give.

import type { AllocationTraces } from '../cpython/tracemalloc/allocation-traces.ts';
import type { Tracebacks } from '../cpython/tracemalloc/traceback-table.ts';

export type AllocationKey = 'line' | 'file' | 'traceback';

export interface AllocationFrame {
  readonly file: string;
  /** 0 where a whole file is meant, or the line is not known. */
  readonly line: number;
}

/** Blocks allocated at one place. */
export interface AllocationGroup {
  /** The oldest call first, as Python's tracebacks are; one frame unless grouped by traceback. */
  readonly frames: readonly AllocationFrame[];
  readonly bytes: number;
  readonly blocks: number;
}

export interface AllocationChange extends AllocationGroup {
  readonly bytesDiff: number;
  readonly blocksDiff: number;
}

export interface GroupingOptions {
  readonly by: AllocationKey;
  /** Counts a block at every frame of its traceback, not only where it was allocated. */
  readonly cumulative?: boolean | undefined;
}

/** Groups of the kept traces, in no order. */
export function groupAllocations(
  traces: AllocationTraces,
  kept: Uint8Array,
  { by, cumulative = false }: GroupingOptions,
): AllocationGroup[] {
  const grouping = cumulative ? undefined : groupOfTracebacks(traces.tracebacks, by);
  return grouping === undefined ? sumByFrame(traces, kept, by === 'file') : sumByTraceback(traces, kept, grouping);
}

/**
 * By traceback: which of `wanted` its blocks count for, by the frames that `groupAllocations` gives each group; -1 for
 * none. Not for cumulative groups, where a block counts for several.
 */
export function groupOfEachTraceback(
  tracebacks: Tracebacks,
  by: AllocationKey,
  wanted: (frames: readonly AllocationFrame[]) => number,
): Int32Array {
  const { groupOf, frames } = groupOfTracebacks(tracebacks, by);
  const wantedOf = frames.map(wanted);
  return Int32Array.from(groupOf, (group) => wantedOf[group]!);
}

/** Largest first; equal ones as Python orders them. */
export function sortedGroups(groups: readonly AllocationGroup[]): AllocationGroup[] {
  return [...groups].sort((a, b) => b.bytes - a.bytes || b.blocks - a.blocks || compareFrames(b.frames, a.frames));
}

/** Most changed first. Groups that are gone count with all they had. */
export function compareGroups(
  before: readonly AllocationGroup[],
  after: readonly AllocationGroup[],
): AllocationChange[] {
  const old = new Map(before.map((group) => [groupKey(group.frames), group]));
  const changes: AllocationChange[] = after.map((group) => {
    const key = groupKey(group.frames);
    const previous = old.get(key);
    old.delete(key);
    const { bytes = 0, blocks = 0 } = previous ?? {};
    return { ...group, bytesDiff: group.bytes - bytes, blocksDiff: group.blocks - blocks };
  });
  for (const { frames, bytes, blocks } of old.values()) {
    changes.push({ frames, bytes: 0, blocks: 0, bytesDiff: -bytes, blocksDiff: -blocks });
  }
  return changes.sort(
    (a, b) =>
      Math.abs(b.bytesDiff) - Math.abs(a.bytesDiff) ||
      b.bytes - a.bytes ||
      Math.abs(b.blocksDiff) - Math.abs(a.blocksDiff) ||
      b.blocks - a.blocks ||
      compareFrames(b.frames, a.frames),
  );
}

/** Groups, each with one representative of its frames. */
interface Grouping {
  /** By traceback. */
  readonly groupOf: Uint32Array;
  readonly frames: readonly (readonly AllocationFrame[])[];
}

function groupOfTracebacks(tracebacks: Tracebacks, by: AllocationKey): Grouping {
  const groupOf = new Uint32Array(tracebacks.count);
  const groups = new Map<string | number, number>();
  const frames: (readonly AllocationFrame[])[] = [];
  for (let t = 0; t < tracebacks.count; t++) {
    const first = tracebacks.firstFrame[t]!;
    const key = by === 'traceback' ? tracebackKey(tracebacks, t) : frameKey(tracebacks, first, by === 'file');
    let group = groups.get(key);
    if (group === undefined) {
      group = frames.length;
      groups.set(key, group);
      const end = by === 'traceback' ? tracebacks.firstFrame[t + 1]! : first + 1;
      frames.push(framesOf(tracebacks, first, end, by === 'file'));
    }
    groupOf[t] = group;
  }
  return { groupOf, frames };
}

function sumByTraceback(traces: AllocationTraces, kept: Uint8Array, { groupOf, frames }: Grouping): AllocationGroup[] {
  const bytes = new Float64Array(frames.length);
  const blocks = new Float64Array(frames.length);
  for (let i = 0; i < traces.count; i++) {
    if (kept[i] === 0) continue;
    const group = groupOf[traces.tracebackOf[i]!]!;
    bytes[group]! += traces.sizes[i]!;
    blocks[group]!++;
  }
  return toGroups(frames, bytes, blocks);
}

/** A frame that stands in a traceback twice (recursion) counts twice, as it does in Python. */
function sumByFrame(traces: AllocationTraces, kept: Uint8Array, wholeFile: boolean): AllocationGroup[] {
  const { tracebacks } = traces;
  const bytesOf = new Float64Array(tracebacks.count);
  const blocksOf = new Float64Array(tracebacks.count);
  for (let i = 0; i < traces.count; i++) {
    if (kept[i] === 0) continue;
    bytesOf[traces.tracebackOf[i]!]! += traces.sizes[i]!;
    blocksOf[traces.tracebackOf[i]!]!++;
  }
  const sums = new Map<number, { frame: number; bytes: number; blocks: number }>();
  for (let t = 0; t < tracebacks.count; t++) {
    if (blocksOf[t] === 0) continue;
    for (let frame = tracebacks.firstFrame[t]!; frame < tracebacks.firstFrame[t + 1]!; frame++) {
      const key = frameKey(tracebacks, frame, wholeFile);
      const sum = sums.get(key);
      if (sum === undefined) sums.set(key, { frame, bytes: bytesOf[t]!, blocks: blocksOf[t]! });
      else {
        sum.bytes += bytesOf[t]!;
        sum.blocks += blocksOf[t]!;
      }
    }
  }
  return [...sums.values()].map(({ frame, bytes, blocks }) => ({
    frames: framesOf(tracebacks, frame, frame + 1, wholeFile),
    bytes,
    blocks,
  }));
}

function toGroups(
  frames: readonly (readonly AllocationFrame[])[],
  bytes: Float64Array,
  blocks: Float64Array,
): AllocationGroup[] {
  const groups: AllocationGroup[] = [];
  for (let g = 0; g < frames.length; g++) {
    if (blocks[g]! > 0) groups.push({ frames: frames[g]!, bytes: bytes[g]!, blocks: blocks[g]! });
  }
  return groups;
}

const TWO_32 = 0x1_0000_0000;

/** File and line in one number: files are fewer than 2^21. */
function frameKey(tracebacks: Tracebacks, frame: number, wholeFile: boolean): number {
  return tracebacks.files[frame]! * TWO_32 + (wholeFile ? 0 : tracebacks.lines[frame]!);
}

/** Tracebacks that differ only in how many frames were left out are one to Python. */
function tracebackKey(tracebacks: Tracebacks, traceback: number): string {
  let key = '';
  for (let frame = tracebacks.firstFrame[traceback]!; frame < tracebacks.firstFrame[traceback + 1]!; frame++) {
    key += `${tracebacks.files[frame]}:${tracebacks.lines[frame]} `;
  }
  return key;
}

function framesOf(tracebacks: Tracebacks, from: number, to: number, wholeFile: boolean): AllocationFrame[] {
  const frames: AllocationFrame[] = [];
  for (let frame = to - 1; frame >= from; frame--) {
    const file = tracebacks.fileNames[tracebacks.files[frame]!]!;
    frames.push({ file, line: wholeFile ? 0 : tracebacks.lines[frame]! });
  }
  return frames;
}

/** Equal for equal frames. */
export function groupKey(frames: readonly AllocationFrame[]): string {
  return frames.map(({ file, line }) => `${line}:${file}`).join('\0');
}

/** As Python compares tuples of (file, line): frame by frame, names by code points. */
function compareFrames(a: readonly AllocationFrame[], b: readonly AllocationFrame[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareNames(a[i]!.file, b[i]!.file) || a[i]!.line - b[i]!.line;
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  let i = 0;
  while (a.charCodeAt(i) === b.charCodeAt(i)) i++;
  // From the same place on; half a pair is compared with its other half.
  const isPair = i > 0 && a.charCodeAt(i - 1) >= 0xd800 && a.charCodeAt(i - 1) < 0xdc00;
  const at = isPair ? i - 1 : i;
  return (a.codePointAt(at) ?? -1) - (b.codePointAt(at) ?? -1);
}
