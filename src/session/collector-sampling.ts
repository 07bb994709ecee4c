// Looks at the cyclic collector of a running process again and again, without stopping it: how often a collection is under
// way, and how often it is off. A few words are read each time; they may be of different moments, which does no harm here.

import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfCancelled } from '../base/errors.ts';
import { readCollector } from '../cpython/collector-state.ts';
import type { CollectorSamples } from '../diagnose/gc-watch.ts';
import { readMemoryMaps } from '../target/memory-maps.ts';
import { targetExited } from '../target/pause.ts';
import { liveImage } from '../target/process-memory.ts';
import type { AttachedTarget } from './attached-target.ts';

const SAMPLE_MS = 50;

/** Takes `seconds`. Throws E_TARGET_EXITED, E_CANCELLED. */
export async function sampleCollector(
  target: AttachedTarget,
  seconds: number,
  signal: AbortSignal,
): Promise<CollectorSamples> {
  const { memory, interpreter, info } = target;
  const main = interpreter.interpreters[0]!;
  // The collector's state stays where it is: mappings that come later do not matter.
  const regions = readMemoryMaps(info.pid);
  const dueMs = performance.now() + seconds * 1000;
  let samples = 0;
  let collecting = 0;
  let off = 0;
  while (performance.now() < dueMs) {
    throwIfCancelled(signal);
    if (!target.isAlive) throw targetExited(info.pid);
    const collector = readCollector(liveImage(memory, regions), main);
    samples++;
    if (collector.collecting) collecting++;
    if (!collector.enabled) off++;
    await sleep(Math.min(SAMPLE_MS, Math.max(1, dueMs - performance.now())));
  }
  return { samples, collecting, off };
}
