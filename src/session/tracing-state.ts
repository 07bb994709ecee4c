// Whether a process traces its allocations, seen without a stop.

import { locateTracemalloc, readConfig, readConfigBySymbol } from '../cpython/tracemalloc/tracemalloc-places.ts';
import { readMemoryMaps } from '../target/memory-maps.ts';
import { liveImage } from '../target/process-memory.ts';
import type { AttachedTarget } from './attached-target.ts';

/** Without a stop: whether a variable that can be found says that nothing is traced. */
export function isUntraced(target: AttachedTarget): boolean {
  return tracingState(target) === false;
}

/** Without a stop: whether a variable that can be found says that allocations are traced. */
export function isTracing(target: AttachedTarget): boolean {
  return tracingState(target) === true;
}

/** Undefined where no variable says. */
function tracingState({ memory, interpreter, info }: AttachedTarget): boolean | undefined {
  const live = liveImage(memory, readMemoryMaps(info.pid));
  const places = locateTracemalloc(live, interpreter);
  const config =
    places === undefined ? readConfigBySymbol(live, interpreter) : readConfig(live, interpreter.layout, places.config);
  return config?.isTracing;
}
