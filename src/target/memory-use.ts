// What of a process is in memory, mapping by mapping, and which pages: /proc/PID/smaps and pagemap. Reads no memory of
// the target. Read while it stands still, the two and a copy of its memory are of one moment.

import { readFileSync } from 'node:fs';
import { LeakscopeError } from '../base/errors.ts';
import type { MemoryUse, RegionUse } from '../cpython/resident-pages.ts';
import { type MappedRegion, parseMemoryMaps } from './memory-maps.ts';
import { openPagemap, type Pagemap } from './pagemap.ts';
import { permissionError } from './permission.ts';
import { errnoCode } from './proc-file.ts';
import { readProcessStat } from './process-info.ts';

/** Reads the memory use of a process now. Throws E_PERMISSION, E_NO_SUCH_PROCESS, or E_UNSUPPORTED_HOST. */
export function readMemoryUse(pid: number): MemoryUse {
  const pagemap = openPagemap(pid);
  try {
    const regions = parseSmaps(readSmapsText(pid));
    return { regions, ...readResidentRuns(regions, pagemap) };
  } finally {
    pagemap.close();
  }
}

/** Parses the text of a smaps file. Mappings and fields it cannot read are left out. */
export function parseSmaps(text: string): (RegionUse & { readonly region: MappedRegion })[] {
  const uses: (RegionUse & { readonly region: MappedRegion })[] = [];
  let header = '';
  let fields: Record<string, number> = {};
  const finish = (): void => {
    const region = header === '' ? undefined : parseMemoryMaps(header)[0];
    if (region === undefined) return;
    const bytes = (name: string): number => (fields[name] ?? 0) * 1024;
    uses.push({
      region,
      rssBytes: bytes('Rss'),
      pssBytes: bytes('Pss'),
      privateBytes: bytes('Private_Clean') + bytes('Private_Dirty'),
      anonymousBytes: bytes('Anonymous'),
      hugeBytes: bytes('AnonHugePages'),
      swapBytes: bytes('Swap'),
    });
  };
  for (const line of text.split('\n')) {
    // Fields begin with a capital letter, the header of a mapping with its address.
    const first = line.charCodeAt(0);
    if (first >= 65 && first <= 90) {
      const colon = line.indexOf(':');
      const value = Number.parseInt(line.slice(colon + 1), 10);
      if (Number.isFinite(value)) fields[line.slice(0, colon)] = value;
    } else if (line !== '') {
      finish();
      header = line;
      fields = {};
    }
  }
  finish();
  return uses;
}

/** The text of /proc/PID/smaps. Throws as `readMemoryUse` does. */
export function readSmapsText(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/smaps`, 'utf8');
  } catch (error) {
    if (errnoCode(error) === 'ENOENT' && readProcessStat(pid) !== undefined) throw untold(error);
    throw permissionError(pid, error, 'its memory use');
  }
}

/**
 * Which anonymous pages of private mappings are resident. `regions` are of the smaps of the same moment. Throws
 * E_UNSUPPORTED_HOST where the kernel does not tell.
 */
export function readResidentRuns(
  regions: readonly RegionUse[],
  pagemap: Pagemap,
): Pick<MemoryUse, 'residentRuns' | 'sharedRuns'> {
  const residentRuns: number[] = [];
  const sharedRuns: number[] = [];
  for (const { region, anonymousBytes } of regions) {
    if (region.shared || anonymousBytes === 0) continue;
    if (!pagemap.residentRuns(region, residentRuns, sharedRuns)) throw untold();
  }
  return { residentRuns, sharedRuns };
}

function untold(cause?: unknown): LeakscopeError {
  return new LeakscopeError('E_UNSUPPORTED_HOST', 'this kernel does not tell which pages are in memory', {
    hint: 'it was built without CONFIG_PROC_PAGE_MONITOR; find and report work without it',
    cause,
  });
}
