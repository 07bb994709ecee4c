// Stacks with figures, whatever they are of: what pprof, speedscope and collapsed stacks are written from. Stacks of the
// heap's holders come from a StackTree, stacks of allocating calls from tracemalloc's tables.

import type { AllocationProfile, AllocationProfileFrame } from '../diagnose/allocation-profile.ts';
import type { StackTree } from './stack-tree.ts';

/** What Python calls the code of a module. */
const MODULE_CODE = '<module>';

/** A holder, or a line of a function that calls or allocates. */
export interface ProfileFrame {
  readonly name: string;
  /** Where a frame is a line of a file; 0 where the line is not known. */
  readonly place?: { readonly file: string; readonly line: number } | undefined;
}

/** One figure of every stack, whole numbers from 0: some readers drop what is below. */
export interface ProfileColumn {
  /** As pprof names it: inuse_space. */
  readonly type: string;
  readonly unit: 'bytes' | 'count';
  /** In words. */
  readonly title: string;
  /** By stack. */
  readonly values: readonly number[];
}

export interface StackProfile {
  readonly frames: readonly ProfileFrame[];
  readonly columns: readonly ProfileColumn[];
  /** Index into `columns`: what is drawn first, and alone where a format has one figure. */
  readonly mainColumn: number;
  readonly stackCount: number;
  /** Indices into `frames`, the outermost first. */
  framesOf(stack: number): readonly number[];
}

/** What is in memory, by the holders it would go with. */
export function profileOfTree(tree: StackTree): StackProfile {
  const used = new Map<number, number>();
  for (let entry = 1; entry < tree.nameOf.length; entry++) {
    const name = tree.nameOf[entry]!;
    if (!used.has(name)) used.set(name, used.size);
  }
  return {
    frames: Array.from(used.keys(), (name) => ({ name: tree.names[name]! })),
    columns: [
      { type: 'inuse_objects', unit: 'count', title: 'retained objects', values: tree.objects.slice(1) },
      { type: 'inuse_space', unit: 'bytes', title: 'retained bytes', values: tree.bytes.slice(1) },
    ],
    mainColumn: 1,
    stackCount: tree.nameOf.length - 1,
    framesOf(stack) {
      const frames: number[] = [];
      for (let at = stack + 1; at !== 0; at = tree.parentOf[at]!) frames.push(used.get(tree.nameOf[at]!)!);
      return frames.reverse();
    },
  };
}

/**
 * What was allocated and is still there, by the calls that did; of two moments also what each stack gained and lost. The
 * two are apart because no flame graph can draw less than nothing: what grew in all is the one less the other.
 */
export function profileOfAllocations({ frames, stacks, isCompared }: AllocationProfile): StackProfile {
  const column = (type: string, title: string, unit: ProfileColumn['unit'], values: number[]): ProfileColumn => ({
    type,
    unit,
    title,
    values,
  });
  const gain = (diff: number): number => Math.max(0, diff);
  const changes = [
    column(
      'growth_objects',
      'growth in blocks',
      'count',
      stacks.map(({ blocksDiff }) => gain(blocksDiff)),
    ),
    column(
      'growth_space',
      'growth in bytes',
      'bytes',
      stacks.map(({ bytesDiff }) => gain(bytesDiff)),
    ),
    column(
      'shrink_objects',
      'blocks gone',
      'count',
      stacks.map(({ blocksDiff }) => gain(-blocksDiff)),
    ),
    column(
      'shrink_space',
      'bytes gone',
      'bytes',
      stacks.map(({ bytesDiff }) => gain(-bytesDiff)),
    ),
  ];
  return {
    frames: frames.map((frame) => ({ name: callName(frame), place: { file: frame.file, line: frame.line } })),
    columns: [
      column(
        'inuse_objects',
        'traced blocks',
        'count',
        stacks.map(({ blocks }) => blocks),
      ),
      column(
        'inuse_space',
        'traced bytes',
        'bytes',
        stacks.map(({ bytes }) => bytes),
      ),
      ...(isCompared ? changes : []),
    ],
    mainColumn: isCompared ? 3 : 1,
    stackCount: stacks.length,
    framesOf: (stack) => stacks[stack]!.frames,
  };
}

/** A function by its name, the code of a module with its file, as each has one; the file where no source tells. */
function callName({ file, function: name }: AllocationProfileFrame): string {
  if (name !== undefined && name !== MODULE_CODE) return name;
  const parts = file.split('/');
  const short = parts.slice(parts.at(-1) === '__init__.py' ? -2 : -1).join('/');
  return name === undefined ? short : `${name} ${short}`;
}
