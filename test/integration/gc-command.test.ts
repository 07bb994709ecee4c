// `gc` from start to end: what each generation holds is what the interpreter itself says, on every version here; a run that
// watches; a collection in the process.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, describe, expect, test } from 'vitest';
import { GcReportSchema } from '../../src/protocol/gc.ts';
import { startAgentTarget } from '../support/agent-target.ts';
import { anyInterpreter, interpreters } from '../support/interpreters.ts';
import { type CliRun, runLeakscope } from '../support/run-leakscope.ts';
import { startPython, type TargetProcess } from '../support/target-process.ts';

/** Objects that come and go in the youngest generation between the answer and the stop. */
const YOUNG_TOLERANCE = 60;

let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});

const asReport = (run: CliRun) => {
  expect(run.exitCode, run.stdout).toBe(0);
  return v.parse(GcReportSchema, JSON.parse(run.stdout));
};

/** Says what each generation holds by type, and stops itself. */
const GENERATIONS = `
import collections, gc, json, os, signal, sys
class User: pass
class Order: pass
def on_collection(phase, info): pass
frozen = [User() for _ in range(300)]
gc.collect(); gc.freeze()
old = [Order() for _ in range(5_000)]
gc.collect()
gc.callbacks.append(on_collection)
middle = [[User()] for _ in range(200)]
gc.collect(0)
gc.disable()
def census():
    answer = []
    for generation in range(3):
        objects = gc.get_objects(generation=generation)
        names = collections.Counter()
        for one in objects:
            cls = type(one)
            names[cls.__qualname__ if cls.__module__ == 'builtins' else cls.__module__ + '.' + cls.__qualname__] += 1
        answer.append(names)
        del objects, one
    return answer
facts = lambda: {'census': census(), 'frozen': gc.get_freeze_count(), 'all': len(gc.get_objects())}
facts()
sys.stdout.write(json.dumps(facts()) + chr(10)); sys.stdout.flush()
os.kill(os.getpid(), signal.SIGSTOP)
`;

describe.each(interpreters())('the generations of $label', ({ path, freeThreaded }) => {
  test('hold what the interpreter says', async () => {
    target = await startPython(path, GENERATIONS);
    const said = JSON.parse(target.firstLine) as { census: Record<string, number>[]; frozen: number; all: number };
    const report = asReport(await runLeakscope(['gc', String(target.pid), '--top', '100000', '--json']));
    expect(report.collector!.enabled).toBe(false);
    expect(report.collector!.callbacks).toEqual(['__main__.on_collection']);
    if (freeThreaded) {
      const [all] = report.generations;
      expect(all!.generation).toBe('all');
      expect(Math.abs(all!.objects - said.all)).toBeLessThan(YOUNG_TOLERANCE);
      return;
    }
    expect(report.generations.map(({ generation }) => generation)).toEqual(['0', '1', '2', 'frozen']);
    const census = report.generations.map(({ types }) =>
      Object.fromEntries(types.map(({ type, objects }) => [type, objects])),
    );
    expect(census[1]).toEqual(said.census[1]);
    expect(census[2]).toEqual(said.census[2]);
    expect(census[2]!['__main__.Order']).toBe(5000);
    expect(report.generations[3]!.objects).toBe(said.frozen);
    expect(census[3]!['__main__.User']).toBe(300);
    const young = Object.values(said.census[0]!).reduce((sum, count) => sum + count, 0);
    expect(Math.abs(report.generations[0]!.objects - young)).toBeLessThan(YOUNG_TOLERANCE);
    // What it looks through is everything on its lists but the frozen objects.
    const listed = report.generations.slice(0, 3).reduce((sum, { objects }) => sum + objects, 0);
    expect(Math.abs(report.full_collection.objects - listed)).toBeLessThan(0.02 * listed);
  });
});

const SCATTERED = `
import gc, random, sys
class Node: pass
nodes = [Node() for _ in range(20_000)]
if sys.argv[1] == 'shuffled': random.Random(1).shuffle(nodes)
for i, node in enumerate(nodes[1:]): node.other = nodes[i]
gc.collect()
print('ready', flush=True)
sys.stdin.read()
`;

