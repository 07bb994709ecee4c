// How fast a target's memory can be copied on this host at this moment: what a pause is foretold with.

import type { CapturePlan } from './capture-plan.ts';
import { type ProcessMemory, READ_BYTES } from './process-memory.ts';

/** Read for a measurement: some 20 ms. */
export const SAMPLE_BYTES = 64 << 20;
/** Assumed where there is nothing to measure with: slower than usual (2 to 4 GB/s). */
const ASSUMED_BYTES_PER_MS = 2e6;
const LEAST_SAMPLE_BYTES = 1 << 20;

/**
 * Bytes per millisecond, over pieces from all parts of what the plan copies, read from the running target into `into`:
 * memory touched before, as the capture's is.
 */
export function measureCopySpeed(memory: ProcessMemory, plan: CapturePlan, into: readonly ArrayBufferLike[]): number {
  const room = into[0]?.byteLength ?? 0;
  const step = Math.max(1, plan.readBytes / Math.min(SAMPLE_BYTES, room));
  let used = 0;
  let due = 0;
  let passed = 0;
  let bytes = 0;
  const startedAt = performance.now();
  for (const range of plan.ranges) {
    for (let i = 0; i < range.runs.length; i += 2) {
      const end = range.runs[i + 1]!;
      for (let at = range.runs[i]!; at < end; ) {
        const length = Math.min(READ_BYTES, end - at);
        // Every step-th piece, by bytes: large and small ones in their proportion.
        if (passed >= due && used + length <= room) {
          bytes += Math.max(0, memory.readOnce(at, new Uint8Array(into[0]!, used, length)));
          used += length;
          due += length * step;
        }
        passed += length;
        at += length;
      }
    }
  }
  const ms = performance.now() - startedAt;
  return bytes < LEAST_SAMPLE_BYTES || ms <= 0 ? ASSUMED_BYTES_PER_MS : bytes / ms;
}
