// Entry of a worker thread: batches of tasks in, outcomes out. Everything between two messages is garbage after it.

import { parentPort } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { checkPath, type FileTask } from './checked-file.ts';

assert(parentPort !== null, 'the worker was started as a program');
const port = parentPort;
port.on('message', (tasks: readonly FileTask[]) => {
  port.postMessage(tasks.map((task) => checkPath(task)));
});
