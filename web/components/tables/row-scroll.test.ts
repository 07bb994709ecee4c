import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  canvasHeight,
  isScaled,
  ROW_PIXELS,
  rowsInSight,
  rowTopAt,
  rowTopShowing,
  scrollTopAt,
  within,
} from './row-scroll.ts';

const arbitraryScroll = fc.record({ rows: fc.nat(20_000_000), viewport: fc.integer({ min: 60, max: 900 }) });

test('a short table is scrolled pixel by pixel', () => {
  const scroll = { rows: 1000, viewport: 540 };
  expect(isScaled(1000)).toBe(false);
  expect(canvasHeight(1000)).toBe(1000 * ROW_PIXELS);
  expect(rowTopAt(scroll, 777)).toBe(777);
  expect(rowsInSight(scroll, 0)).toEqual({ first: 0, end: 28 });
  expect(rowsInSight(scroll, 1000 * ROW_PIXELS - 540)).toEqual({ first: 972, end: 1000 });
});

test('the end of the canvas is the last row, however long the table is', () => {
  fc.assert(
    fc.property(arbitraryScroll, (scroll) => {
      const lowest = Math.max(0, canvasHeight(scroll.rows) - scroll.viewport);
      expect(canvasHeight(scroll.rows)).toBeLessThan(16_000_000);
      expect(rowsInSight(scroll, rowTopAt(scroll, lowest)).end).toBe(scroll.rows);
      expect(rowTopAt(scroll, 0)).toBe(0);
    }),
  );
});

test('where rows and canvas are says the same both ways', () => {
  fc.assert(
    fc.property(arbitraryScroll, fc.double({ min: 0, max: 1, noNaN: true }), (scroll, share) => {
      const rowTop = within(scroll, share * scroll.rows * ROW_PIXELS);
      expect(rowTopAt(scroll, scrollTopAt(scroll, rowTop))).toBeCloseTo(rowTop, 3);
    }),
  );
});

test('a row is brought into sight by the least way', () => {
  fc.assert(
    fc.property(arbitraryScroll, fc.nat(), fc.nat(), (scroll, from, to) => {
      fc.pre(scroll.rows > 0);
      const rowTop = within(scroll, from);
      const row = to % scroll.rows;
      const moved = rowTopShowing(scroll, rowTop, row);
      expect(moved).toBeLessThanOrEqual(row * ROW_PIXELS);
      expect(moved + scroll.viewport).toBeGreaterThanOrEqual((row + 1) * ROW_PIXELS);
      const wasInSight = rowTop <= row * ROW_PIXELS && rowTop + scroll.viewport >= (row + 1) * ROW_PIXELS;
      if (wasInSight) expect(moved).toBe(rowTop);
      const { first, end } = rowsInSight(scroll, moved);
      expect(row).toBeGreaterThanOrEqual(first);
      expect(row).toBeLessThan(end);
    }),
  );
});
