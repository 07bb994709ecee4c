// What a question about objects selects, in an order, in windows. A small selection is sorted. Of a large one the objects are
// met in the order of all objects, which is sorted once: no matter how many they are, a window costs at most one pass.

import { type BitSet, countBits, hasBit, setIndices } from '../base/bitset.ts';
import { RecentlyUsed } from '../base/recently-used.ts';
import { type HeapGraph, type NodeIndex, WORD_BYTES } from '../graph/heap-graph.ts';
import { type ObjectOrder, orderAllObjects, orderObjects } from './object-order.ts';

/** Of all objects: in a selection of more than this share of them, the order of all is looked through. */
const LARGE_SHARE = 1 / 32;
const ALL = 0xffffffff;
/** Orders of all objects kept: 4 bytes for each object. */
const ORDERS_KEPT = 6;

/** Orders of all objects of one heap, each made when it is first needed. */
export class ObjectOrders {
  readonly #graph: HeapGraph;
  readonly #retained: Float64Array;
  readonly #orders = new RecentlyUsed<string, Uint32Array>(ORDERS_KEPT);

  /** `byRetained`: all objects, what retains most first. */
  constructor(graph: HeapGraph, retained: Float64Array, byRetained: Uint32Array) {
    this.#graph = graph;
    this.#retained = retained;
    this.#orders.set(keyOf({ sort: 'retained_bytes', order: 'descending' }), byRetained);
  }

  /** Sorted anew. `nodes` ascend. */
  sorted(nodes: Uint32Array, order: ObjectOrder): Uint32Array {
    return orderObjects(this.#graph, this.#retained, nodes, order);
  }

  ofAll(order: ObjectOrder): Uint32Array {
    return this.#orders.getOrMake(keyOf(order), () => orderAllObjects(this.#graph, this.#retained, order));
  }
}

function keyOf({ sort, order }: ObjectOrder): string {
  return `${sort} ${order}`;
}

/** The heap that objects are selected from. */
export interface SelectedFrom {
  readonly graph: HeapGraph;
  /** Of all its objects. */
  readonly heapBytes: number;
  readonly orders: ObjectOrders;
}

export class ObjectSelection {
  readonly count: number;
  /** Own memory of all that are selected. */
  readonly bytes: number;
  readonly #members: BitSet;
  readonly #nodeCount: number;
  readonly #orders: ObjectOrders;
  /** Of a small selection, in the order last asked for. */
  #sorted: { readonly key: string; readonly nodes: Uint32Array } | undefined;

  /** `members` holds a bit for each node of the graph. */
  constructor({ graph, heapBytes, orders }: SelectedFrom, members: BitSet) {
    const { nodeCount, shallowWords } = graph;
    this.#members = members;
    this.#nodeCount = nodeCount;
    this.#orders = orders;
    this.count = countBits(members);
    // Of many, those that are left out are sooner added up.
    const isMost = this.count > nodeCount / 2;
    const bytes = sumOver(members, isMost ? ALL : 0, shallowWords) * WORD_BYTES;
    this.bytes = isMost ? heapBytes - bytes : bytes;
  }

  window(order: ObjectOrder, offset: number, limit: number): readonly NodeIndex[] {
    if (this.count > LARGE_SHARE * this.#nodeCount) return this.#metIn(this.#orders.ofAll(order), offset, limit);
    const key = keyOf(order);
    if (this.#sorted?.key !== key) {
      this.#sorted = { key, nodes: this.#orders.sorted(setIndices(this.#members), order) };
    }
    return [...this.#sorted.nodes.subarray(offset, offset + limit)];
  }

  #metIn(all: Uint32Array, offset: number, limit: number): NodeIndex[] {
    const members = this.#members;
    let place = 0;
    // Counted without a branch on whether it is a member, which nothing predicts.
    for (let met = 0; met < offset && place < all.length; place++) {
      const node = all[place]!;
      met += (members[node >>> 5]! >>> (node & 31)) & 1;
    }
    const window: NodeIndex[] = [];
    for (; window.length < limit && place < all.length; place++) {
      if (hasBit(members, all[place]!)) window.push(all[place]!);
    }
    return window;
  }
}

/** Over the members or, where `flip` has all bits, over all others. */
function sumOver(members: BitSet, flip: number, column: Uint32Array): number {
  let sum = 0;
  const last = members.length - 1;
  for (let w = 0; w < last; w++) if (members[w] !== flip) sum += sumOfWord(members[w]! ^ flip, 32 * w, column);
  if (last < 0) return 0;
  const beyond = column.length - 32 * last;
  return sum + sumOfWord((members[last]! ^ flip) & (ALL >>> (32 - beyond)), 32 * last, column);
}

/** A call of its own, so that the engine compiles it during the first query. */
function sumOfWord(members: number, first: NodeIndex, column: Uint32Array): number {
  let sum = 0;
  for (let word = members; word !== 0; word &= word - 1) sum += column[first + 31 - Math.clz32(word & -word)]!;
  return sum;
}
