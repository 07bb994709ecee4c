// Follows a few containers of a live process for as long as it is wanted: how many entries each has, once a second,
// read without stopping it. Keeps nothing.

import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import { readMemoryMaps } from '../target/memory-maps.ts';
import { liveImage } from '../target/process-memory.ts';
import { AttachedTarget } from './attached-target.ts';
import { readEntries } from './live-sampler.ts';

export interface WatchedContainer {
  readonly address: Address;
  /** `shop.users.user_cache` */
  readonly name: string;
}

const INTERVAL_MS = 1000;

/** Ends when the process does or `signal` is aborted. Throws what attaching throws. */
export async function watchContainers(
  pid: number,
  containers: readonly WatchedContainer[],
  signal: AbortSignal,
  onEntries: (entries: Readonly<Record<string, number>>) => void,
): Promise<void> {
  const target = await AttachedTarget.attach(pid, new ProblemLog(), { mayStop: false });
  try {
    while (!signal.aborted && target.isAlive) {
      const image = liveImage(target.memory, readMemoryMaps(pid));
      const entries: Record<string, number> = {};
      for (const { address, name } of containers) {
        const count = readEntries(target, image, address);
        if (count !== undefined) entries[name] = count;
      }
      onEntries(entries);
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => {});
    }
  } finally {
    target.close();
  }
}
