// The objects the cyclic collector tracks: from its linked lists, or from mimalloc's pages in free-threaded builds.

import type { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import type { AddressSet } from './address-set.ts';
import type { AllocatorMap } from './allocator-map.ts';
import type { CollectorState } from './collector-state.ts';
import { GC_HEAD, isFrozen, nextOf } from './generation-members.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';
import { trackedByMimalloc } from './mimalloc.ts';

/** How many objects the lists of one collector hold. */
export interface ListSizes {
  /** Young to old; empty in free-threaded builds, which keep no lists. */
  readonly generations: readonly number[];
  /** Put aside by gc.freeze(), or by the interpreter itself as it started. */
  readonly permanent: number;
}

/**
 * Adds every tracked object to `tracked`, those of the oldest and the permanent generation also to `old`. Returns the
 * sizes of each collector's lists; of a free-threaded build, which has none, how many objects of all are frozen.
 */
export function addTrackedObjects(
  image: MemoryImage,
  layout: Layout,
  collectors: readonly CollectorState[],
  allocator: AllocatorMap,
  tracked: AddressSet,
  old: AddressSet,
  problems: ProblemLog,
): ListSizes[] {
  if (!layout.hasGcHead) {
    trackedByMimalloc(image, layout, allocator, tracked);
    const frozen = { generations: [], permanent: countFrozen(image, collectors[0]!, tracked) };
    return collectors.map(() => frozen);
  }
  const sizes = new Map<Address, number>();
  for (const collector of collectors) {
    const heads = [...collector.generationHeads, collector.permanentHead];
    heads.forEach((head, generation) => {
      if (head === 0 || sizes.has(head)) return;
      // The two last lists: the oldest generation and the permanent one.
      sizes.set(head, walkList(image, head, tracked, generation >= heads.length - 2 ? old : undefined, problems));
    });
  }
  return collectors.map(({ generationHeads, permanentHead }) => ({
    generations: generationHeads.map((head) => sizes.get(head) ?? 0),
    permanent: sizes.get(permanentHead) ?? 0,
  }));
}

function countFrozen(image: MemoryImage, { frozenMark }: CollectorState, tracked: AddressSet): number {
  let frozen = 0;
  tracked.forEach((object) => {
    if (isFrozen(image, frozenMark, object)) frozen++;
  });
  return frozen;
}

/** Returns how many objects the list has. */
function walkList(
  image: MemoryImage,
  head: Address,
  tracked: AddressSet,
  old: AddressSet | undefined,
  problems: ProblemLog,
): number {
  let count = 0;
  let link = nextOf(image, head);
  while (link !== head) {
    const object = link + GC_HEAD;
    // `add` is false for a second visit too: a torn list that loops ends there.
    if (link === 0 || !tracked.add(object)) {
      problems.addAt(
        'torn-collector-list',
        'a list of the collector does not close: some objects may be missing',
        link,
      );
      return count;
    }
    count++;
    old?.add(object);
    link = nextOf(image, link);
  }
  return count;
}
