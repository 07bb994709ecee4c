// What changed between snapshots of one process: nodes are the same when address and type are.
// A freed address that was given to a new object of the same type counts as kept: counts and sizes stay right,
// identity does not.

import { type BitSet, clearBit, createBitSet, hasBit, setBit } from '../base/bitset.ts';
import type { HeapGraph, HeapType, NodeIndex, TypeIndex } from './heap-graph.ts';
import { NOT_A_CONTAINER, qualifiedTypeName } from './heap-graph.ts';

/** The columns a comparison needs, to be kept of a snapshot whose edges are dropped: 20 bytes per node. */
export type NodeColumns = Pick<HeapGraph, 'addresses' | 'typeOf' | 'types' | 'shallowWords' | 'entryCounts'>;

/** "No such type" in type-indexed columns. */
export const NO_TYPE = 0xffffffff;

export interface NodeComparison {
  /** Nodes of `after` that are not in `before`. */
  readonly fresh: BitSet;
  readonly freshCount: number;
  readonly freshWords: number;
  readonly goneCount: number;
  readonly goneWords: number;
  readonly keptCount: number;
  /** Growth of kept nodes themselves, e.g. of a dict's table; negative when they shrank. */
  readonly keptWordsDelta: number;
}

/** One merge over the ascending addresses: O(nodes of both), one bit per node of `after`. */
export function compareNodes(before: NodeColumns, after: NodeColumns): NodeComparison {
  const afterCount = after.addresses.length;
  const fresh = createBitSet(afterCount);
  for (let n = 0; n < afterCount; n++) setBit(fresh, n);
  let keptCount = 0;
  let keptWordsBefore = 0;
  let keptWordsAfter = 0;
  forEachKept(before, after, (old, now) => {
    clearBit(fresh, now);
    keptCount++;
    keptWordsBefore += before.shallowWords[old]!;
    keptWordsAfter += after.shallowWords[now]!;
  });
  return {
    fresh,
    freshCount: afterCount - keptCount,
    freshWords: sumWords(after) - keptWordsAfter,
    goneCount: before.addresses.length - keptCount,
    goneWords: sumWords(before) - keptWordsBefore,
    keptCount,
    keptWordsDelta: keptWordsAfter - keptWordsBefore,
  };
}

/** Calls `visit` with both indices of every node that is in both snapshots, addresses ascending. */
export function forEachKept(
  before: NodeColumns,
  after: NodeColumns,
  visit: (beforeNode: NodeIndex, afterNode: NodeIndex) => void,
): void {
  const beforeType = matchTypes(before.types, after.types);
  const oldAddresses = before.addresses;
  const newAddresses = after.addresses;
  const oldTypes = before.typeOf;
  const newTypes = after.typeOf;
  const oldCount = oldAddresses.length;
  const newCount = newAddresses.length;
  let old = 0;
  let now = 0;
  while (old < oldCount && now < newCount) {
    const oldAddress = oldAddresses[old]!;
    const newAddress = newAddresses[now]!;
    if (oldAddress < newAddress) old++;
    else if (oldAddress > newAddress) now++;
    else {
      if (beforeType[newTypes[now]!] === oldTypes[old]) visit(old, now);
      old++;
      now++;
    }
  }
}

/** For each type of `after` its index in `before`, or NO_TYPE; a type is known by its name and its address. */
export function matchTypes(before: readonly HeapType[], after: readonly HeapType[]): Uint32Array {
  const keyOf = (type: HeapType): string => `${type.address} ${qualifiedTypeName(type)}`;
  const indexOf = new Map(before.map((type, index) => [keyOf(type), index]));
  return Uint32Array.from(after, (type) => indexOf.get(keyOf(type)) ?? NO_TYPE);
}

export interface Survivors {
  /** Nodes of the second snapshot that were not in the first and are still in the third. */
  readonly inSecond: BitSet;
  /** The same nodes, as nodes of the third. */
  readonly inThird: BitSet;
  readonly count: number;
  /** Their shallow words in the third. */
  readonly words: number;
}

