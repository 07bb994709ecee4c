// Why an object is alive, in words: how many paths lead to it, and what would take it along.

import type { ObjectDetail } from '../../../src/protocol/web/heap-views.ts';

/** One or two sentences to stand beside the drawing of its retaining paths. */
export function whyAlive({ paths, dominators }: Pick<ObjectDetail, 'paths' | 'dominators'>): string {
  if (paths.length === 0) return 'Nothing reaches it: it waits for the collector, or the collector cannot free it.';
  const [nearest] = dominators;
  const ways = paths.length === 1 ? 'One path leads to it' : `${paths.length} paths lead to it`;
  return nearest === undefined
    ? `${ways}. Several roots keep it: no single object would free it.`
    : `${ways}. It would go with the ${nearest.type} that leads to it.`;
}