test('a heap whose order in memory is another takes longer to collect', async () => {
  const steps: number[] = [];
  const most: number[] = [];
  for (const order of ['in order', 'shuffled']) {
    target = await startPython(anyInterpreter().path, SCATTERED, { args: [order] });
    const { full_collection: full } = asReport(await runLeakscope(['gc', String(target.pid), '--json']));
    steps.push(full.far_steps);
    most.push(full.most_ms);
    await target.stop();
  }
  expect(steps[1]! - steps[0]!).toBeGreaterThan(10_000);
  expect(most[1]!).toBeGreaterThan(most[0]! * 1.5);
});

const LITTER = `
import gc, time
class Node: pass
def litter(count):
    for _ in range(count):
        node = Node()
        node.self = node
gc.collect()
gc.disable()
litter(3000)
print('ready', flush=True)
while True:
    litter(5)
    time.sleep(0.005)
`;

test('what waits is named, and watched', async () => {
  target = await startPython(anyInterpreter().path, LITTER);
  const pid = String(target.pid);
  const report = asReport(await runLeakscope(['gc', pid, '--for', '2s', '--json']));
  expect(report.collector!.conclusions.map(({ code }) => code)).toEqual(['off']);
  expect(report.summary).toContain('disabled');
  expect(report.garbage.largest[0]).toMatchObject({ cycle: '__main__.Node.self → __main__.Node' });
  expect(report.garbage.types.find(({ type }) => type === '__main__.Node')!.objects).toBeGreaterThanOrEqual(3000);
  expect(report.watch!.seconds).toBeGreaterThanOrEqual(2);
  expect(report.watch!.garbage_objects).toBeGreaterThan(100);
  expect(report.watch!.garbage_objects_per_minute).toBeGreaterThan(100);
  expect(report.watch!.garbage_gained[0]).toMatchObject({ type: '__main__.Node' });
  expect(report.watch!.off).toBe(report.watch!.samples);
  expect(report.watch!.generations.map(({ collections }) => collections)).toEqual([0, 0, 0]);
  expect(report.full_collection.starts).toContain('the collector is off');
  const text = await runLeakscope(['gc', pid]);
  expect(text.stdout).toContain('__main__.Node.self → __main__.Node');
});

/** Litters, and keeps some; sometimes it collects all. */
const WORKING = `
import gc, time
class Node: pass
class Kept: pass
def litter(count):
    for _ in range(count):
        node = Node()
        node.self = node
gc.collect()
gc.set_threshold(500, 5, 5)
keep = []
print('ready', flush=True)
while True:
    litter(50)
    keep += [Kept() for _ in range(10)]
    time.sleep(0.005)
`;

