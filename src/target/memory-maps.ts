// Parses /proc/PID/maps into memory regions and groups the files mapped. Reads no target memory.

import { readFileSync } from 'node:fs';
import type { MemoryRegion } from '../cpython/memory-reader.ts';
import { permissionError } from './permission.ts';

/** A region with the identity of its backing file. */
export interface MappedRegion extends MemoryRegion {
  /** `major:minor:inode` of the backing file as the kernel prints it, or '' for anonymous memory. */
  readonly fileId: string;
  /** The file was removed or replaced since it was mapped; `path` is where it was. */
  readonly deleted: boolean;
  /** `start-end` as the kernel names it in /proc/PID/map_files (no leading zeros). */
  readonly range: string;
}

/** One mapped file with its regions in ascending order. */
export interface MappedFile {
  readonly path: string;
  readonly fileId: string;
  readonly deleted: boolean;
  readonly regions: readonly MappedRegion[];
}

const DELETED = ' (deleted)';
const MAPS_LINE =
  /^([0-9a-f]+)-([0-9a-f]+) ([r-])([w-])([x-])([ps]) ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+)(?: +(.*))?$/;
const NO_DEVICE = /^0+:0+$/;
/** Regions above user space ([vsyscall]) have addresses that are no exact numbers; nothing there is of interest. */
const USER_SPACE_END = 2 ** 53;

/** Parses the text of a maps file, in ascending order of address. Lines it cannot read are left out. */
export function parseMemoryMaps(text: string): MappedRegion[] {
  const regions: MappedRegion[] = [];
  for (const line of text.split('\n')) {
    const match = MAPS_LINE.exec(line);
    if (match === null) continue;
    const start = Number.parseInt(match[1]!, 16);
    const end = Number.parseInt(match[2]!, 16);
    if (end >= USER_SPACE_END || end <= start) continue;
    // The kernel prints a newline in a path as \012 and nothing else escaped.
    const name = (match[10] ?? '').replaceAll('\\012', '\n');
    // The first System V segment of a machine has inode 0: only a device of 0 as well means that nothing backs the region.
    const isFile = match[9] !== '0' || !NO_DEVICE.test(match[8]!);
    const deleted = isFile && name.endsWith(DELETED);
    regions.push({
      start,
      end,
      readable: match[3] === 'r',
      writable: match[4] === 'w',
      executable: match[5] === 'x',
      shared: match[6] === 's',
      offset: Number.parseInt(match[7]!, 16),
      path: deleted ? name.slice(0, -DELETED.length) : name,
      fileId: isFile ? `${match[8]}:${match[9]}` : '',
      deleted,
      range: `${start.toString(16)}-${end.toString(16)}`,
    });
  }
  return regions;
}

/** The regions of a process; none for a thread of the kernel or a zombie. Throws E_PERMISSION or E_NO_SUCH_PROCESS. */
export function readMemoryMaps(pid: number): MappedRegion[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/maps`, 'utf8');
  } catch (error) {
    throw permissionError(pid, error, 'its memory map');
  }
  return parseMemoryMaps(text);
}

/** The files mapped by a process, in order of their first region. Devices and shared memory count as files. */
export function mappedFiles(regions: readonly MappedRegion[]): MappedFile[] {
  const byFile = new Map<string, MappedRegion[]>();
  for (const region of regions) {
    if (region.fileId === '') continue;
    const key = `${region.fileId} ${region.path}`;
    const known = byFile.get(key);
    if (known === undefined) byFile.set(key, [region]);
    else known.push(region);
  }
  return [...byFile.values()].map((group) => {
    const first = group[0]!;
    return { path: first.path, fileId: first.fileId, deleted: first.deleted, regions: group };
  });
}

/** The region that holds `address`, or undefined; `regions` ascending. */
export function regionAt<Region extends MemoryRegion>(regions: readonly Region[], address: number): Region | undefined {
  let low = 0;
  let high = regions.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const region = regions[middle]!;
    if (address < region.start) high = middle - 1;
    else if (address >= region.end) low = middle + 1;
    else return region;
  }
  return undefined;
}
