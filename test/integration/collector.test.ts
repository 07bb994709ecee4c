// Collector and garbage as seen from outside, against what the target says of itself while it stands still.

import * as v from 'valibot';
import { afterEach, describe, expect, test } from 'vitest';
import { ProblemLog } from '../../src/base/problems.ts';
import { type ReferenceReport, reportReferences } from '../../src/diagnose/reference-report.ts';
import { ReferenceReportSchema } from '../../src/protocol/references.ts';
import { AttachedTarget } from '../../src/session/attached-target.ts';
import { anyInterpreter, interpreters } from '../support/interpreters.ts';
import { startPython, type TargetProcess } from '../support/target-process.ts';

/** Objects that come and go in the youngest generation between the answer and the stop. */
const YOUNG_TOLERANCE = 60;

let process: TargetProcess | undefined;
let target: AttachedTarget | undefined;
afterEach(async () => {
  target?.close();
  await process?.stop();
  process = undefined;
  target = undefined;
});

/** Runs the program, which prints a line and stops itself, and reports on it. */
async function reportOf(python: string, code: string): Promise<{ report: ReferenceReport; said: string }> {
  process = await startPython(python, `import gc, os, signal, sys\n${code}`);
  const said = process.firstLine;
  target = await AttachedTarget.attach(process.pid, new ProblemLog());
  const { walk } = await target.capture();
  const report = reportReferences(walk, { top: 10 });
  expect(v.parse(ReferenceReportSchema, report)).toEqual(report);
  return { report, said };
}

/** Prints what the collector says, as JSON, allocating nothing that it tracks after the last question, and stops. */
const STOP = 'os.kill(os.getpid(), signal.SIGSTOP)';
const FACTS = `
import json
def facts():
    return {
        'enabled': gc.isenabled(), 'thresholds': gc.get_threshold(), 'frozen': gc.get_freeze_count(),
        'generations': [len(gc.get_objects(generation=i)) for i in range(3)],
        'stats': [[s['collections'], s['collected'], s['uncollectable']] for s in gc.get_stats()],
        'counts': gc.get_count(),
    }
`;

interface Facts {
  readonly enabled: boolean;
  readonly thresholds: readonly number[];
  readonly frozen: number;
  readonly generations: readonly number[];
  readonly stats: readonly (readonly number[])[];
  readonly counts: readonly number[];
}

describe.each(interpreters())('the collector of $label', ({ path, freeThreaded }) => {
  test('is what the interpreter says of it', async () => {
    const { report, said } = await reportOf(
      path,
      `${FACTS}
def on_collection(phase, info): pass
keep = [[i] for i in range(30_000)]
gc.collect(); gc.collect(0)
gc.set_threshold(1234, 7, 9); gc.set_debug(gc.DEBUG_UNCOLLECTABLE)
gc.callbacks.append(on_collection)
young = [[i] for i in range(500)]
facts()
sys.stdout.write(json.dumps(facts()) + chr(10)); sys.stdout.flush()
${STOP}`,
    );
    const facts = JSON.parse(said) as Facts;
    const { collector } = report;
    expect(collector.enabled).toBe(facts.enabled);
    expect(collector.thresholds).toEqual(facts.thresholds);
    expect(collector.debug_flags).toEqual(['DEBUG_UNCOLLECTABLE']);
    expect(collector.callbacks).toEqual(['__main__.on_collection']);
    expect(collector.callback_count).toBe(1);
    expect(collector.generations.map((g) => [g.collections, g.collected, g.uncollectable])).toEqual(facts.stats);
    expect(collector.counts.slice(1)).toEqual(facts.counts.slice(1));
    expect(Math.abs(collector.counts[0]! - facts.counts[0]!)).toBeLessThan(YOUNG_TOLERANCE);
    if (freeThreaded) {
      expect(collector.generations[0]).not.toHaveProperty('objects');
      return;
    }
    expect(collector.frozen_objects).toBe(facts.frozen);
    expect(Math.abs(collector.generations[0]!.objects! - facts.generations[0]!)).toBeLessThan(YOUNG_TOLERANCE);
    expect(collector.generations.slice(1).map((g) => g.objects)).toEqual(facts.generations.slice(1));
    expect(collector.conclusions.map(({ code }) => code)).toEqual([]);
  });

  test('is off, with frozen objects and rings that stay, by their cycle', async () => {
    const { report } = await reportOf(
      path,
      `
class Order: pass
class Line:
    def __del__(self): pass
program = [[i] for i in range(5_000)]
gc.collect(); gc.freeze(); gc.disable()
def ring():
    order, line = Order(), Line()
    order.line, line.order = line, order
for _ in range(700): ring()
print(gc.get_freeze_count(), flush=True)
${STOP}`,
    );
    const { collector, garbage } = report;
    expect(collector.enabled).toBe(false);
    expect(collector.conclusions.map(({ code }) => code)).toEqual(['off', 'frozen']);
    expect(garbage.clusters).toBeGreaterThanOrEqual(700);
    const [largest] = garbage.largest;
    expect(largest).toMatchObject({ clusters: 700, finalizers: ['__main__.Line'] });
    expect(largest!.cycle).toBe('__main__.Line.order → __main__.Order.line → __main__.Line');
    const objects = new Map(largest!.types.map((row) => [row.type, row.objects]));
    expect([objects.get('__main__.Order'), objects.get('__main__.Line')]).toEqual([700, 700]);
  });
});

test('gc.DEBUG_SAVEALL keeps what it finds, and says so', async () => {
  const { report, said } = await reportOf(
    anyInterpreter().path,
    `
class Order: pass
def ring():
    order = Order(); order.self = order
gc.collect(); gc.set_debug(gc.DEBUG_SAVEALL)
for _ in range(300): ring()
gc.collect()
print(len(gc.garbage), flush=True)
${STOP}`,
  );
  expect(Number(said)).toBeGreaterThanOrEqual(300);
  expect(report.collector.garbage_list_objects).toBe(Number(said));
  expect(report.collector.conclusions.map(({ code }) => code)).toEqual(['keeps everything']);
  expect(report.garbage.kept.find(({ type }) => type === '__main__.Order')?.objects).toBe(300);
});
