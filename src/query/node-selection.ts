// Sets of nodes, one bit each, and what the conditions of a query do to them. A condition looks at a column from one end to
// the other, 32 nodes for a word of the set, without a branch on what a node holds: one that goes either way at random would
// cost three times as much. Each word is a call of its own, so that the engine compiles it during the first query. Where few
// nodes are left, only they are looked at.

import { type BitSet, countBits, createBitSet, setBit } from '../base/bitset.ts';
import type { NodeIndex } from '../graph/heap-graph.ts';

/** A bit for each node of the graph; bits beyond the last node are clear. */
export type NodeSelection = BitSet;

const ALL = 0xffffffff;

/** The nodes `0 .. nodeCount - 1`. */
export function everyNode(nodeCount: number): NodeSelection {
  const all = createBitSet(nodeCount).fill(ALL);
  const beyond = nodeCount & 31;
  if (beyond !== 0) all[all.length - 1] = ALL >>> (32 - beyond);
  return all;
}

export function selectionOf(nodeCount: number, nodes: Iterable<NodeIndex>): NodeSelection {
  const selection = createBitSet(nodeCount);
  for (const node of nodes) setBit(selection, node);
  return selection;
}

export function isEmpty(selection: NodeSelection): boolean {
  for (let w = 0; w < selection.length; w++) if (selection[w] !== 0) return false;
  return true;
}

/** Fewer nodes than this for each word of a set are looked at one by one. */
const FEW_PER_WORD = 4;

/** Whether so few are left that only they are looked at. */
export function isSparse(selection: NodeSelection): boolean {
  return countBits(selection) < FEW_PER_WORD * selection.length;
}

function narrowFew(within: NodeSelection, accept: (node: NodeIndex) => boolean): NodeSelection {
  const kept = new Uint32Array(within.length);
  for (let w = 0; w < within.length; w++) {
    for (let word = within[w]!; word !== 0; word &= word - 1) {
      const bit = word & -word;
      if (accept(32 * w + 31 - Math.clz32(bit))) kept[w]! |= bit;
    }
  }
  return kept;
}

/** Numbers from `low` to `high`, both included; none where `low` is above `high`. */
export interface NumberRange {
  readonly low: number;
  readonly high: number;
}

/** What columns of whole numbers hold for a node that has none. */
export const NONE = 0xffffffff;

/** Those whose number in `column` lies in the range; those without one are never meant. `column` may be longer. */
export function narrowByRange(
  within: NodeSelection,
  column: Uint32Array | Float64Array,
  { low, high }: NumberRange,
): NodeSelection {
  return column instanceof Uint32Array
    ? narrowByWholeNumbers(within, column, Math.max(0, Math.ceil(low)), Math.min(NONE - 1, Math.floor(high)))
    : narrowByNumbers(within, column, low, high);
}

function narrowByWholeNumbers(within: NodeSelection, column: Uint32Array, low: number, high: number): NodeSelection {
  if (low > high) return new Uint32Array(within.length);
  // Counted from `low` in 32 bits, what is below it is above all others: one comparison tells, and of integers.
  const span = high - low;
  if (isSparse(within)) return narrowFew(within, (node) => (column[node]! - low) >>> 0 <= span);
  const kept = new Uint32Array(within.length);
  for (let w = 0; w < within.length; w++) {
    if (within[w] !== 0) kept[w] = within[w]! & bitsOfWholeNumbers(column, 32 * w, low, span);
  }
  return kept;
}

function bitsOfWholeNumbers(column: Uint32Array, first: NodeIndex, low: number, span: number): number {
  let bits = 0;
  for (let n = Math.min(first + 31, column.length - 1); n >= first; n--) {
    bits = (bits << 1) | Number((column[n]! - low) >>> 0 <= span);
  }
  return bits;
}

function narrowByNumbers(within: NodeSelection, column: Float64Array, low: number, high: number): NodeSelection {
  if (isSparse(within)) return narrowFew(within, (node) => column[node]! >= low && column[node]! <= high);
  const kept = new Uint32Array(within.length);
  for (let w = 0; w < within.length; w++) {
    if (within[w] !== 0) kept[w] = within[w]! & bitsOfNumbers(column, 32 * w, low, high);
  }
  return kept;
}

function bitsOfNumbers(column: Float64Array, first: NodeIndex, low: number, high: number): number {
  let bits = 0;
  for (let n = Math.min(first + 31, column.length - 1); n >= first; n--) {
    bits = (bits << 1) | (Number(column[n]! >= low) & Number(column[n]! <= high));
  }
  return bits;
}

/** Those whose row of `table` is 1, by the row that `column` names: of some types, for one. */
export function narrowByTable(within: NodeSelection, column: Uint32Array, table: Uint8Array): NodeSelection {
  if (isSparse(within)) return narrowFew(within, (node) => table[column[node]!] === 1);
  const kept = new Uint32Array(within.length);
  for (let w = 0; w < within.length; w++)
    if (within[w] !== 0) kept[w] = within[w]! & bitsInTable(column, 32 * w, table);
  return kept;
}

function bitsInTable(column: Uint32Array, first: NodeIndex, table: Uint8Array): number {
  let bits = 0;
  for (let n = Math.min(first + 31, column.length - 1); n >= first; n--) bits = (bits << 1) | table[column[n]!]!;
  return bits;
}

/** Those that have one of the bits of `mask` in `column`. */
export function narrowByMask(within: NodeSelection, column: Uint8Array, mask: number): NodeSelection {
  if (isSparse(within)) return narrowFew(within, (node) => (column[node]! & mask) !== 0);
  const kept = new Uint32Array(within.length);
  for (let w = 0; w < within.length; w++)
    if (within[w] !== 0) kept[w] = within[w]! & bitsWithMask(column, 32 * w, mask);
  return kept;
}

function bitsWithMask(column: Uint8Array, first: NodeIndex, mask: number): number {
  let bits = 0;
  for (let n = Math.min(first + 31, column.length - 1); n >= first; n--) {
    bits = (bits << 1) | Number((column[n]! & mask) !== 0);
  }
  return bits;
}
