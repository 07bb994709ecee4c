// The objects the cyclic collector tracks: from its linked lists, or from mimalloc's pages in free-threaded builds.

import type { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import type { AddressSet } from './address-set.ts';
import type { AllocatorMap } from './allocator-map.ts';
import type { CollectorState } from './collector-state.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';
import { trackedByMimalloc } from './mimalloc.ts';

/** sizeof(PyGC_Head): the links lie this far before the object. */
const GC_HEAD = 16;

/** Adds every tracked object to `tracked`, those of the oldest and the permanent generation also to `old`. */
export function addTrackedObjects(
  image: MemoryImage,
  layout: Layout,
  collectors: readonly CollectorState[],
  allocator: AllocatorMap,
  tracked: AddressSet,
  old: AddressSet,
  problems: ProblemLog,
): void {
  if (!layout.hasGcHead) {
    trackedByMimalloc(image, layout, allocator, tracked);
    return;
  }
  const seenHeads = new Set<Address>();
  for (const collector of collectors) {
    const heads = [...collector.generationHeads, collector.permanentHead];
    heads.forEach((head, generation) => {
      if (head === 0 || seenHeads.has(head)) return;
      seenHeads.add(head);
      // The two last lists: the oldest generation and the permanent one.
      walkList(image, head, tracked, generation >= heads.length - 2 ? old : undefined, problems);
    });
  }
}

function walkList(
  image: MemoryImage,
  head: Address,
  tracked: AddressSet,
  old: AddressSet | undefined,
  problems: ProblemLog,
): void {
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
      return;
    }
    old?.add(object);
    link = nextOf(image, link);
  }
}

/** `_gc_next` without the flag bits the collectors keep in it. */
function nextOf(image: MemoryImage, link: Address): Address {
  const next = image.pointer(link);
  return next - (next % 4);
}
