// The collector from outside against what the interpreter says of itself in the same frozen moment: the program notes what it
// sees, stops itself, and notes it again when it runs on. What both notes agree on was so while leakscope looked.

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { afterEach, describe, expect, test } from 'vitest';
import { GcReportSchema } from '../../src/protocol/gc.ts';
import { interpreters } from '../support/interpreters.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startPython, type TargetProcess } from '../support/target-process.ts';

let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});

interface Note {
  readonly count: readonly number[];
  readonly objects: readonly number[];
  readonly frozen: number;
}

interface Said {
  readonly before: Note;
  readonly after: Note;
  readonly threshold: readonly number[];
  readonly debug: number;
  readonly enabled: boolean;
  readonly stats: readonly (readonly number[])[];
  readonly kept: Readonly<Record<string, number>>;
  readonly callbacks: readonly string[];
}

/** Runs the set-up, lets the program note, stop and note again, and asks leakscope in between. */
async function look(python: string, setUp: string) {
  target = await startPython(python, PROGRAM.replace('# SET UP', setUp));
  await untilStopped(target.pid);
  const run = await runLeakscope(['gc', String(target.pid), '--top', '100000', '--json']);
  expect(run.exitCode, run.stdout).toBe(0);
  const report = v.parse(GcReportSchema, JSON.parse(run.stdout));
  target.child.kill('SIGCONT');
  return { report, said: JSON.parse(await target.nextLine()) as Said };
}

async function untilStopped(pid: number): Promise<void> {
  while (!/\) T /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) await sleep(20);
}

/** Between the notes nothing is made but the notes: two tuples and two lists. */
const MADE_BETWEEN = 6;

const PROGRAM = `
import collections, functools, gc, json, os, signal, sys
gc.disable()
class Order:
    def __init__(self):
        self.self = self
class Watcher:
    def __call__(self, phase, info): pass
    def on_collection(self, phase, info): pass
def on_collection(phase, info): pass
def name(one):
    cls = type(one)
    return cls.__qualname__ if cls.__module__ == 'builtins' else cls.__module__ + '.' + cls.__qualname__
# SET UP
get_count, get_objects, kill, pid, stop = gc.get_count, gc.get_objects, os.kill, os.getpid(), signal.SIGSTOP
threshold, debug, enabled, get_frozen = gc.get_threshold(), gc.get_debug(), gc.isenabled(), gc.get_freeze_count
stats = [[s['collections'], s['collected'], s['uncollectable']] for s in gc.get_stats()]
kept = dict(collections.Counter(map(name, gc.garbage)))
print('ready', flush=True)
objects_before = [len(get_objects(generation=0)), len(get_objects(generation=1)), len(get_objects(generation=2))]
frozen_before = get_frozen()
count_before = get_count()
kill(pid, stop)
count_after = get_count()
frozen_after = get_frozen()
objects_after = [len(get_objects(generation=0)), len(get_objects(generation=1)), len(get_objects(generation=2))]
print(json.dumps({
    'before': {'count': count_before, 'objects': objects_before, 'frozen': frozen_before},
    'after': {'count': count_after, 'objects': objects_after, 'frozen': frozen_after},
    'threshold': threshold, 'debug': debug, 'enabled': enabled, 'stats': stats, 'kept': kept,
    'callbacks': [one.__module__ + '.' + one.__qualname__ for one in gc.callbacks if hasattr(one, '__qualname__')],
}), flush=True)
sys.stdin.read()
`;

const WORKING = `
frozen_ones = [[i] for i in range(700)]
gc.collect(); gc.freeze()
old = [[i] for i in range(3000)]
gc.collect(); gc.collect(1)
middle = [[i] for i in range(400)]
gc.collect(0); gc.collect(0)
gc.callbacks.extend([on_collection, Watcher().on_collection, functools.partial(on_collection), Watcher()])
gc.set_threshold(500000, 7, 9)
gc.set_debug(gc.DEBUG_UNCOLLECTABLE)
gc.enable()
young = [[i] for i in range(150)]
`;

const KEEPING = `
gc.collect()
gc.set_debug(gc.DEBUG_SAVEALL)
for _ in range(250): Order()
gc.collect()
gc.set_debug(gc.DEBUG_LEAK & ~gc.DEBUG_COLLECTABLE)
gc.set_threshold(0)
gc.enable()
`;

const FLAGS: Readonly<Record<string, number>> = {
  DEBUG_STATS: 1,
  DEBUG_COLLECTABLE: 2,
  DEBUG_UNCOLLECTABLE: 4,
  DEBUG_SAVEALL: 32,
};

