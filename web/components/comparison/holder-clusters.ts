// Holders that gained, with those as one that are reached in the same way, and how many entries each had.

import type { Comparison } from '../../../src/protocol/web/heap-views.ts';

type Holders = Comparison['diff']['holders'];

export interface HolderCluster {
  readonly holders: Holders;
  readonly new_bytes: number;
  readonly new_objects: number;
}

/** Holders of one path and type as one: the keys of a cache, say. Most new bytes first. */
export function holderClusters(holders: Holders): HolderCluster[] {
  const clusters = new Map<string, HolderCluster>();
  for (const holder of holders) {
    const key = `${holder.type} ${holder.path}`;
    const before = clusters.get(key) ?? { holders: [], new_bytes: 0, new_objects: 0 };
    clusters.set(key, {
      holders: [...before.holders, holder],
      new_bytes: before.new_bytes + holder.new_bytes,
      new_objects: before.new_objects + holder.new_objects,
    });
  }
  return [...clusters.values()].sort((a, b) => b.new_bytes - a.new_bytes);
}

/** In every snapshot, or, where only those are known, in the first and the last; none for what holds no entries. */
export function entriesOf({ holders }: HolderCluster, entries: Comparison['entries']): readonly number[] {
  const [holder] = holders;
  if (holder === undefined || holders.length > 1) return [];
  const counts = entries.find(({ address }) => address === holder.address)?.counts;
  if (counts !== undefined) return counts;
  return holder.entries_after === undefined ? [] : [holder.entries_before ?? 0, holder.entries_after];
}
