// Windows of the picture of a process's memory.

import { type HeapGraph, qualifiedTypeName } from '../graph/heap-graph.ts';
import type { MemoryCell, MemoryMapView, MemoryRegion } from '../protocol/web/heap-views.ts';
import { MEMORY_USES, type MemoryMapColumns, NOTHING } from './memory-map-columns.ts';
import { REGION_KINDS } from './memory-regions.ts';
import type { WindowOptions } from './object-rows.ts';

export function memoryMapView(
  columns: MemoryMapColumns,
  { types }: Pick<HeapGraph, 'types'>,
  { offset, limit }: WindowOptions,
): MemoryMapView {
  const count = columns.starts.length;
  const regions: MemoryRegion[] = [];
  for (let r = offset; r < Math.min(count, offset + limit); r++) {
    const cells: MemoryCell[] = [];
    for (let cell = columns.firstCell[r]!; cell < columns.firstCell[r + 1]!; cell++) {
      const type = columns.types[cell]!;
      const owner = columns.owners[cell]!;
      cells.push({
        use: MEMORY_USES[columns.uses[cell]!]!,
        filled: Math.round((columns.filled[cell]! / 255) * 100) / 100,
        ...(type === NOTHING ? {} : { type: qualifiedTypeName(types[type]!) }),
        ...(owner === NOTHING ? {} : { owner: columns.ownerNames[owner]! }),
        ...(columns.pins[cell] === 0 ? {} : { pins: true }),
      });
    }
    regions.push({
      kind: REGION_KINDS[columns.kinds[r]!]!,
      address: `0x${columns.starts[r]!.toString(16)}`,
      bytes: columns.ends[r]! - columns.starts[r]!,
      cells,
    });
  }
  const { sparse } = columns;
  return {
    region_count: count,
    offset,
    regions,
    totals: MEMORY_USES.map((use, i) => ({ use, bytes: columns.totals[i]! })).filter(({ bytes }) => bytes > 0),
    by_owner: columns.byOwner,
    by_type: columns.byType,
    sparse: { arenas: sparse.arenas, live_bytes: sparse.liveBytes, free_bytes: sparse.freeBytes },
  };
}
