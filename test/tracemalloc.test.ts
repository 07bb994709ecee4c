// What leakscope reads of tracemalloc's tables, compared with what tracemalloc says of itself at the same moment: the
// same traces, sums, order, filters and changes, in every interpreter.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProblemLog } from '../src/base/problems.ts';
import { type AllocationFilter, keptTraces } from '../src/diagnose/allocation-filter.ts';
import {
  type AllocationFrame,
  type AllocationKey,
  compareGroups,
  groupAllocations,
  sortedGroups,
} from '../src/diagnose/allocation-statistics.ts';
import { AttachedTarget } from '../src/session/attached-target.ts';
import { captureTracemalloc, type TracemallocCapture } from '../src/session/trace-session.ts';
import { interpreters } from './support/interpreters.ts';
import { startCommand, type TargetProcess } from './support/target-process.ts';

const HARNESS = fileURLToPath(new URL('targets/tracemalloc_harness.py', import.meta.url));
const WORKLOAD = fileURLToPath(new URL('targets/traced_workload.py', import.meta.url));

type Row = readonly [frames: readonly (readonly [string, number])[], size: number, count: number];
type ChangeRow = readonly [frames: Row[0], size: number, sizeDiff: number, count: number, countDiff: number];

/** What the target says. */
interface Answer {
  readonly limit: number;
  readonly traces: number;
  readonly peak: number;
  readonly current: number;
  readonly statistics: Readonly<Record<string, readonly Row[]>>;
  readonly cumulative: Readonly<Record<string, readonly Row[]>>;
  readonly depths: number;
  readonly filtered: readonly (readonly [number, number])[];
  readonly changes: Readonly<Record<string, readonly ChangeRow[]>> | null;
}

/** tracemalloc's names for what is summed up by. */
const KEYS: readonly (readonly [string, AllocationKey])[] = [
  ['lineno', 'line'],
  ['filename', 'file'],
  ['traceback', 'traceback'],
];

/** What the harness leaves out too. */
const OWN: readonly AllocationFilter[] = [
  { inclusive: false, pattern: HARNESS, allFrames: true },
  { inclusive: false, pattern: '*/tracemalloc.py', allFrames: true },
];

const FILTERS: readonly (readonly AllocationFilter[])[] = [
  [{ inclusive: true, pattern: WORKLOAD }],
  [{ inclusive: false, pattern: WORKLOAD }],
  [{ inclusive: true, pattern: '*/traced_workload.py', line: 20 }],
  [{ inclusive: true, pattern: '*/traced_workload.py', line: 26, allFrames: true }],
  [{ inclusive: false, pattern: '*/traced_workload.py', line: 26, allFrames: true }],
  [{ inclusive: true, pattern: '*', domain: 7 }],
  [{ inclusive: false, pattern: '*workload*', domain: 7 }],
  [{ inclusive: false, pattern: '*workload*', domain: 7, allFrames: true }],
  [{ inclusive: true, domain: 7 }],
  [{ inclusive: false, domain: 7 }],
  [{ inclusive: true, pattern: 'old.py' }],
  [{ inclusive: true, pattern: 'sn?w [\u{1f400}-\u{1f4ff}].p[!a-c]' }],
  [
    { inclusive: true, pattern: '*.py' },
    { inclusive: true, pattern: '<string>' },
    { inclusive: false, pattern: '*[/]colorsys*' },
    { inclusive: false, pattern: '<frozen *', allFrames: true },
  ],
];

const pythonFilters = FILTERS.map((filters) =>
  filters.map(({ inclusive, pattern, line, allFrames, domain }) =>
    pattern === undefined
      ? { inclusive, domain }
      : {
          inclusive,
          filename_pattern: pattern,
          lineno: line ?? null,
          all_frames: allFrames === true,
          domain: domain ?? null,
        },
  ),
);

const asPairs = (frames: readonly AllocationFrame[]): [string, number][] =>
  frames.map(({ file, line }) => [file, line]);

function statisticsOf({ snapshot }: TracemallocCapture, by: AllocationKey, cumulative = false): Row[] {
  const { traces } = snapshot;
  const groups = groupAllocations(traces, keptTraces(traces, OWN), { by, cumulative });
  return sortedGroups(groups).map(({ frames, bytes, blocks }) => [asPairs(frames), bytes, blocks]);
}

