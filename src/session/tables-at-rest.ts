// When a stopped target's tables of tracemalloc are whole: while no thread changes them.

import type { Interpreter } from '../cpython/interpreter.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import { areTablesLocked, locateTracemalloc } from '../cpython/tracemalloc/tracemalloc-places.ts';

/**
 * Stops tried for one in which no thread holds the lock of the tables. A program that does little but allocate holds it
 * nearly always, most of that time before it changes anything: what is read then is counted, and told whole from torn.
 */
const LOCKED_TRIES = 10;

/** Asked at each stop of one capture, over the live memory; true at last where the lock is never free. */
export function tablesAtRest(interpreter: Interpreter): (live: MemoryImage) => boolean {
  let stops = 0;
  return (live) => {
    const places = locateTracemalloc(live, interpreter);
    return ++stops > LOCKED_TRIES || places === undefined || !areTablesLocked(live, interpreter.layout, places);
  };
}
