import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BYTE_STEPS, byteLabels, clockLabels, countLabels } from './chart-ticks.ts';

const MB = 1024 ** 2;

test('labels of bytes have one unit and the digits of their step', () => {
  expect(byteLabels([0, 64 * MB, 128 * MB], 64 * MB)).toEqual(['0', '64 MB', '128 MB']);
  expect(byteLabels([23 * MB, 23.5 * MB, 24 * MB], MB / 2)).toEqual(['23.0 MB', '23.5 MB', '24.0 MB']);
  expect(byteLabels([0, 512, 1024], 512)).toEqual(['0', '0.5 KB', '1.0 KB']);
});

test('every tick of bytes has a label of its own', () => {
  // As uPlot lays them: multiples of one step, a handful, the first at most some thousand steps from zero.
  const axes = fc.record({
    step: fc.constantFrom(...BYTE_STEPS.slice(0, 44)),
    first: fc.nat(800),
    ticks: fc.integer({ min: 2, max: 12 }),
  });
  fc.assert(
    fc.property(axes, ({ step, first, ticks }) => {
      const labels = byteLabels(
        Array.from({ length: ticks }, (_, i) => (first + i) * step),
        step,
      );
      expect(new Set(labels).size).toBe(ticks);
    }),
  );
});

test('clocks have 24 hours, and seconds where steps are shorter than a minute', () => {
  const afternoon = new Date(2026, 10, 26, 13, 4, 5).getTime() / 1000;
  expect(clockLabels([afternoon], 5)).toEqual(['13:04:05']);
  expect(clockLabels([afternoon], 60)).toEqual(['13:04']);
  expect(clockLabels([afternoon], 86_400)).toEqual(['2026-11-26']);
  expect(countLabels([0, 1500])).toEqual(['0', '1,500']);
});
