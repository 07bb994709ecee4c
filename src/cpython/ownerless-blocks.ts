// Live allocator blocks that hold no known object and that no object owns: the evidence for native leaks.

import type { AddressSet } from './address-set.ts';
import type { AllocatorMap } from './allocator-map.ts';

/** Blocks of one size. */
export interface OwnerlessGroup {
  readonly blockBytes: number;
  readonly count: number;
}

/** A census by block size: a leak of native memory nearly always repeats one or a few sizes. */
export class OwnerlessBlocks {
  readonly groups: readonly OwnerlessGroup[];
  readonly count: number;
  readonly bytes: number;

  constructor(allocator: AllocatorMap, claimed: AddressSet) {
    const bySize = new Map<number, number>();
    let count = 0;
    let bytes = 0;
    allocator.blocks.forEach((block) => {
      if (claimed.has(block)) return;
      const size = allocator.sizeOf(block);
      bySize.set(size, (bySize.get(size) ?? 0) + 1);
      count++;
      bytes += size;
    });
    this.count = count;
    this.bytes = bytes;
    this.groups = [...bySize]
      .map(([blockBytes, n]) => ({ blockBytes, count: n }))
      .sort((a, b) => b.count * b.blockBytes - a.count * a.blockBytes);
  }
}
