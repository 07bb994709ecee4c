// Foretells a capture without taking one: what it would copy, how long the target would stand still, what it needs.
// Reads a sample of the live memory; stops nothing and changes nothing.

import { prepareBuffers } from './capture-buffers.ts';
import { bytesWanted, planCapture, skippedBy } from './capture-plan.ts';
import { measureCopySpeed, SAMPLE_BYTES } from './copy-speed.ts';
import { whyNotCopyEarly } from './early-copy.ts';
import type { CaptureOptions } from './memory-capture.ts';
import { readAvailableMemory } from './memory-limit.ts';
import { readMemoryMaps } from './memory-maps.ts';
import { openPagemap } from './pagemap.ts';
import type { ProcessMemory } from './process-memory.ts';
import { countResources } from './resource-counts.ts';

export interface CaptureEstimate {
  /** For a copy made whole while the target stands still. */
  readonly pauseMs: number;
  /** For one whose target wrote to nothing after it was copied ahead; undefined where it cannot be copied ahead. */
  readonly leastPauseMs: number | undefined;
  readonly copyBytes: number;
  readonly skippedBytes: number;
  readonly bytesPerMs: number;
  readonly threads: number;
  /** Memory for the copy, and what is free for it where that is known. */
  readonly neededBytes: number;
  readonly availableBytes: number | undefined;
  /** Why memory would not be copied ahead of the pause, or ''. */
  readonly whyNoEarlyCopy: string;
}

/** To signal a process, see that it stands, and let it go; and what each thread adds to the seeing. */
const STOP_MS = 0.8;
const THREAD_MS = 0.03;

/** What a capture with these options would come to now. Throws E_PERMISSION and E_NO_SUCH_PROCESS. */
export async function estimateCapture(
  memory: ProcessMemory,
  options: Pick<CaptureOptions, 'rawData' | 'copyEarly' | 'signal'>,
): Promise<CaptureEstimate> {
  const pagemap = openPagemap(memory.pid);
  try {
    const regions = readMemoryMaps(memory.pid);
    const scanFrom = performance.now();
    const whole = planCapture(regions, pagemap);
    const scanMs = performance.now() - scanFrom;
    const raw = options.rawData?.(memory.read, regions).find(whole.ranges.flatMap((range) => range.runs)) ?? [];
    const buffers = await prepareBuffers(Math.min(SAMPLE_BYTES, whole.readBytes), { signal: options.signal });
    // What the pause does before it copies, done now and timed.
    const planFrom = performance.now();
    const regionsNow = readMemoryMaps(memory.pid);
    const finder = options.rawData?.(memory.read, regionsNow);
    const skipped = skippedBy(raw.filter((buffer) => finder?.isStillRaw(buffer) === true));
    const plan = planCapture(regionsNow, pagemap, whole, skipped);
    const planMs = performance.now() - planFrom;
    const bytesPerMs = measureCopySpeed(memory, plan, buffers.chunks);
    const threads = countResources(memory.pid).threads;
    const fixedMs = STOP_MS + threads * THREAD_MS + planMs;
    const whyNoEarlyCopy = whyNotCopyEarly(options.copyEarly, plan.readBytes);
    return {
      pauseMs: fixedMs + plan.readBytes / bytesPerMs,
      leastPauseMs: whyNoEarlyCopy === '' ? fixedMs + scanMs : undefined,
      copyBytes: plan.readBytes,
      skippedBytes: plan.skippedBytes,
      bytesPerMs,
      threads,
      neededBytes: bytesWanted(plan),
      availableBytes: readAvailableMemory(),
      whyNoEarlyCopy,
    };
  } finally {
    pagemap.close();
  }
}
