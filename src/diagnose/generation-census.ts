// What each generation of the cyclic collector holds, by type: what grows old there, and what gc.freeze set aside.
// Field names are snake_case because this is wire format (src/protocol/gc.ts).

import { indexInAscending } from '../base/sorted-search.ts';
import { forEachMember } from '../cpython/generation-members.ts';
import type { HeapWalk } from '../cpython/heap-walk.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import { type HeapGraph, NodeFlag } from '../graph/heap-graph.ts';
import { type TypeAmount, TypeSums } from './type-sums.ts';

export interface GenerationCensus {
  /** `0`, `1`, `2` young to old; `frozen`; `all` where the build keeps no lists (free-threaded). */
  readonly generation: string;
  readonly objects: number;
  readonly bytes: number;
  /** Most bytes first. */
  readonly types: readonly TypeAmount[];
  readonly type_count: number;
}

/** O(tracked objects log nodes). `image` is the one that was walked. */
export function censusGenerations(
  { graph, collector }: Pick<HeapWalk, 'graph' | 'collector'>,
  image: MemoryImage,
  options: { readonly top: number },
): GenerationCensus[] {
  const describe = (generation: string, sums: TypeSums): GenerationCensus => {
    const { count, bytes } = sums.total();
    const rows = sums.rows();
    return { generation, objects: count, bytes, types: rows.slice(0, options.top), type_count: rows.length };
  };
  if (collector.permanentHead === 0) return [describe('all', trackedSums(graph))];
  const heads = [...collector.generationHeads, collector.permanentHead];
  return heads.map((head, i) => {
    const sums = new TypeSums(graph);
    forEachMember(image, head, graph.nodeCount, (object) => {
      const node = indexInAscending(graph.addresses, object);
      if (node >= 0) sums.add(node);
    });
    return describe(i === heads.length - 1 ? 'frozen' : String(i), sums);
  });
}

function trackedSums(graph: HeapGraph): TypeSums {
  const sums = new TypeSums(graph);
  for (let n = 0; n < graph.nodeCount; n++) if ((graph.nodeFlags[n]! & NodeFlag.tracked) !== 0) sums.add(n);
  return sums;
}
