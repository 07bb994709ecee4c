// Checks many files: in this thread when there is little to do, else in worker threads that take batches until none is left.

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type CheckOutcome, checkPath, type FileTask } from './checked-file.ts';

export interface SizedTask extends FileTask {
  readonly bytes: number;
}

export interface CheckOptions {
  readonly signal: AbortSignal;
  /** Called with the share of the bytes that are done. */
  readonly onProgress: (fraction: number) => void;
}

/** Below this, workers cost more than they save: each loads the rules and has its code compiled anew. */
const LEAST_BYTES_FOR_WORKERS = 1_500_000;
const MOST_WORKERS = 8;
/** Files are handed out largest first, so that no worker is left with a large one at the end. */
const BATCH_BYTES = 150_000;
/** How long this thread works before it looks whether it was cancelled. */
const TURN_MS = 50;

/** Beside this file in the bundle; absent where the source is run as it is, which then does all in this thread. */
const WORKER = fileURLToPath(new URL('./scan-worker.js', import.meta.url));

/** Trees live for one file only: with room for them, they are gone before the collector has to move them. */
const LIMITS = { resourceLimits: { maxYoungGenerationSizeMb: 96 } };

/** The outcomes, in the order of the tasks. */
export async function checkFiles(tasks: readonly SizedTask[], options: CheckOptions): Promise<readonly CheckOutcome[]> {
  const bytes = tasks.reduce((sum, task) => sum + task.bytes, 0);
  // One core is left to this thread, to the collectors of all, and to whatever else the machine does.
  const workers = Math.min(MOST_WORKERS, availableParallelism() - 1);
  if (bytes < LEAST_BYTES_FOR_WORKERS || workers < 2 || !existsSync(WORKER)) return checkHere(tasks, options);
  return checkInWorkers(tasks, workers, bytes, options);
}

async function checkHere(tasks: readonly SizedTask[], options: CheckOptions): Promise<readonly CheckOutcome[]> {
  const outcomes: CheckOutcome[] = [];
  let turnEnds = performance.now() + TURN_MS;
  for (const task of tasks) {
    outcomes.push(checkPath(task));
    if (performance.now() < turnEnds) continue;
    await setImmediate();
    options.signal.throwIfAborted();
    options.onProgress(outcomes.length / tasks.length);
    turnEnds = performance.now() + TURN_MS;
  }
  return outcomes;
}

/** Tasks by their places in the list given. */
type Batch = readonly number[];

async function checkInWorkers(
  tasks: readonly SizedTask[],
  count: number,
  bytes: number,
  options: CheckOptions,
): Promise<readonly CheckOutcome[]> {
  const outcomes = new Array<CheckOutcome>(tasks.length);
  const batches = batchesOf(tasks);
  let done = 0;
  const workers = Array.from({ length: Math.min(count, batches.length) }, () => new Worker(WORKER, LIMITS));
  try {
    await Promise.all(
      workers.map(async (worker) => {
        for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
          const answer = await ask(
            worker,
            batch.map((place) => taskOf(tasks[place]!)),
            options.signal,
          );
          batch.forEach((place, i) => {
            outcomes[place] = answer[i]!;
            done += tasks[place]!.bytes;
          });
          options.onProgress(done / bytes);
        }
      }),
    );
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return outcomes;
}

/** The smallest files first, as batches are taken from the end. */
function batchesOf(tasks: readonly SizedTask[]): Batch[] {
  const places = tasks.map((_, place) => place).sort((a, b) => tasks[a]!.bytes - tasks[b]!.bytes);
  const batches: number[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const place of places) {
    const { bytes } = tasks[place]!;
    if (size + bytes > BATCH_BYTES) {
      batches.push([]);
      size = 0;
    }
    batches[batches.length - 1]!.push(place);
    size += bytes;
  }
  return batches;
}

function taskOf({ path, module, project }: SizedTask): FileTask {
  return { path, module, project };
}

function ask(worker: Worker, batch: readonly FileTask[], signal: AbortSignal): Promise<readonly CheckOutcome[]> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      // By name: without one, a Worker would lose listeners of its own too.
      for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event);
      signal.removeEventListener('abort', abort);
      finish();
    };
    const abort = () => settle(() => reject(signal.reason));
    worker.once('message', (outcomes: readonly CheckOutcome[]) => settle(() => resolve(outcomes)));
    worker.once('error', (error) => settle(() => reject(error)));
    worker.once('exit', (code) => settle(() => reject(new Error(`a worker thread ended with ${code}`))));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    worker.postMessage(batch);
  });
}
