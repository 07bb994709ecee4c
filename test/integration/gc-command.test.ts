// `gc` from start to end: what each generation holds is what the interpreter itself says, on every version here; a run that
// watches; a collection in the process.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterEach, describe, expect, test } from 'vitest';
import { GcReportSchema } from '../../src/protocol/gc.ts';
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
  expect(report.watch!.generations.map(({ collections }) => collections)).toEqual([0, 0, 0]);
  expect(report.full_collection.starts).toContain('the collector is off');
  const text = await runLeakscope(['gc', pid]);
  expect(text.stdout).toContain('__main__.Node.self → __main__.Node');
});

test('a collector that works is watched at work', async () => {
  const working = LITTER.replace('gc.disable()', '');
  target = await startPython(anyInterpreter().path, working);
  const report = asReport(await runLeakscope(['gc', String(target.pid), '--for', '3s', '--json']));
  expect(report.collector!.enabled).toBe(true);
  expect(report.watch!.generations[0]!.collections).toBeGreaterThan(0);
  const freed = report.watch!.generations.reduce((sum, { collected }) => sum + collected, 0);
  expect(freed).toBeGreaterThan(100);
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
    expect(collection!.found).toBeGreaterThanOrEqual(3000);
    expect(collection!.freed.find(({ type }) => type === '__main__.Node')!.objects).toBeGreaterThanOrEqual(2900);
    expect(report.summary).toMatch(/^the collection freed/);
  });
});

test('a core file is looked at the same way; a .heap file and a watch of a file are refused', async () => {
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
    for (const words of [
      ['gc', heap],
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