describe.each(interpreters())('the collector of $label', ({ path, freeThreaded }) => {
  test.each([
    ['at work', WORKING],
    ['that keeps what it finds', KEEPING],
  ])('%s is what the interpreter says, to the object', async (_, setUp) => {
    const { report, said } = await look(path, setUp);
    const collector = report.collector!;
    expect(collector.enabled).toBe(said.enabled);
    expect(collector.thresholds).toEqual(said.threshold);
    expect(collector.debug_flags.reduce((sum, flag) => sum + FLAGS[flag]!, 0)).toBe(said.debug);
    expect(collector.generations.map((g) => [g.collections, g.collected, g.uncollectable])).toEqual(said.stats);
    expect(said.before.frozen).toBe(said.after.frozen);
    expect(collector.frozen_objects).toBe(said.before.frozen);
    expect(Object.fromEntries(report.garbage.kept.map(({ type, objects }) => [type, objects]))).toEqual(said.kept);
    expect(collector.garbage_list_objects).toBe(Object.values(said.kept).reduce((sum, count) => sum + count, 0));
    expectBetween(collector.counts, said.before.count, said.after.count);

    const sizes = report.generations.filter(({ generation }) => generation !== 'frozen').map(({ objects }) => objects);
    if (freeThreaded) {
      // Any generation it is asked for is all there is.
      expectBetween(sizes, [said.before.objects[0]!], [said.after.objects[0]!]);
    } else {
      expectBetween(sizes, said.before.objects, said.after.objects);
      expect(collector.generations.map(({ objects }) => objects)).toEqual(sizes);
    }
    expect(report.generations.find(({ generation }) => generation === 'frozen')!.objects).toBe(said.before.frozen);
  });

  test('has its callbacks by name', async () => {
    const { report, said } = await look(path, WORKING);
    expect(said.callbacks).toEqual(['__main__.on_collection', '__main__.Watcher.on_collection']);
    expect(report.collector!.callbacks).toEqual([
      ...said.callbacks,
      'functools.partial of __main__.on_collection',
      'a __main__.Watcher',
    ]);
    expect(report.collector!.callback_count).toBe(4);
    expect(report.collector!.conclusions.map(({ code }) => code)).toEqual(said.before.frozen >= 1000 ? ['frozen'] : []);
  });
});

/** Interpreters of one process have a collector each; up to 3.8 they share one. */
const TWO_INTERPRETERS = `
import gc, sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
other = interpreters.create()
interpreters.run_string(other, 'import gc; keep = [[i] for i in range(5000)]; gc.collect(); gc.set_threshold(1234, 5, 6); gc.disable()')
print(int(other), flush=True)
sys.stdin.read()
`;

test.each(interpreters().map((one) => [one.label, one] as const))(
  'other interpreters of %s are told',
  async (_, { path, freeThreaded, version: [, minor] }) => {
    target = await startPython(path, TWO_INTERPRETERS);
    const run = await runLeakscope(['gc', String(target.pid), '--top', '100000', '--json']);
    expect(run.exitCode, run.stdout).toBe(0);
    const report = v.parse(GcReportSchema, JSON.parse(run.stdout));
    if (minor === 8) {
      expect(report.other_interpreters).toBeUndefined();
      expect(report.collector!.thresholds).toEqual([1234, 5, 6]);
      return;
    }
    const [other, ...more] = report.other_interpreters!;
    expect(more).toEqual([]);
    expect(other).toMatchObject({ interpreter: Number(target.firstLine), enabled: false, thresholds: [1234, 5, 6] });
    expect(other!.full_collections).toBeGreaterThanOrEqual(1);
    expect(report.collector!.enabled).toBe(true);
    if (freeThreaded) return;
    expect(other!.objects).toBeGreaterThan(5000);
    // Not those of the other interpreter.
    const lists = report.generations.flatMap(({ types }) => types.filter(({ type }) => type === 'list'));
    expect(lists.reduce((sum, { objects }) => sum + objects, 0)).toBeLessThan(5000);
  },
);

/** Each of what was read lies between the two notes, which are as good as one. */
function expectBetween(read: readonly number[], before: readonly number[], after: readonly number[]): void {
  expect(read.length).toBe(before.length);
  read.forEach((value, i) => {
    const [low, high] = [Math.min(before[i]!, after[i]!), Math.max(before[i]!, after[i]!)];
    expect(high - low).toBeLessThanOrEqual(MADE_BETWEEN);
    expect(value).toBeGreaterThanOrEqual(low);
    expect(value).toBeLessThanOrEqual(high);
  });
}
