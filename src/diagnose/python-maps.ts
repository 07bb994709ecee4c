// Anonymous memory that Python objects mapped for themselves: mmap.mmap(-1, n, MAP_PRIVATE) and the like.

import type { Layout } from '../cpython/layout.ts';
import type { MemoryImage } from '../cpython/memory-image.ts';
import type { RegionUse } from '../cpython/resident-pages.ts';
import { visitHandles } from '../cpython/resource-handles.ts';
import type { Address, HeapGraph } from '../graph/heap-graph.ts';
import type { KnownMap } from './rss-parts.ts';

/** `mmap_object.size` (Modules/mmapmodule.c), behind the header and the address of the data. */
const MMAP_SIZE = 8;

/** The private anonymous ranges whose address an object holds, ascending. */
export function findPythonMaps(
  graph: HeapGraph,
  image: MemoryImage,
  layout: Layout,
  regions: readonly RegionUse[],
): KnownMap[] {
  const anonymous = regions.filter(({ region, anonymousBytes }) => anonymousBytes > 0 && region.path === '');
  const regionEnd = (address: Address): Address =>
    anonymous.find(({ region }) => address >= region.start && address < region.end)?.region.end ?? 0;
  const maps: KnownMap[] = [];
  visitHandles(graph, image, layout, {
    knows: (kind, address) => kind === 'mapping' && regionEnd(address) > 0,
    handle: (_kind, start, node) => {
      const size = image.u64(graph.addresses[node]! + layout.headerSize + MMAP_SIZE);
      // Neighbouring anonymous maps are one region to the kernel; a size that leads out of it is no size.
      const end = Math.min(regionEnd(start), start + size);
      if (end > start) maps.push({ start, end, part: 'memory maps' });
    },
  });
  return maps.sort((a, b) => a.start - b.start);
}
