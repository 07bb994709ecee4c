// Whether this kernel tells which pages of a process were written since a moment (soft-dirty), and how that moment is
// set. Some kernels accept the command and then mark nothing, so the answer comes from trying it on this process.
// Format: Documentation/admin-guide/mm/soft-dirty.rst of Linux.

import { writeFileSync } from 'node:fs';
import { canHoldObjects, isAnonymous } from './capture-plan.ts';
import { readMemoryMaps } from './memory-maps.ts';
import { FRAME_HIGH, kernelPageBytes, openPagemap, PRESENT, SOFT_DIRTY } from './pagemap.ts';
import { errnoCode } from './proc-file.ts';
import { PAGE_BYTES } from './process-memory.ts';

/** What clear_refs takes to forget which pages were written. */
const CLEAR_SOFT_DIRTY = '4';
/** Half of it is written after the command: far more than this process dirties by itself meanwhile, or a huge page holds. */
const TRIAL_BYTES = 16 << 20;
/** Share of the half that must be seen dirty, and of the other that must be seen clean. */
const CERTAIN_SHARE = 0.5;
/** Regions larger than this are V8's reservations. */
const REGION_LIMIT_BYTES = 1 << 30;

let answer: string | undefined;

/**
 * Why copies cannot be made ahead of a pause here, or '' where they can. Besides soft-dirty it takes the right to see
 * frame numbers, because the kernel marks nothing when it moves a whole page table (mremap): a page that is clean and in
 * the frame it was in is what it was. Asked of the kernel once per process.
 */
export function whyNoSoftDirty(): string {
  answer ??= tryIt();
  return answer;
}

/**
 * From here on the kernel marks the pages that process `pid` writes. Changes no byte of its memory; each page costs it a
 * small fault when it is next written. Returns why it could not, or ''.
 */
export function startTracking(pid: number): string {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, CLEAR_SOFT_DIRTY);
    return '';
  } catch (error) {
    return `the kernel does not let it be tracked (${errnoCode(error) ?? 'error'} at clear_refs)`;
  }
}

function tryIt(): string {
  const pageBytes = kernelPageBytes();
  // Copies are made in pages of 4 KiB; kernels with larger ones (aarch64) have no soft-dirty anyway.
  if (pageBytes !== PAGE_BYTES) return `pages of ${pageBytes / 1024} KB are not tracked`;
  const trial = new Uint8Array(TRIAL_BYTES);
  const half = TRIAL_BYTES / 2;
  for (let at = 0; at < trial.length; at += pageBytes) trial[at] = 1;
  const failure = startTracking(process.pid);
  if (failure !== '') return failure;
  for (let at = 0; at < half; at += pageBytes) trial[at] = 2;
  const { dirty, clean, frames } = countPages();
  const certain = (half / pageBytes) * CERTAIN_SHARE;
  if (dirty < certain || clean < certain) return 'this kernel does not track which pages are written (soft-dirty)';
  return frames ? '' : 'page frame numbers are hidden from this user: it takes root or CAP_SYS_ADMIN';
}

/** The pages of this process. */
function countPages(): { dirty: number; clean: number; frames: boolean } {
  const pagemap = openPagemap(process.pid);
  const pageBytes = kernelPageBytes();
  let dirty = 0;
  let clean = 0;
  let frames = false;
  try {
    for (const region of readMemoryMaps(process.pid)) {
      const size = region.end - region.start;
      if (!canHoldObjects(region) || !isAnonymous(region) || size > REGION_LIMIT_BYTES) continue;
      const entries = new Uint32Array((size / pageBytes) * 2);
      if (!pagemap.entries(region.start, entries)) continue;
      for (let i = 0; i < entries.length; i += 2) {
        const flags = entries[i + 1]!;
        if ((flags & PRESENT) === 0) continue;
        if ((flags & SOFT_DIRTY) !== 0) dirty++;
        else clean++;
        frames ||= entries[i] !== 0 || (flags & FRAME_HIGH) !== 0;
      }
    }
  } finally {
    pagemap.close();
  }
  return { dirty, clean, frames };
}
