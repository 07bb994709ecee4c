// The memory maps of a process by what backs them: files of data, shared memory, and the rest in rough parts.

import { fileNamer } from './descriptor-groups.ts';
import type { MappedRegion } from './memory-maps.ts';
import type { ItemHandle, ResourceItem } from './resource-items.ts';
import { addToSegment, type SharedSegments, segmentKey, segmentName } from './shared-segments.ts';

/** MAP_SHARED without a file, as the kernel calls it. */
const SHARED_ANONYMOUS = /^(?:\/dev\/zero|\[anon_shmem:.*)$/;

/** The kernel's own code and data in every process. */
const KERNEL_PAGES = /^\[(?:vdso|vvar|vvar_vclock|vsyscall|uprobes)\]$/;

/** An item per region; those of shared memory go to `segments` instead. */
export function mapItems(regions: readonly MappedRegion[], segments: SharedSegments): ResourceItem[] {
  const programs = new Set<string>();
  for (const region of regions) if (region.executable && region.fileId !== '') programs.add(region.fileId);
  const dataFiles = regions.filter((region) => isDataFile(region, programs));
  const nameFile = fileNamer(dataFiles.map(({ path }) => path));
  const items: ResourceItem[] = [];
  for (const region of regions) {
    const { start, end, path, fileId } = region;
    const handle: ItemHandle = { kind: 'mapping', number: start, end };
    if (fileId !== '' && segmentName(path) !== undefined) {
      const inode = Number(fileId.slice(fileId.lastIndexOf(':') + 1));
      addToSegment(segments, segmentKey(path, inode), path, end - start, handle);
      continue;
    }
    const isData = isDataFile(region, programs);
    const isShared = SHARED_ANONYMOUS.test(path);
    items.push({
      kind: 'memory maps',
      name: isShared ? 'shared anonymous memory' : isData ? nameFile(path) : roughPart(region),
      state: '',
      bytes: end - start,
      identity: `mapping ${start} ${fileId}`,
      isCommonlyNative: !isData && !isShared,
      handles: [handle],
    });
  }
  return items;
}

/** Mappings that a program asks for one by one: files of data, shared memory. Grows with what it forgets to unmap. */
export function countOwnMappings(regions: readonly MappedRegion[]): { maps: number; segments: number } {
  const programs = new Set<string>();
  for (const region of regions) if (region.executable && region.fileId !== '') programs.add(region.fileId);
  const segments = new Set<string>();
  let maps = 0;
  for (const region of regions) {
    if (region.fileId === '' || programs.has(region.fileId)) continue;
    if (segmentName(region.path) === undefined) maps++;
    else segments.add(region.fileId);
  }
  return { maps, segments: segments.size };
}

function isDataFile({ fileId, path }: MappedRegion, programs: ReadonlySet<string>): boolean {
  return fileId !== '' && !programs.has(fileId) && !SHARED_ANONYMOUS.test(path);
}

function roughPart({ fileId, path }: MappedRegion): string {
  if (fileId !== '' || KERNEL_PAGES.test(path)) return 'programs and libraries';
  return path === '[heap]' || path.startsWith('[stack') ? 'heap and stack' : 'private anonymous memory';
}