function changesOf(before: TracemallocCapture, after: TracemallocCapture, by: AllocationKey): ChangeRow[] {
  const [older, newer] = [before, after].map(({ snapshot: { traces } }) =>
    groupAllocations(traces, keptTraces(traces, OWN), { by }),
  );
  return compareGroups(older!, newer!).map(({ frames, bytes, bytesDiff, blocks, blocksDiff }) => [
    asPairs(frames),
    bytes,
    bytesDiff,
    blocks,
    blocksDiff,
  ]);
}

const signal = new AbortController().signal;

const everywhere = interpreters();
/** One frame, tracemalloc's default, in the oldest and the newest format of the tables. */
const withOneFrame = [everywhere[0], everywhere.at(-1)];

for (const python of everywhere) {
  for (const frames of withOneFrame.includes(python) ? [1, 6] : [6]) {
    describe(`CPython ${python.label}, ${frames} frames`, () => {
      let target: TargetProcess;
      let attached: AttachedTarget;
      const problems = new ProblemLog();
      const captures: TracemallocCapture[] = [];
      const answers: Answer[] = [];

      /** Reads from outside, then lets the target say the same from inside. */
      const look = async (command: string): Promise<void> => {
        captures.push(await captureTracemalloc(attached, { signal }, problems));
        target.child.stdin!.write(`${command}\n`);
        answers.push(JSON.parse(await target.nextLine()) as Answer);
      };

      beforeAll(async () => {
        target = await startCommand([python.path, WORKLOAD, String(frames), JSON.stringify(pythonFilters)]);
        attached = await AttachedTarget.attach(target.pid, problems);
        await look('go on');
        expect(await target.nextLine()).toBe('frozen');
        await look('end');
      });

      afterAll(async () => {
        attached?.close();
        await target?.stop();
      });

      test('every trace is read, without a problem', () => {
        expect(problems.list()).toEqual([]);
        const { snapshot } = captures[0]!;
        const kept = keptTraces(snapshot.traces, OWN).reduce((sum, one) => sum + one, 0);
        expect(kept).toBe(answers[0]!.traces);
        expect(snapshot.maxFrames).toBe(answers[0]!.limit);
        expect(snapshot.traces.isComplete).toBe(true);
      });

      test('the counter is the sum of the sizes', () => {
        const { traces, tracedBytes, peakBytes, foundBy } = captures[0]!.snapshot;
        if (foundBy === 'shape') return;
        expect(traces.sizes.reduce((sum, size) => sum + size, 0)).toBe(tracedBytes);
        expect(peakBytes).toBeGreaterThanOrEqual(tracedBytes!);
        expect(peakBytes).toBeLessThanOrEqual(answers[0]!.peak);
      });

      test.each(KEYS)('statistics by %s are equal, in the same order', (name, key) => {
        for (const [i, capture] of captures.entries()) {
          expect(statisticsOf(capture, key)).toEqual(answers[i]!.statistics[name]);
        }
      });

      test.each(KEYS.slice(0, 2))('cumulative statistics by %s are equal', (name, key) => {
        expect(statisticsOf(captures[0]!, key, true)).toEqual(answers[0]!.cumulative[name]);
      });

      test('filters keep the same', () => {
        const { traces } = captures[0]!.snapshot;
        const figures = FILTERS.map((filters) => {
          const kept = keptTraces(traces, [...OWN, ...filters]);
          let size = 0;
          let count = 0;
          for (let i = 0; i < traces.count; i++) {
            size += kept[i]! * traces.sizes[i]!;
            count += kept[i]!;
          }
          return [size, count];
        });
        expect(figures).toEqual(answers[0]!.filtered);
        // Not all of them keep nothing, or everything.
        expect(new Set(figures.map(String)).size).toBeGreaterThan(6);
      });

      test('full depths of the stacks are equal', () => {
        const { traces } = captures[0]!.snapshot;
        const kept = keptTraces(traces, OWN);
        let depths = 0;
        for (let i = 0; i < traces.count; i++) depths += kept[i]! * traces.tracebacks.depths[traces.tracebackOf[i]!]!;
        if (python.version[1] > 8) expect(depths).toBe(answers[0]!.depths);
      });

      // With one frame, what the harness's callees allocate cannot be told from what others do.
      test.runIf(frames > 1).each(KEYS)('changes by %s are equal, in the same order', (name, key) => {
        expect(changesOf(captures[0]!, captures[1]!, key)).toEqual(answers[1]!.changes![name]);
      });
    });
  }
}
