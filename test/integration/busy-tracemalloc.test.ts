// Tables that change all the time: a stop in the middle of a change is met by another, and what is read is whole.

import { describe, expect, test } from 'vitest';
import { ProblemLog } from '../../src/base/problems.ts';
import { AttachedTarget } from '../../src/session/attached-target.ts';
import { captureTracemalloc } from '../../src/session/trace-session.ts';
import { interpreters } from '../support/interpreters.ts';
import { startPython } from '../support/target-process.ts';

/** Grows and shrinks, so that the tables are made anew again and again. */
const PROGRAM = `
import threading
def work():
    while True:
        kept = {}
        for index in range(20_000):
            kept[index] = str(index) * 3
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
print(1, flush=True)
work()
`;
const LOOKS = 15;
/** The table of a dict of 20,000 entries. */
const LARGEST_BLOCK = 2 << 20;

describe.each(interpreters().map((python) => [python.label, python] as const))('CPython %s', (_label, python) => {
  test('every look is whole, and the counter is the sum of the sizes, but for a block that is being added', async () => {
    const target = await startPython(python.path, PROGRAM, { env: { PYTHONTRACEMALLOC: '2' } });
    const problems = new ProblemLog();
    const attached = await AttachedTarget.attach(target.pid, problems);
    try {
      const signal = new AbortController().signal;
      for (let look = 0; look < LOOKS; look++) {
        const { snapshot } = await captureTracemalloc(attached, { signal }, problems);
        expect(snapshot.traces.isComplete).toBe(true);
        if (snapshot.tracedBytes === undefined) continue;
        const sum = snapshot.traces.sizes.reduce((total, size) => total + size, 0);
        expect(Math.abs(sum - snapshot.tracedBytes)).toBeLessThan(LARGEST_BLOCK);
      }
      expect(problems.list()).toEqual([]);
    } finally {
      attached.close();
      await target.stop();
    }
  });
});
