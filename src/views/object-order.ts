// Orders millions of objects by a column: least significant digit radix sort over 32-bit keys, 11 bits a pass, stable,
// so that equal ones stay in order of address (Knuth, The Art of Computer Programming 3, 5.2.5). Sorted once, windows of
// the order cost nothing.

import { type HeapGraph, NOT_A_CONTAINER, qualifiedTypeName, WORD_BYTES } from '../graph/heap-graph.ts';

export type ObjectColumn = 'bytes' | 'retained_bytes' | 'entries' | 'address' | 'type';

export interface ObjectOrder {
  readonly sort: ObjectColumn;
  readonly order: 'ascending' | 'descending';
}

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const LARGEST_KEY = 0xffffffff;

/**
 * `nodes` ascending by index, sorted anew. `retained` holds bytes of all nodes. What is no container has no entries and
 * comes last, whichever the direction. Sizes above 32 GiB are as good as equal.
 */
export function orderObjects(
  graph: HeapGraph,
  retained: Float64Array,
  nodes: Uint32Array,
  { sort, order }: ObjectOrder,
): Uint32Array {
  const descending = order === 'descending';
  if (sort === 'address') return descending ? nodes.slice().reverse() : nodes;
  return radixSort(nodes, keysOf(graph, retained, nodes, sort, descending));
}

/** Of all nodes. */
export function orderAllObjects(graph: HeapGraph, retained: Float64Array, order: ObjectOrder): Uint32Array {
  const nodes = new Uint32Array(graph.nodeCount);
  for (let n = 0; n < nodes.length; n++) nodes[n] = n;
  return orderObjects(graph, retained, nodes, order);
}

function keysOf(
  graph: HeapGraph,
  retained: Float64Array,
  nodes: Uint32Array,
  sort: Exclude<ObjectColumn, 'address'>,
  descending: boolean,
): Uint32Array {
  const keys = new Uint32Array(nodes.length);
  const { shallowWords, entryCounts, typeOf } = graph;
  const ranks = sort === 'type' ? typeRanks(graph) : undefined;
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i]!;
    if (sort === 'entries' && entryCounts[node] === NOT_A_CONTAINER) {
      keys[i] = LARGEST_KEY;
      continue;
    }
    const key =
      ranks !== undefined
        ? ranks[typeOf[node]!]!
        : sort === 'bytes'
          ? shallowWords[node]!
          : sort === 'entries'
            ? entryCounts[node]!
            : Math.min(LARGEST_KEY - 1, retained[node]! / WORD_BYTES);
    keys[i] = descending ? LARGEST_KEY - 1 - key : key;
  }
  return keys;
}

/** Place of each type among the names, so that ranks sort as names do. */
function typeRanks({ types }: HeapGraph): Uint32Array {
  const names = types.map(qualifiedTypeName);
  const sorted = [...new Set(names)].sort();
  const rankOf = new Map(sorted.map((name, rank) => [name, rank]));
  return Uint32Array.from(names, (name) => rankOf.get(name)!);
}

function radixSort(nodes: Uint32Array, keys: Uint32Array): Uint32Array {
  const count = nodes.length;
  let from: Uint32Array = nodes.slice();
  let to = new Uint32Array(count);
  let fromKeys: Uint32Array = keys;
  let toKeys = new Uint32Array(count);
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    const ends = new Uint32Array(DIGITS);
    for (let i = 0; i < count; i++) ends[(fromKeys[i]! >>> shift) & (DIGITS - 1)]!++;
    // A digit that all keys share changes nothing: most keys are small.
    if (count === 0 || ends[(fromKeys[0]! >>> shift) & (DIGITS - 1)] === count) continue;
    let start = 0;
    for (let digit = 0; digit < DIGITS; digit++) {
      const size = ends[digit]!;
      ends[digit] = start;
      start += size;
    }
    for (let i = 0; i < count; i++) {
      const slot = ends[(fromKeys[i]! >>> shift) & (DIGITS - 1)]!++;
      to[slot] = from[i]!;
      toKeys[slot] = fromKeys[i]!;
    }
    [from, to] = [to, from as Uint32Array<ArrayBuffer>];
    [fromKeys, toKeys] = [toKeys, fromKeys as Uint32Array<ArrayBuffer>];
  }
  return from;
}
