// Pages of zeros. The kernel maps one page of its own wherever untouched memory was only read: the page map shows it as
// present, and it counts for nobody. Huge pages, the other way round, are resident as a whole where little was written.

import type { Address } from '../graph/heap-graph.ts';
import type { MemoryImage } from './memory-image.ts';
import { type MemoryUse, ResidentPages } from './resident-pages.ts';

const PAGE = 4096;

/** `use` without the kernel's page of zeros: the kernel's own count says how many of the pages present are that one. */
export function dropZeroPages(image: MemoryImage, use: MemoryUse): MemoryUse {
  const resident = new ResidentPages(use.residentRuns);
  const shared = new ResidentPages(use.sharedRuns);
  const holes: number[] = [];
  for (const { region, anonymousBytes } of use.regions) {
    if (region.shared || anonymousBytes === 0) continue;
    let surplus = resident.overlap(region.start, region.end) - anonymousBytes;
    if (surplus <= 0) continue;
    shared.forEachIn(region.start, region.end, (from, to) => {
      for (let page = from; page < to && surplus > 0; page += PAGE) {
        if (!isZeroPage(image, page)) continue;
        if (holes.at(-1) === page) holes[holes.length - 1] = page + PAGE;
        else holes.push(page, page + PAGE);
        surplus -= PAGE;
      }
    });
  }
  if (holes.length === 0) return use;
  return {
    regions: use.regions,
    residentRuns: subtract(use.residentRuns, holes),
    sharedRuns: subtract(use.sharedRuns, holes),
  };
}

/** Bytes of resident pages that hold nothing but zeros, in the mappings that have huge pages. */
export function zeroBytesInHugePages(image: MemoryImage, use: MemoryUse, resident: ResidentPages): number {
  let zeros = 0;
  for (const { region, hugeBytes } of use.regions) {
    if (hugeBytes === 0) continue;
    let here = 0;
    resident.forEachIn(region.start, region.end, (from, to) => {
      for (let page = from; page < to; page += PAGE) if (image.isCopied(page) && isZeroPage(image, page)) here += PAGE;
    });
    zeros += Math.min(here, hugeBytes);
  }
  return zeros;
}

function isZeroPage(image: MemoryImage, page: Address): boolean {
  const bytes = image.bytes(page, PAGE);
  if (bytes === undefined) return false;
  const words = new Float64Array(bytes.buffer, bytes.byteOffset, PAGE / 8);
  for (let i = 0; i < words.length; i++) if (!Object.is(words[i], 0)) return false;
  return true;
}

/** `runs` without `holes`; both ascending start, end pairs. */
function subtract(runs: readonly number[], holes: readonly number[]): number[] {
  const left: number[] = [];
  let hole = 0;
  for (let i = 0; i < runs.length; i += 2) {
    let start = runs[i]!;
    const end = runs[i + 1]!;
    while (hole < holes.length && holes[hole + 1]! <= start) hole += 2;
    for (let h = hole; h < holes.length && holes[h]! < end; h += 2) {
      if (holes[h]! > start) left.push(start, holes[h]!);
      start = Math.max(start, holes[h + 1]!);
    }
    if (start < end) left.push(start, end);
  }
  return left;
}