describe.each(interpreters())('a collector that works, of $label,', ({ path, freeThreaded, version: [, minor] }) => {
  test('is watched at work', async () => {
    target = await startPython(path, WORKING);
    const report = asReport(await runLeakscope(['gc', String(target.pid), '--for', '3s', '--json']));
    expect(report.collector!.enabled).toBe(true);
    const watch = report.watch!;
    expect(watch.samples).toBeGreaterThan(0);
    expect(watch.off).toBe(0);
    const [young] = watch.generations;
    expect(young!.collections).toBeGreaterThan(0);
    expect(young!.per_minute).toBeCloseTo((young!.collections * 60) / watch.seconds, 5);
    expect(young!.collected_per_collection).toBeCloseTo(young!.collected / young!.collections, 5);
    expect(watch.generations.reduce((sum, { collected }) => sum + collected, 0)).toBeGreaterThan(100);
    // Only 3.15 notes how long collections take.
    expect(watch.generations.every(({ spent_ms }) => (spent_ms === undefined) === minor < 15)).toBe(true);
    if (minor >= 15) expect(young!.spent_ms).toBeGreaterThan(0);
    if (freeThreaded) {
      expect(watch.promoted).toBeUndefined();
      return;
    }
    expect(watch.promoted!.objects).toBeGreaterThanOrEqual(watch.old_objects!);
    expect(watch.promoted!.types.map(({ type }) => type)).toContain('__main__.Kept');
  });

  test('cannot free what was frozen too early', async () => {
    target = await startPython(
      path,
      `
import gc, sys
class Order: pass
orders = []
for _ in range(400):
    order = Order()
    order.self = order
    orders.append(order)
gc.collect(); gc.freeze()
del orders, order
gc.collect()
print('ready', flush=True)
sys.stdin.read()
`,
    );
    const report = asReport(await runLeakscope(['gc', String(target.pid), '--top', '100000', '--json']));
    const frozen = report.generations.find(({ generation }) => generation === 'frozen')!;
    expect(frozen.garbage_objects).toBeGreaterThanOrEqual(400);
    expect(frozen.types.find(({ type }) => type === '__main__.Order')!.objects).toBe(400);
    const [first] = report.collector!.conclusions;
    expect(first).toMatchObject({ code: 'frozen garbage', advice: expect.stringContaining('gc.unfreeze()') });
    // It is not said to wait for a full collection.
    expect(report.garbage.old_objects).toBeLessThan(400);
    expect(report.garbage.objects).toBeGreaterThanOrEqual(400);
  });
});

const asked = interpreters().filter(({ version: [, minor] }) => minor >= 14);

describe.each(asked)('a collection in $label', ({ path }) => {
  test('is run with consent only, and frees what waited', async () => {
    target = await startPython(path, LITTER);
    const pid = String(target.pid);
    const refused = await runLeakscope(['gc', pid, '--collect', '--json']);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'E_NO_CONSENT' } });
    expect(refused.exitCode).toBe(3);
    const report = asReport(await runLeakscope(['gc', pid, '--collect', '--yes', '--json']));
    const { collection } = report;
    expect(collection).toMatchObject({ by: 'remote debugging protocol', uncollectable: 0 });
    expect(collection!.ms).toBeGreaterThan(0);
    expect(collection!.left_objects).toBe(report.garbage.objects);
    expect(collection!.found).toBeGreaterThanOrEqual(3000);
    expect(collection!.freed.find(({ type }) => type === '__main__.Node')!.objects).toBeGreaterThanOrEqual(2900);
    expect(report.summary).toMatch(/^the collection freed/);
  });
});

