// The stacks that allocated what is traced, at one moment or compared between two, for export as a profile. Every stack
// the filters keep is there, however small.

import { type AllocationGroup, compareGroups, sortedGroups } from './allocation-statistics.ts';

export interface AllocationProfileFrame {
  readonly file: string;
  /** 0 where it is not known. */
  readonly line: number;
  /** Qualified name of what runs the line, from its source. */
  readonly function: string | undefined;
}

export interface AllocationStack {
  /** Indices into the profile's frames, the oldest call first. */
  readonly frames: readonly number[];
  readonly bytes: number;
  readonly blocks: number;
  /** Since the first look; 0 where there is none. */
  readonly bytesDiff: number;
  readonly blocksDiff: number;
}

export interface AllocationProfile {
  /** Different from each other. */
  readonly frames: readonly AllocationProfileFrame[];
  readonly stacks: readonly AllocationStack[];
  /** Between two looks; otherwise there is nothing to say of growth. */
  readonly isCompared: boolean;
  /** Between the looks; 0 for one. */
  readonly observedSeconds: number;
}

/** Groups of one moment, by traceback. */
export interface ProfiledLook {
  readonly atSeconds: number;
  readonly stacks: readonly AllocationGroup[];
}

/** `looks`: one or two, oldest first. A stack that is gone at the second has no bytes, and a negative difference. */
export function allocationProfile(
  looks: readonly ProfiledLook[],
  functionAt: (file: string, line: number) => string | undefined,
): AllocationProfile {
  const last = looks.at(-1)!;
  const before = looks.length > 1 ? looks[0] : undefined;
  const changes =
    before === undefined
      ? sortedGroups(last.stacks).map((group) => ({ ...group, bytesDiff: 0, blocksDiff: 0 }))
      : compareGroups(before.stacks, last.stacks);
  const frames: AllocationProfileFrame[] = [];
  const known = new Map<string, number>();
  const indexOf = (file: string, line: number): number => {
    const key = `${line}\0${file}`;
    let index = known.get(key);
    if (index === undefined) {
      index = frames.push({ file, line, function: line === 0 ? undefined : functionAt(file, line) }) - 1;
      known.set(key, index);
    }
    return index;
  };
  const stacks = changes.map(({ frames: calls, ...figures }) => ({
    ...figures,
    frames: calls.map(({ file, line }) => indexOf(file, line)),
  }));
  return {
    frames,
    stacks,
    isCompared: before !== undefined,
    observedSeconds: before === undefined ? 0 : last.atSeconds - before.atSeconds,
  };
}
