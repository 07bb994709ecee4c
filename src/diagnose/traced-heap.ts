// What tracemalloc knows, joined with the objects of the same moment: who allocated meets who holds.

import type { HeapBlocks } from '../cpython/block-use.ts';
import type { AllocationTraces } from '../cpython/tracemalloc/allocation-traces.ts';
import { findNewBlocks, type RememberedBlocks } from '../cpython/tracemalloc/new-blocks.ts';
import { findTraceOwners, type TraceOwners } from '../cpython/tracemalloc/trace-owners.ts';

export interface TracedHeap {
  readonly traces: AllocationTraces;
  /** By trace: the node that lies in the block or owns it. */
  readonly owners: TraceOwners;
  /** By trace: 1 where the block was not there at the first look; undefined where there was no earlier look. */
  readonly isNew: Uint8Array | undefined;
}

/** `traces` and `blocks` are of the same stop; `before` are the blocks of an earlier one. */
export function joinTraces(
  traces: AllocationTraces,
  blocks: HeapBlocks,
  before: RememberedBlocks | undefined,
): TracedHeap {
  return {
    traces,
    owners: findTraceOwners(traces, blocks),
    isNew: before === undefined ? undefined : findNewBlocks(traces, before),
  };
}
