// What a question about objects selects, in an order, in windows. A small selection is sorted. Of a large one the objects are
// met in the order of all objects, which is sorted once: no matter how many they are, a window costs at most one pass.

import { type BitSet, countBits, hasBit, setIndices } from '../base/bitset.ts';
import { type HeapGraph, type NodeIndex, WORD_BYTES } from '../graph/heap-graph.ts';
import { type ObjectOrder, orderAllObjects, orderObjects } from './object-order.ts';

/** Of all objects: in a selection of more than this share of them, the order of all is looked through. */
const LARGE_SHARE = 1 / 32;
/** Orders of all objects kept: 4 bytes for each object. */
const ORDERS_KEPT = 6;

/** Orders of all objects of one heap, each made when it is first needed. */
export class ObjectOrders {
  readonly #graph: HeapGraph;
  readonly #retained: Float64Array;
  readonly #orders = new Map<string, Uint32Array>();

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
    const key = keyOf(order);
    const known = this.#orders.get(key);
    const all = known ?? orderAllObjects(this.#graph, this.#retained, order);
    // Asked for again, it is the youngest again.
    this.#orders.delete(key);
    this.#orders.set(key, all);
    if (this.#orders.size > ORDERS_KEPT) this.#orders.delete(this.#orders.keys().next().value!);
    return all;
  }
}

function keyOf({ sort, order }: ObjectOrder): string {
  return `${sort} ${order}`;
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
  constructor({ nodeCount, shallowWords }: HeapGraph, members: BitSet, orders: ObjectOrders) {
    this.#members = members;
    this.#nodeCount = nodeCount;
    this.#orders = orders;
    this.count = countBits(members);
    this.bytes = sumOver(members, shallowWords) * WORD_BYTES;
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

function sumOver(members: BitSet, column: Uint32Array): number {
  let sum = 0;
  for (let w = 0; w < members.length; w++) {
    for (let word = members[w]!; word !== 0; word &= word - 1) sum += column[32 * w + 31 - Math.clz32(word & -word)]!;
  }
  return sum;
}
