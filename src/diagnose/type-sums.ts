// Objects and their own memory by type, of some part of a heap.
// Field names are snake_case because rows are wire format.

import { type HeapGraph, qualifiedTypeName, WORD_BYTES } from '../graph/heap-graph.ts';
import type { Amount } from './snapshot-summary.ts';

export interface TypeAmount {
  readonly type: string;
  readonly objects: number;
  readonly bytes: number;
}

/** Objects and words by type; of the few types that occur. */
export class TypeSums {
  readonly #graph: HeapGraph;
  readonly #sums = new Map<number, { count: number; words: number }>();

  constructor(graph: HeapGraph) {
    this.#graph = graph;
  }

  add(node: number): void {
    const { typeOf, shallowWords } = this.#graph;
    const sum = this.#sums.get(typeOf[node]!);
    if (sum === undefined) this.#sums.set(typeOf[node]!, { count: 1, words: shallowWords[node]! });
    else {
      sum.count++;
      sum.words += shallowWords[node]!;
    }
  }

  total(): Amount {
    let count = 0;
    let words = 0;
    for (const sum of this.#sums.values()) {
      count += sum.count;
      words += sum.words;
    }
    return { count, bytes: words * WORD_BYTES };
  }

  /** Most bytes first. */
  rows(limit: number = Number.POSITIVE_INFINITY): TypeAmount[] {
    return [...this.#sums]
      .map(([type, { count, words }]) => ({
        type: qualifiedTypeName(this.#graph.types[type]!),
        objects: count,
        bytes: words * WORD_BYTES,
      }))
      .sort((a, b) => b.bytes - a.bytes || b.objects - a.objects)
      .slice(0, limit);
  }

  names(isChosen: (type: number) => boolean): string[] {
    return [...this.#sums.keys()].filter(isChosen).map((type) => qualifiedTypeName(this.#graph.types[type]!));
  }
}
