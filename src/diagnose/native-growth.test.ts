// Judges drawn runs in which nothing grows that Python holds: lost references, and a collector that does not come.

import { describe, expect, test } from 'vitest';
import { type DrawnRunOptions, drawRun, SHOP } from '../../test/support/drawn-runs.ts';
import { diagnose } from './diagnose.ts';
import type { Finding, FindReport } from './find-report.ts';

const STEADY = [100, 150, 200, 250, 300];
const ORDER = 'globals -> order [global order]; type order shop.Order';

function judge(texts: readonly string[], options: DrawnRunOptions = {}): FindReport {
  return diagnose(drawRun(texts, options));
}

function only(report: FindReport): Finding {
  expect(report.findings.map((finding) => finding.holder.path)).toHaveLength(1);
  return report.findings[0]!;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('references lost on an object that lives on', () => {
  const still = STEADY.map(() => `${SHOP}\n${ORDER}`);

  test('are a suspicion: a count that rises, of an object that is named', () => {
    const report = judge(still, {
      lost: STEADY.map((order) => ({ order })),
      overrides: { extensionModules: ['ujson'] },
    });
    expect(report.verdict).toBe('suspect');
    expect(report.summary).toBe('references to one shop.Order rise by 200 a minute, but a bound or an end is possible');
    const finding = only(report);
    expect(finding).toMatchObject({
      kind: 'lost references (missing DECREF)',
      verdict: 'suspect',
      holder: { path: 'module shop › global order', type: 'shop.Order', entries: 300 },
      growth: { entries_per_minute: 200, bytes_per_minute: 0, objects_per_minute: 0 },
    });
    expect(finding.because.join('; ')).toContain('could be held by: ujson (loaded)');
  });

  test('spread over many objects are told by their type', () => {
    const many = STEADY.map(
      () =>
        `${SHOP}\n${numbers(50)
          .map((n) => `globals -> o${n} [value ${n}]; type o${n} shop.Order`)
          .join('\n')}`,
    );
    const report = judge(many, {
      lost: STEADY.map((count) => Object.fromEntries(numbers(50).map((n) => [`o${n}`, count / 50]))),
    });
    expect(only(report)).toMatchObject({
      holder: { name: 'references to shop.Order objects', path: 'native code → references to shop.Order objects' },
      growth: { entries_per_minute: 200 },
    });
  });

  test('are none while calls hold them, or when they stay, fall back or come once', () => {
    for (const counts of [
      [300, 300, 300, 300, 300],
      [0, 300, 300, 300, 300],
      [100, 300, 100, 300, 100],
      [0, 1, 2, 3, 4],
    ]) {
      const report = judge(still, { lost: counts.map((order) => ({ order })) });
      expect([report.verdict, report.findings], counts.join()).toEqual(['healthy', []]);
    }
  });

  test('are the other finding when the objects that lost them are new', () => {
    const texts = STEADY.map(
      (count) =>
        `${SHOP}\n${numbers(count)
          .map(
            (n) => `root native -> lost${n}; type lost${n} _leaky.Thing; flags lost${n} nativelyHeld; size lost${n} 64`,
          )
          .join('\n')}`,
    );
    const report = judge(texts, { overrides: { extensionModules: ['_leaky', 'ujson'] } });
    expect(report.verdict).toBe('leak');
    const finding = only(report);
    expect(finding.kind).toBe('native hold (reference leak: no Python owner)');
    expect(finding.because.at(-1)).toBe('could be held by: _leaky (defines the type), ujson (loaded)');
  });
});

describe('garbage that the collector does not free', () => {
  const rings = STEADY.map(
    (count) =>
      `${SHOP}
       root -> class:shop.Job -> jobDict [field __dict__] -> del [attribute __del__]; type class:shop.Job type
       type jobDict dict; type del function; flags class:shop.Job code
       ${numbers(count)
         .map((n) => `a${n} -> b${n} -> a${n}; type a${n} shop.Job; type b${n} shop.Job; size a${n} 64; size b${n} 64`)
         .join('\n')}`,
  );

  test('because its first threshold is 0, with the __del__ that wait', () => {
    const finding = only(judge(rings, { collectors: STEADY.map(() => ({ thresholds: [0, 10, 10] })) }));
    expect(finding).toMatchObject({ kind: 'uncollected cycle', verdict: 'leak' });
    expect(finding.because[0]).toContain('its first threshold is 0');
    expect(finding.because.at(-1)).toBe('their __del__ waits with them: shop.Job');
  });

  test('because its first threshold is huge: a suspicion, there is a bound', () => {
    const finding = only(judge(rings, { collectors: STEADY.map(() => ({ thresholds: [5_000_000, 10, 10] })) }));
    expect(finding).toMatchObject({ kind: 'uncollected cycle', verdict: 'suspect' });
    expect(finding.because[0]).toContain('first threshold is 5,000,000');
  });

  test('because it did not start when it should have', () => {
    const finding = only(judge(rings, { collectors: STEADY.map(() => ({ thresholds: [20, 10, 10] })) }));
    expect(finding.because[0]).toContain('did not start once in the run');
  });

  test('waits for its turn with a collector that comes', () => {
    const collectors = STEADY.map((_, i) => ({
      thresholds: [20, 10, 10],
      stats: [i, 0, 0].map((collections) => ({ collections, collected: 0, uncollectable: 0 })),
    }));
    expect(judge(rings, { collectors }).verdict).toBe('healthy');
  });

  test('in the oldest generation waits for a full collection, which wants a quarter of new objects', () => {
    const old = STEADY.map(
      () => `${SHOP}; a -> b -> a; type a shop.Job; type b shop.Job; size a 8000000; flags a oldGeneration
             flags b oldGeneration`,
    );
    const waiting = STEADY.map(() => ({ longLivedTotal: 400_000, longLivedPending: 20_000 }));
    const said = judge(old, { collectors: waiting }).not_leaking.join();
    expect(said).toContain(
      'waiting for a full collection: the next comes when 100,000 objects have grown old, 20,000 have',
    );
    const due = STEADY.map(() => ({ longLivedTotal: 400_000, longLivedPending: 120_000 }));
    expect(judge(old, { collectors: due }).not_leaking.join()).toContain(
      'unreachable objects, waiting for the collector',
    );
  });

  test('because gc.DEBUG_SAVEALL keeps it in gc.garbage', () => {
    const kept = STEADY.map(
      (count) =>
        `${SHOP}\nroot interpreter gc.garbage -> kept; type kept list; entries kept ${count}
         ${numbers(count)
           .map((n) => `kept -> j${n} [element ${n}]; type j${n} shop.Job; size j${n} 64`)
           .join('\n')}`,
    );
    const drawn = drawRun(kept);
    const garbageList = drawn.graph.addresses[drawn.graph.node('kept')]!;
    const report = judge(kept, { collectors: STEADY.map(() => ({ debug: 32, garbageList })) });
    const finding = only(report);
    expect(finding).toMatchObject({ kind: 'uncollectable cycle', verdict: 'leak', holder: { name: 'gc.garbage' } });
    expect(finding.because[0]).toContain('gc.DEBUG_SAVEALL is set');
  });
});
