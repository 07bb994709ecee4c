// Sends a thread off with a task and listens to it until it is done, from the thread that serves.

import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { LeakscopeError } from '../base/errors.ts';
import { failureError } from './failures.ts';
import type { Task, TaskControl, TaskMessage } from './tasks.ts';

/** Beside this file in the bundle. */
const WORKER = fileURLToPath(new URL('./daemon-task.js', import.meta.url));

/** A cancelled task resumes its target and closes what it opened; one that does not get there is ended. */
const CANCEL_MS = 10_000;

export interface TaskOptions {
  readonly signal: AbortSignal;
  /** Everything but the end. A promise holds up the next piece of an export. */
  readonly onMessage?: (message: Exclude<TaskMessage, { readonly message: 'done' | 'failed' }>) => void | Promise<void>;
}

/** Resolves with what the task was done with, when its thread has ended. Throws what the task throws. */
export function runTask(task: Task, { signal, onMessage }: TaskOptions): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(cancelled());
      return;
    }
    const worker = new Worker(WORKER, { workerData: task, name: `leakscope ${task.kind}` });
    const tell = (control: TaskControl): void => worker.postMessage(control);
    let outcome: { readonly value: unknown } | { readonly error: unknown } | undefined;
    let deadline: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      tell('cancel');
      deadline = setTimeout(() => void worker.terminate(), CANCEL_MS);
    };
    signal.addEventListener('abort', cancel, { once: true });
    worker.on('message', (message: TaskMessage) => {
      switch (message.message) {
        case 'done':
          outcome = { value: message.value };
          return;
        case 'failed':
          outcome = { error: failureError(message.failure) };
          return;
        case 'piece':
          Promise.resolve(onMessage?.(message)).then(
            () => tell('go on'),
            () => tell('cancel'),
          );
          return;
        default:
          void onMessage?.(message);
      }
    });
    worker.on('error', (error) => {
      outcome ??= { error };
    });
    worker.once('exit', () => {
      signal.removeEventListener('abort', cancel);
      clearTimeout(deadline);
      if (outcome === undefined) reject(signal.aborted ? cancelled() : new Error('a thread ended without an answer'));
      else if ('error' in outcome) reject(outcome.error);
      else resolve(outcome.value);
    });
  });
}

function cancelled(): LeakscopeError {
  return new LeakscopeError('E_CANCELLED', 'given up before there was an answer');
}
