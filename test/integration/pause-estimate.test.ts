// `--dry-run` stops nothing, and says why nothing is copied ahead. How near it comes: pauses.test.ts.

import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { afterEach, expect, test } from 'vitest';
import { PauseEstimateSchema } from '../../src/protocol/pause-estimate.ts';
import { estimatePause } from '../../src/session/pause-estimate.ts';
import { silentProgress } from '../../src/session/session-options.ts';
import { whyNoSoftDirty } from '../../src/target/soft-dirty.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { startPython, type TargetProcess } from '../support/target-process.ts';

const signal = new AbortController().signal;

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

test('nothing is stopped for it, and nothing written', async () => {
  const pid = await startHeap(60);
  // It has said that it is ready, and is about to wait.
  await expect.poll(() => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.charAt(0)).toBe('S');
  const before = switches(pid);
  const estimate = v.parse(PauseEstimateSchema, await estimatePause({ pid, precopy: true, signal }, silentProgress));
  // A process that waits for its input runs for nothing but a signal.
  expect(switches(pid)).toBe(before);
  const why = whyNoSoftDirty();
  expect(estimate.early_copy.possible).toBe(why === '');
  if (why !== '') expect(estimate.early_copy.reason).toBe(why);
});
