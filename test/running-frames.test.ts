// A program stopped at any moment, in the middle of its work, has complete stacks with lines inside their functions.

import { afterEach, describe, expect, test } from 'vitest';
import { ProblemLog } from '../src/base/problems.ts';
import { attachInterpreter } from '../src/cpython/interpreter.ts';
import { StringReader } from '../src/cpython/python-string.ts';
import { readThreads } from '../src/cpython/thread-state.ts';
import { processSpace } from '../src/target/address-space.ts';
import { readMemoryMaps } from '../src/target/memory-maps.ts';
import { openPauseGuard } from '../src/target/pause.ts';
import { liveImage, openProcessMemory } from '../src/target/process-memory.ts';
import { locatePythonRuntime } from '../src/target/python-runtime.ts';
import { interpreters } from './support/interpreters.ts';
import { startPython, type TargetProcess } from './support/target-process.ts';

/** Line numbers below are those of this text. */
const BUSY = `\
import threading
def leaf(n):
    total = 0
    for i in range(n):
        total += i
    return total
def generator(n):
    for i in range(n):
        yield leaf(i % 5)
def middle(n):
    return sum([x for x in generator(n)], sum(sorted(generator(n), key=lambda v: -v)))
def recursive(n):
    return recursive(n - 1) + 1 if n else middle(20)
def work():
    while True:
        recursive(30)
        try:
            raise ValueError
        except ValueError:
            middle(3)
threading.Thread(target=work, daemon=True).start()
print("ready")
work()
`;

/** First and last line of each function, by name. */
const LINES: Readonly<Record<string, readonly [number, number]>> = {
  '<module>': [1, 23],
  leaf: [2, 6],
  generator: [7, 9],
  middle: [10, 11],
  'middle.<locals>.<listcomp>': [11, 11],
  'middle.<locals>.<lambda>': [11, 11],
  '<listcomp>': [11, 11],
  '<lambda>': [11, 11],
  recursive: [12, 13],
  work: [14, 20],
};

const OUTERMOST: readonly string[] = ['<module>', 'Thread._bootstrap', '_bootstrap'];

const STOPS = 25;

let target: TargetProcess | undefined;

afterEach(async () => {
  await target?.stop();
  target = undefined;
});

describe('readThreads on a running program', () => {
  test.each(interpreters().map((python) => [python.label, python] as const))('CPython %s', async (_, python) => {
    target = await startPython(python.path, BUSY);
    const { pid } = target;
    // From the line that prints to the work.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const memory = openProcessMemory(pid);
    const guard = await openPauseGuard(pid);
    const depths = new Set<number>();
    const stacks = { complete: 0, torn: 0 };
    try {
      for (let stop = 0; stop < STOPS; stop++) {
        const problems = new ProblemLog();
        guard.pause();
        try {
          const regions = readMemoryMaps(pid);
          const image = liveImage(memory, regions);
          const location = locatePythonRuntime(processSpace(memory, regions), problems);
          const { interpreters: states, layout } = attachInterpreter(image, location!, problems);
          const strings = new StringReader(image, layout, 0);
          const threads = readThreads(image, states[0]!, problems);
          expect(threads).toHaveLength(2);
          for (const { frames } of threads) {
            const names = frames.map((frame) => strings.read(frame.qualNameAddress)!);
            depths.add(frames.length);
            // threading's own functions stand between a thread's start and ours.
            frames.forEach((frame, i) => {
              if (strings.read(frame.fileNameAddress) !== '<string>') return;
              const range = LINES[names[i]!];
              expect({ name: names[i], line: frame.line, known: range !== undefined }).toEqual({
                name: names[i],
                line: expect.any(Number),
                known: true,
              });
              // 0: an instruction without a line.
              if (frame.line !== 0) expect(frame.line).toBeGreaterThanOrEqual(range![0]);
              expect(frame.line).toBeLessThanOrEqual(range![1]);
            });
            const isComplete = OUTERMOST.includes(names.at(-1) ?? '') && names.includes('work');
            stacks[isComplete ? 'complete' : 'torn']++;
          }
        } finally {
          guard.resume();
        }
        expect(problems.list().filter(({ code }) => code !== 'frame-chain-torn')).toEqual([]);
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
    } finally {
      guard.close();
      memory.close();
    }
    // A few instructions in each switch of frames leave the chain open; no more stops than that may meet them.
    expect(stacks.torn).toBeLessThan(stacks.complete / 10);
    // The stops met the program in different places.
    expect(depths.size).toBeGreaterThan(3);
  });
});
