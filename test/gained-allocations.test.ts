// Who allocated what a holder gained between two looks: as many blocks, by the tracebacks that the program has, in every
// interpreter.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ProblemLog } from '../src/base/problems.ts';
import { findGainedAllocations, type GainedAllocations } from '../src/diagnose/gained-allocations.ts';
import { findHolderGrowth } from '../src/diagnose/holder-growth.ts';
import { type SnapshotSummary, summariseSnapshot } from '../src/diagnose/snapshot-summary.ts';
import { nodeNames } from '../src/graph/node-names.ts';
import { shortestPaths } from '../src/graph/reachability.ts';
import { AttachedTarget, type HeapCapture } from '../src/session/attached-target.ts';
import { FindTraces } from '../src/session/find-traces.ts';
import { interpreters } from './support/interpreters.ts';
import { startCommand } from './support/target-process.ts';

const PROGRAM = fileURLToPath(new URL('targets/gaining.py', import.meta.url));
const ROUNDS = 3;
const STORED = 1000 * (ROUNDS - 1);
const WRITTEN = 600 * (ROUNDS - 1);

const programLines = readFileSync(PROGRAM, 'utf8').split('\n');
const lineOf = (marker: string): number => programLines.findIndex((line) => line.endsWith(`# ${marker}`)) + 1;

/** Blocks by allocating line and the function that called it. */
const blocksAt = ({ tracebacks }: GainedAllocations, line: number): number =>
  tracebacks.reduce((sum, { frames, blocks }) => sum + (frames.at(-1)!.line === line ? blocks : 0), 0);

for (const python of interpreters()) {
  describe(`CPython ${python.label}`, () => {
    test('each holder gained what was allocated for it, and nothing else', async () => {
      const target = await startCommand([python.path, PROGRAM]);
      const problems = new ProblemLog();
      const attached = await AttachedTarget.attach(target.pid, problems);
      try {
        const traces = new FindTraces(attached, problems);
        const summaries: SnapshotSummary[] = [];
        let last: HeapCapture | undefined;
        for (let round = 0; round < ROUNDS; round++) {
          if (round > 0) {
            target.child.stdin!.write('go on\n');
            await target.nextLine();
          }
          last = await attached.capture({ isQuiescent: traces.quiescence() });
          if (round === 0) traces.begin(last);
          summaries.push(summariseSnapshot(last.walk, round, last.pauseMs));
        }
        const { graph } = last!.walk;
        const paths = shortestPaths(graph);
        const growths = findHolderGrowth(graph, paths, nodeNames(graph), summaries);
        const evidence = traces.finish(last!);
        expect(evidence).toMatchObject({ frames: 4 });
        const gained = findGainedAllocations(
          graph,
          paths,
          evidence!,
          growths.map(({ members, edge }) => ({ form: 'below', members, edge })),
        );
        const gainedBy = (name: string): GainedAllocations =>
          gained[growths.findIndex((growth) => growth.name.text === `module __main__ › ${name}`)]!;

        const cache = gainedBy('global cache');
        expect(blocksAt(cache, lineOf('record'))).toBe(STORED);
        expect(blocksAt(cache, lineOf('body'))).toBe(STORED);
        expect(blocksAt(cache, lineOf('text'))).toBe(0);
        // Keys, numbers, and the dict’s own table.
        expect(cache.blocks).toBeGreaterThan(3 * STORED);
        expect(cache.blocks).toBeLessThan(4 * STORED + 50);

        const log = gainedBy('global service › .log');
        expect(blocksAt(log, lineOf('text'))).toBe(WRITTEN);
        // And the list’s own items, which were moved.
        expect(log.blocks).toBe(WRITTEN + 1);

        // Most bytes first, and the way by which the line was called.
        const [first] = cache.tracebacks;
        const way = first!.frames.map(({ line, function: name, code }) => [line, name, code]);
        expect(way).toEqual([
          [expect.any(Number), '<module>', 'store(at, 1000)'],
          [expect.any(Number), 'store', 'cache[key] = load(number)  # caller'],
          [lineOf('record'), 'load', 'return Record(number)  # record'],
          [lineOf('body'), 'Record.__init__', 'self.body = bytes(number % 40 + 300)  # body'],
        ]);
        const sum = cache.tracebacks.reduce((total, { bytes }) => total + bytes, cache.other_tracebacks.bytes);
        expect(sum).toBe(cache.bytes);
      } finally {
        attached.close();
        await target.stop();
      }
    }, 120_000);
  });
}
