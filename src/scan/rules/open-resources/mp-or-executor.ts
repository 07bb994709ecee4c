// R09: a pool of workers or shared memory that nothing shuts down.

import type { Rule } from '../../rule.ts';
import { reportUnreleased } from './leak-findings.ts';

export const mpOrExecutor: Rule = {
  name: 'mp-or-executor',
  code: 'R09',
  cause: 'open resource',
  sameAs: [],
  words: ['Pool', 'Executor', 'Manager', 'SharedMemory'],
  doc: {
    what: 'A process pool, executor, manager process or shared memory block that a function makes and never shuts down.',
    why: 'Worker processes and threads go on waiting for work. A `multiprocessing.Pool` is kept alive by its own threads, and a shared memory block exists until it is unlinked, even after the process has ended.',
    evidence:
      'No way through the function shuts it down, and it is not returned, stored, captured or passed on. Module-level pools are taken to be meant for as long as the program runs.',
    fix: 'Use a `with` statement, or make one at start and share it. The automatic fix writes the statement; it is unsafe for executors, since leaving it waits for the work to be done.',
    ignore: 'When the work is meant to outlive the function and the process ends soon.',
    example: {
      leaks: `
from concurrent.futures import ThreadPoolExecutor

def resize_all(paths, resize):
    pool = ThreadPoolExecutor(8)
    for path in paths:
        pool.submit(resize, path)
`,
      fine: `
from concurrent.futures import ThreadPoolExecutor

def resize_all(paths, resize):
    with ThreadPoolExecutor(8) as pool:
        for path in paths:
            pool.submit(resize, path)
`,
    },
  },
  check(file, report) {
    reportUnreleased(file, 'pool', report);
  },
};