test('a core file is looked at the same way, a .heap file as far as it says; a watch of a file is refused', async () => {
  target = await startPython(anyInterpreter().path, LITTER);
  const folder = mkdtempSync(join(tmpdir(), 'leakscope-gc-'));
  try {
    const core = join(folder, 'app.core');
    expect((await runLeakscope(['capture', String(target.pid), '-o', core])).exitCode).toBe(0);
    const report = asReport(await runLeakscope(['gc', core, '--json']));
    expect(report.target.file).toBe(core);
    expect(report.generations.map(({ generation }) => generation)).toEqual(['0', '1', '2', 'frozen']);
    expect(report.garbage.objects).toBeGreaterThanOrEqual(3000);
    const heap = join(folder, 'a.heap');
    expect((await runLeakscope(['snapshot', String(target.pid), '-o', heap])).exitCode).toBe(0);
    const stored = asReport(await runLeakscope(['gc', heap, '--json']));
    expect(stored.target.file).toBe(heap);
    expect(stored.collector).toMatchObject({ enabled: false, thresholds: report.collector!.thresholds });
    expect(stored.collector!.conclusions).toEqual(report.collector!.conclusions);
    expect(stored.collector!.generations[2]).toEqual(report.collector!.generations[2]);
    expect(stored.generations.map(({ generation }) => generation)).toEqual(['young', 'old']);
    const listed = stored.collector!.generations.reduce((sum, { objects }) => sum + objects!, 0);
    expect(stored.generations.reduce((sum, { objects }) => sum + objects, 0)).toBe(
      listed + stored.collector!.frozen_objects!,
    );
    expect(stored.generations[0]!.garbage_objects).toBeGreaterThanOrEqual(3000);
    for (const words of [
      ['gc', core, '--for', '2s'],
      ['gc', core, '--collect'],
    ]) {
      const run = await runLeakscope(words);
      expect(run.exitCode, run.stderr).toBe(2);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const WITH_AGENT = LITTER.replace('import gc, time', 'start_agent()\nimport gc, time');

describe.each(interpreters())('a collection by the agent in $label', ({ path, version: [, minor] }) => {
  test('frees what waited, where CPython takes no calls from outside', async () => {
    const agent = await startAgentTarget(path, WITH_AGENT, { env: { PYTHON_DISABLE_REMOTE_DEBUG: '1' } });
    target = agent;
    const pid = String(agent.pid);
    const refused = await runLeakscope(['gc', pid, '--collect', '--json']);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'E_NO_CONSENT' } });
    const { collection } = asReport(await runLeakscope(['gc', pid, '--collect', '--yes', '--json']));
    expect(collection).toMatchObject({ by: 'agent', uncollectable: 0 });
    expect(collection!.found).toBeGreaterThanOrEqual(3000);
    expect(collection!.ms).toBeGreaterThan(0);
    expect(collection!.freed.find(({ type }) => type === '__main__.Node')!.objects).toBeGreaterThanOrEqual(2900);
  });

  test('is what an error without one names', async () => {
    target = await startPython(path, LITTER, { env: { PYTHON_DISABLE_REMOTE_DEBUG: '1' } });
    const run = await runLeakscope(['gc', String(target.pid), '--collect', '--yes', '--json']);
    expect(run.exitCode).toBe(3);
    const { error } = JSON.parse(run.stdout) as { error: { code: string; hint: string } };
    expect(error.code).toBe('E_NO_REMOTE_CALLS');
    if (minor < 14) expect(error.hint).toContain('leakscope agent');
  });
});

/** Its main thread never comes to run anything again; the agent's does. */
const BUSY_IN_C = `
start_agent()
import gc, sys, threading
class Node: pass
gc.disable()
for _ in range(3000):
    node = Node()
    node.self = node
print('ready', flush=True)
lock = threading.Lock()
lock.acquire(); lock.acquire()
`;

test.skipIf(asked.length === 0)('the agent collects when the main thread does not come to it', async () => {
  target = await startAgentTarget(asked.at(-1)!.path, BUSY_IN_C);
  const run = await runLeakscope(['gc', String(target.pid), '--collect', '--yes', '--json']);
  const { collection } = asReport(run);
  expect(collection!.by).toBe('agent');
  expect(collection!.found).toBeGreaterThanOrEqual(3000);
});

test('a snapshot of the agent says how the collector was set', async () => {
  const agent = await startAgentTarget(
    anyInterpreter().path,
    WITH_AGENT.replace('gc.disable()', 'gc.set_threshold(0)'),
  );
  target = agent;
  const heap = join(agent.folder, '..', 'inside.heap');
  expect((await runLeakscope(['snapshot', String(agent.pid), '--agent', '-o', heap])).exitCode).toBe(0);
  const report = asReport(await runLeakscope(['gc', heap, '--json']));
  expect(report.collector!.thresholds[0]).toBe(0);
  expect(report.collector!.conclusions.map(({ code }) => code)).toEqual(['never starts']);
  const outside = asReport(await runLeakscope(['gc', String(agent.pid), '--json']));
  const [inside, seen] = [report.collector!.generations[2]!, outside.collector!.generations[2]!];
  expect([inside.collections, inside.collected]).toEqual([seen.collections, seen.collected]);
  // Old objects may be freed meanwhile.
  expect(Math.abs(inside.objects! - seen.objects!)).toBeLessThan(0.05 * seen.objects!);
  expect(report.garbage.types.find(({ type }) => type === '__main__.Node')!.objects).toBeGreaterThanOrEqual(3000);
});
