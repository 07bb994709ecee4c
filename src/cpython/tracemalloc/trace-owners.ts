// Joins the blocks that tracemalloc traces with the objects of a walk: which object lies in a block, or owns it. A key of
// tracemalloc's tables is where the allocator's block begins. In it the object comes behind a pre-header: the collector's
// links (none in free-threaded builds), and before them the pointers to its dict and weak references. What a list, a dict
// or a set keeps its entries in is a block of its own, which the walk has found to be theirs.

import { indexInAscending } from '../../base/sorted-search.ts';
import { NO_NODE, type NodeIndex } from '../../graph/heap-graph.ts';
import { AddressSet } from '../address-set.ts';
import type { HeapBlocks } from '../block-use.ts';
import { type AllocationTraces, DEFAULT_DOMAIN } from './allocation-traces.ts';

/** Pre-headers are zero, two or four words (`_PyType_PreHeaderSize`). */
const PRE_HEADERS = [0, 16, 32] as const;

/** By trace: the node whose object lies in the block or owns it; NO_NODE where no object does, or none that is known. */
export type TraceOwners = Uint32Array;

/** O(traces × log buffers). `traces` and `blocks` are of the same stop. */
export function findTraceOwners(traces: AllocationTraces, { nodes, buffers }: HeapBlocks): TraceOwners {
  const { count, addresses, sizes, domains } = traces;
  const ownerOfBuffer = bufferIndex(buffers);
  const owners = new Uint32Array(count).fill(NO_NODE);
  for (let i = 0; i < count; i++) {
    const block = addresses[i]!;
    let node: NodeIndex = -1;
    // Other domains than the interpreter's number anything. What is the buffer of an object here (the data of a NumPy
    // array) is memory all the same.
    if (domains[i] === DEFAULT_DOMAIN) {
      // Blocks may be as small as a pre-header: what follows is another's.
      for (const header of PRE_HEADERS) if (node < 0 && header < sizes[i]!) node = nodes.rank(block + header);
    }
    if (node < 0) node = ownerOfBuffer(block);
    if (node >= 0) owners[i] = node;
  }
  return owners;
}

/** Live blocks that are traced, in whatever domain. */
export function tracedBlocks({ count, addresses }: AllocationTraces, { image, allocator }: HeapBlocks): AddressSet {
  const blocks = new AddressSet(image);
  for (let i = 0; i < count; i++) if (allocator.blocks.has(addresses[i]!)) blocks.add(addresses[i]!);
  return blocks;
}

/** Finds the owner of a buffer by its address, or -1. */
function bufferIndex({ addresses, owners, count }: HeapBlocks['buffers']): (address: number) => NodeIndex {
  // No two objects own a block, so that the addresses tell which of the pairs is meant.
  const ascending = addresses.slice(0, count).sort();
  const ownerAt = new Uint32Array(count);
  for (let i = 0; i < count; i++) ownerAt[indexInAscending(ascending, addresses[i]!)] = owners[i]!;
  return (address) => {
    const at = indexInAscending(ascending, address);
    return at < 0 ? -1 : ownerAt[at]!;
  };
}
