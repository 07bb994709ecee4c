// Under tracemalloc its tables grow with every object. They are accounted for as what they are, and are no native leak.

import { describe, expect, test } from 'vitest';
import { ProblemLog } from '../../src/base/problems.ts';
import { readTracemalloc } from '../../src/cpython/tracemalloc/tracemalloc-snapshot.ts';
import { AttachedTarget } from '../../src/session/attached-target.ts';
import { runRss } from '../../src/session/rss-session.ts';
import { silentProgress } from '../../src/session/session-options.ts';
import { interpreters } from '../support/interpreters.ts';
import { startPython } from '../support/target-process.ts';

const PROGRAM = `
import time
kept = [(index, str(index)) for index in range(100_000)]
print(1, flush=True)
time.sleep(3600)
`;

describe.each(interpreters().map((python) => [python.label, python] as const))('CPython %s', (_label, python) => {
  test('the tables are a part of their own, of the size that trace tells', async () => {
    const target = await startPython(python.path, PROGRAM, { env: { PYTHONTRACEMALLOC: '3' } });
    try {
      const attached = await AttachedTarget.attach(target.pid, new ProblemLog());
      const { walk, image } = await attached.capture();
      const reading = readTracemalloc(image, attached.interpreter, new ProblemLog());
      attached.close();
      if (typeof reading === 'string') throw new Error(reading);
      const report = await runRss({ pid: target.pid, top: 3, signal: new AbortController().signal }, silentProgress);
      const tables = report.parts.find(({ name }) => name === 'tracemalloc tables')!;
      // Of 300,000 traces; the pages at the ends of the heap are counted by whole pages.
      expect(reading.tableBytes).toBeGreaterThan(15 << 20);
      expect(Math.abs(tables.bytes - reading.tableBytes) / reading.tableBytes).toBeLessThan(0.03);
      // What is left belongs to the interpreter.
      expect(walk.ownerless.bytes).toBeLessThan(2 << 20);
    } finally {
      await target.stop();
    }
  });
});