/** (S2 − S1) ∩ S3: what came, and stayed. Leaves out both what was always there and what comes and goes. */
export function findSurvivors(first: NodeColumns, second: NodeColumns, third: NodeColumns): Survivors {
  const { fresh } = compareNodes(first, second);
  const inSecond = createBitSet(second.addresses.length);
  const inThird = createBitSet(third.addresses.length);
  let count = 0;
  let words = 0;
  forEachKept(second, third, (old, now) => {
    if (!hasBit(fresh, old)) return;
    setBit(inSecond, old);
    setBit(inThird, now);
    count++;
    words += third.shallowWords[now]!;
  });
  return { inSecond, inThird, count, words };
}

/** Containers in both snapshots whose number of entries changed, as columns in ascending node order. */
export interface EntryChanges {
  readonly beforeNodes: Uint32Array;
  readonly afterNodes: Uint32Array;
  /** Entries after minus entries before. */
  readonly deltas: Float64Array;
}

export function compareEntryCounts(before: NodeColumns, after: NodeColumns): EntryChanges {
  const beforeNodes: number[] = [];
  const afterNodes: number[] = [];
  const deltas: number[] = [];
  forEachKept(before, after, (old, now) => {
    const was = before.entryCounts[old]!;
    const is = after.entryCounts[now]!;
    if (was === is || was === NOT_A_CONTAINER || is === NOT_A_CONTAINER) return;
    beforeNodes.push(old);
    afterNodes.push(now);
    deltas.push(is - was);
  });
  return {
    beforeNodes: Uint32Array.from(beforeNodes),
    afterNodes: Uint32Array.from(afterNodes),
    deltas: Float64Array.from(deltas),
  };
}

export interface TypeChange {
  readonly type: HeapType;
  /** Index in the snapshot's types, where it has the type. */
  readonly beforeType: TypeIndex | undefined;
  readonly afterType: TypeIndex | undefined;
  readonly countBefore: number;
  readonly countAfter: number;
  readonly wordsBefore: number;
  readonly wordsAfter: number;
}

/** Counts and words by type in both snapshots, most words gained first; types without any node are left out. */
export function compareTypes(before: NodeColumns, after: NodeColumns): TypeChange[] {
  const old = sumByType(before);
  const now = sumByType(after);
  const beforeOfAfter = matchTypes(before.types, after.types);
  const changes: TypeChange[] = [];
  const matched = new Set<TypeIndex>();
  after.types.forEach((type, afterType) => {
    const found = beforeOfAfter[afterType]!;
    const beforeType = found === NO_TYPE ? undefined : found;
    if (beforeType !== undefined) matched.add(beforeType);
    changes.push({
      type,
      beforeType,
      afterType,
      countBefore: beforeType === undefined ? 0 : old.counts[beforeType]!,
      countAfter: now.counts[afterType]!,
      wordsBefore: beforeType === undefined ? 0 : old.words[beforeType]!,
      wordsAfter: now.words[afterType]!,
    });
  });
  before.types.forEach((type, beforeType) => {
    if (matched.has(beforeType)) return;
    const [countBefore, wordsBefore] = [old.counts[beforeType]!, old.words[beforeType]!];
    changes.push({
      type,
      beforeType,
      afterType: undefined,
      countBefore,
      countAfter: 0,
      wordsBefore,
      wordsAfter: 0,
    });
  });
  const gain = (change: TypeChange): number => change.wordsAfter - change.wordsBefore;
  return changes
    .filter((change) => change.countBefore + change.countAfter > 0)
    .sort((a, b) => gain(b) - gain(a) || b.countAfter - b.countBefore - (a.countAfter - a.countBefore));
}

function sumByType(columns: NodeColumns): { readonly counts: Float64Array; readonly words: Float64Array } {
  const counts = new Float64Array(columns.types.length);
  const words = new Float64Array(columns.types.length);
  const { typeOf, shallowWords } = columns;
  for (let n = 0; n < typeOf.length; n++) {
    counts[typeOf[n]!]!++;
    words[typeOf[n]!]! += shallowWords[n]!;
  }
  return { counts, words };
}

function sumWords(columns: NodeColumns): number {
  let words = 0;
  for (let n = 0; n < columns.shallowWords.length; n++) words += columns.shallowWords[n]!;
  return words;
}
