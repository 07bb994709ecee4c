// `--dry-run` foretells the pause within a factor of two, stops nothing, and says why nothing is copied ahead.

import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { afterEach, describe, expect, test } from 'vitest';
import { PauseEstimateSchema } from '../../src/protocol/pause-estimate.ts';
import { estimatePause } from '../../src/session/pause-estimate.ts';
import { silentProgress } from '../../src/session/session-options.ts';
import { takeSnapshot } from '../../src/session/snapshot-session.ts';
import { whyNoSoftDirty } from '../../src/target/soft-dirty.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { startPython, type TargetProcess } from '../support/target-process.ts';

const signal = new AbortController().signal;
const MIB = 2 ** 20;
/** A shared machine may be busy with something else at one of the two moments that are compared. */
const TRIES = 4;

let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
});

async function startHeap(mebibytes: number): Promise<number> {
  target = await startPython(
    anyInterpreter().path,
    `
import sys
# Small blocks: nothing of it is raw data.
keep = [bytes(200) for _ in range(${mebibytes} * 4400)]
print('ready', flush=True)
sys.stdin.read()`,
  );
  return target.pid;
}

/** How often the process was given a processor. */
function switches(pid: number): number {
  return Number(/ctxt_switches:\t(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

describe.each([60, 400])('of a heap of %i MB', (mebibytes) => {
  test('the pause is foretold within a factor of two', async () => {
    const pid = await startHeap(mebibytes);
    const ratios: number[] = [];
    for (let i = 0; i < TRIES; i++) {
      const estimate = await estimatePause({ pid, precopy: false, signal }, silentProgress);
      v.parse(PauseEstimateSchema, estimate);
      const { pauseMs, capture } = await takeSnapshot({ pid, precopy: false, signal }, silentProgress);
      ratios.push(estimate.pause_ms / pauseMs);
      expect(Math.abs(estimate.copy_bytes - capture.copied_bytes)).toBeLessThan(4 * MIB);
      if (ratios.at(-1)! > 0.5 && ratios.at(-1)! < 2) return;
    }
    expect.unreachable(`estimates were ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')} of the pause`);
  });
});

test('nothing is stopped for it, and nothing written', async () => {
  const pid = await startHeap(60);
  const before = switches(pid);
  const estimate = await estimatePause({ pid, precopy: true, signal }, silentProgress);
  // A process that waits for its input runs for nothing but a signal.
  expect(switches(pid)).toBe(before);
  const why = whyNoSoftDirty();
  expect(estimate.early_copy.possible).toBe(why === '');
  if (why !== '') expect(estimate.early_copy.reason).toBe(why);
});
