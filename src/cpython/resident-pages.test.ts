// How much of a range is resident, against counting byte by byte.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ResidentPages } from './resident-pages.ts';

const PAGES = 64;

/** Runs of a set of pages, one byte each. */
function runsOf(pages: readonly boolean[]): number[] {
  const runs: number[] = [];
  for (const [page, isResident] of pages.entries()) {
    if (isResident) runs.push(page, page + 1);
  }
  return runs;
}

const pages = fc.array(fc.boolean(), { minLength: PAGES, maxLength: PAGES });
const range = fc.tuple(fc.nat(PAGES), fc.nat(PAGES));

test('overlap counts the resident bytes of any range, asked in any order', () => {
  fc.assert(
    fc.property(pages, fc.array(range, { maxLength: 30 }), (resident, ranges) => {
      const set = new ResidentPages(runsOf(resident));
      expect(set.totalBytes).toBe(resident.filter(Boolean).length);
      for (const [start, end] of ranges) {
        expect(set.overlap(start, end)).toBe(resident.slice(start, Math.max(start, end)).filter(Boolean).length);
      }
    }),
  );
});

test('forEachIn visits the parts of the runs that lie in a range', () => {
  fc.assert(
    fc.property(pages, range, (resident, [start, end]) => {
      const seen = new Set<number>();
      new ResidentPages(runsOf(resident)).forEachIn(start, end, (from, to) => {
        for (let page = from; page < to; page++) seen.add(page);
      });
      const expected = [...resident.keys()].filter((page) => resident[page] && page >= start && page < end);
      expect([...seen]).toEqual(expected);
    }),
  );
});

test('nothing is resident of nothing', () => {
  const none = new ResidentPages([]);
  expect([none.totalBytes, none.overlap(0, 100)]).toEqual([0, 0]);
  none.forEachIn(0, 100, () => expect.unreachable());
});
