// Raw data that is sized and not copied changes nothing in what is found: on every interpreter, the graph of one state
// of a process is the same with and without its raw data, down to every retained size.

import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { ProblemLog } from '../../src/base/problems.ts';
import { walkHeap } from '../../src/cpython/heap-walk.ts';
import { RawBufferFinder } from '../../src/cpython/raw-buffers.ts';
import { computeDominators } from '../../src/graph/dominators.ts';
import type { HeapGraph } from '../../src/graph/heap-graph.ts';
import { retainedBytes } from '../../src/graph/retained-size.ts';
import { AttachedTarget } from '../../src/session/attached-target.ts';
import { captureMemory } from '../../src/target/memory-capture.ts';
import { readProcessStat } from '../../src/target/process-info.ts';
import { interpreters } from '../support/interpreters.ts';
import { startCommand, type TargetProcess } from '../support/target-process.ts';

const PROGRAM = join(import.meta.dirname, '../targets/raw_data.py');
const MIB = 2 ** 20;

let target: TargetProcess | undefined;
let attached: AttachedTarget | undefined;
afterEach(async () => {
  attached?.close();
  attached = undefined;
  await target?.stop();
});

interface Walked {
  readonly graph: HeapGraph;
  readonly retained: Float64Array;
  readonly problems: readonly string[];
  readonly copiedBytes: number;
  readonly skippedBytes: number;
}

async function walk(pid: number, rawData: 'copy' | 'size'): Promise<Walked> {
  const { interpreter } = attached!;
  const problems = new ProblemLog();
  const capture = await captureMemory(pid, {
    problems,
    ...(rawData === 'copy'
      ? {}
      : { rawData: (read, regions) => new RawBufferFinder(read, interpreter.layout, regions) }),
  });
  const { graph } = walkHeap({ image: capture.image, interpreter }, problems);
  capture.close();
  return {
    graph,
    retained: Float64Array.from(retainedBytes(graph, computeDominators(graph))),
    problems: problems.list().map(({ code, count }) => `${code} ${count}`),
    copiedBytes: capture.copiedBytes,
    skippedBytes: capture.skippedBytes,
  };
}

/** Columns of one graph in one order, equal when the graphs are. */
function columns({ graph, retained }: Walked): Record<string, ArrayLike<unknown>> {
  return {
    addresses: graph.addresses,
    types: Array.from(graph.typeOf, (type) => graph.types[type]?.name),
    words: graph.shallowWords,
    entries: graph.entryCounts,
    firstEdge: graph.firstEdge,
    targets: graph.edgeTargets,
    names: graph.edgeNames,
    strings: graph.strings,
    roots: graph.roots.nodes,
    retained,
  };
}

/** Names of columns that are not the same, with the first row where they part: far faster than toEqual on millions. */
function differing(expected: Record<string, ArrayLike<unknown>>, actual: Record<string, ArrayLike<unknown>>): string[] {
  return Object.entries(expected).flatMap(([name, column]) => {
    const other = actual[name]!;
    if (column.length !== other.length) return [`${name} has ${other.length} rows, not ${column.length}`];
    for (let i = 0; i < column.length; i++) {
      if (!Object.is(column[i], other[i])) return [`${name} row ${i}: ${other[i]}, not ${column[i]}`];
    }
    return [];
  });
}

const MODES = [
  { name: 'as it comes', env: {} },
  { name: 'under PYTHONMALLOC=debug', env: { PYTHONMALLOC: 'debug' } },
];

describe.each(interpreters())('$label', ({ path, freeThreaded }) => {
  test.each(freeThreaded ? MODES.slice(0, 1) : MODES)(
    'finds the same without raw data $name',
    async ({ env }) => {
      target = await startCommand([path, PROGRAM], { env });
      attached = await AttachedTarget.attach(target.pid, new ProblemLog());
      target.child.kill('SIGSTOP');
      await expect.poll(() => readProcessStat(target!.pid)?.state).toBe('T');
      const whole = await walk(target.pid, 'copy');
      const sized = await walk(target.pid, 'size');
      expect(whole.skippedBytes).toBe(0);
      // Free-threaded builds keep objects in mimalloc, and only what libraries ask of malloc can be told.
      if (!freeThreaded) expect(sized.skippedBytes).toBeGreaterThan(16 * MIB);
      expect(whole.copiedBytes - sized.copiedBytes).toBe(sized.skippedBytes);
      expect(sized.problems).toEqual(whole.problems);
      const [expected, actual] = [columns(whole), columns(sized)];
      expect(differing(expected, actual)).toEqual([]);
      console.log(
        `${path}: ${whole.graph.nodeCount} objects; ${Math.round(whole.copiedBytes / MIB)} MB copied, ` +
          `${Math.round(sized.skippedBytes / MIB)} MB of it not needed`,
      );
    },
    120_000,
  );
});
