// What of an early copy still holds in the pause, over drawn page tables.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PlannedRange } from './capture-plan.ts';
import { EXCLUSIVE, PRESENT, SOFT_DIRTY } from './pagemap.ts';
import { PAGE_BYTES } from './process-memory.ts';
import { type EarlyCopy, planRecopy } from './recopy-plan.ts';

/** A page as the pagemap shows it. */
interface Page {
  readonly frame: number;
  readonly dirty?: boolean;
  readonly shared?: boolean;
}
type Drawn = Page | undefined;

function entriesOf(pages: readonly Drawn[]): Uint32Array {
  return Uint32Array.from(
    pages.flatMap((page) =>
      page === undefined
        ? [0, 0]
        : [
            page.frame,
            (PRESENT | (page.dirty === true ? SOFT_DIRTY : 0) | (page.shared === true ? 0 : EXCLUSIVE)) >>> 0,
          ],
    ),
  );
}

const at = (page: number): number => 0x10000 + page * PAGE_BYTES;

function earlyOf(pages: readonly Drawn[], first = 0): EarlyCopy {
  const entries = entriesOf(pages);
  return { start: at(first), end: at(first + pages.length), bytes: new Uint8Array(pages.length * PAGE_BYTES), entries };
}

/** One range over all pages, with the runs of those that are present. */
function rangeOf(pages: readonly Drawn[]): PlannedRange {
  const runs: number[] = [];
  for (const [i, page] of pages.entries()) {
    if (page === undefined) continue;
    if (runs.at(-1) === at(i)) runs[runs.length - 1] = at(i + 1);
    else runs.push(at(i), at(i + 1));
  }
  return { start: at(0), end: at(pages.length), runs };
}

/** Numbers of the pages that are read in the pause, and of those that are filled with zeros. */
function recopied(then: readonly Drawn[], now: readonly Drawn[]): { read: number[]; zeros: number[] } {
  const entries = entriesOf(now);
  const plan = planRecopy([rangeOf(now)], [earlyOf(then)], (start, into) => {
    const first = (start - at(0)) / PAGE_BYTES;
    into.set(entries.subarray(first * 2, first * 2 + into.length));
    return true;
  });
  const pagesIn = (pairs: readonly number[]): number[] => {
    const numbers: number[] = [];
    for (let i = 0; i < pairs.length; i += 2) {
      for (let page = pairs[i]!; page < pairs[i + 1]!; page += PAGE_BYTES) numbers.push((page - at(0)) / PAGE_BYTES);
    }
    return numbers;
  };
  return {
    read: plan.parts.flatMap((part) => pagesIn(part.runs)),
    zeros: plan.parts.flatMap((part) => pagesIn(part.zeros)),
  };
}

describe('a page that was copied early', () => {
  test('is left alone where it is clean, in its frame, and its process’s own', () => {
    expect(recopied([{ frame: 7 }], [{ frame: 7 }])).toEqual({ read: [], zeros: [] });
  });

  test('is read again where it was written, moved, or is shared with others', () => {
    expect(recopied([{ frame: 7 }], [{ frame: 7, dirty: true }]).read).toEqual([0]);
    expect(recopied([{ frame: 7 }], [{ frame: 8 }]).read).toEqual([0]);
    // The page of zeros, written and given back in between: nothing marks it.
    expect(recopied([{ frame: 7, shared: true }], [{ frame: 7, shared: true }]).read).toEqual([0]);
    expect(recopied([{ frame: 7 }], [{ frame: 7, shared: true }]).read).toEqual([0]);
  });

  test('is zero where it was given back, and read where it came since', () => {
    expect(recopied([{ frame: 7 }, { frame: 8 }], [undefined, { frame: 8 }])).toEqual({ read: [], zeros: [0] });
    expect(recopied([undefined, { frame: 8 }], [{ frame: 7 }, { frame: 8 }])).toEqual({ read: [0], zeros: [] });
  });

  test('is read again where frame numbers are hidden', () => {
    expect(recopied([{ frame: 0 }], [{ frame: 0 }]).read).toEqual([0]);
  });
});

test('where the page map cannot be read in the pause, everything is read', () => {
  const pages = [{ frame: 1 }, { frame: 2 }];
  const plan = planRecopy([rangeOf(pages)], [earlyOf(pages)], () => false);
  expect(plan.readBytes).toBe(2 * PAGE_BYTES);
});

test('every page is part of the image once, and every page that may differ is read or zero', () => {
  const page = fc.option(
    fc.record({ frame: fc.integer({ min: 1, max: 3 }), dirty: fc.boolean(), shared: fc.boolean() }),
    { nil: undefined },
  );
  const pages = fc.array(page, { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(pages, pages, fc.nat(5), (then, now, cut) => {
      // Two early copies with a gap between them.
      const early = [earlyOf(then.slice(0, cut)), earlyOf(then.slice(cut + 1), cut + 1)].filter(
        (copy) => copy.end > copy.start,
      );
      const entries = entriesOf(now);
      const plan = planRecopy(
        [rangeOf(now)].filter((range) => range.runs.length > 0),
        early,
        (start, into) => {
          const first = (start - at(0)) / PAGE_BYTES;
          into.set(entries.subarray(first * 2, first * 2 + into.length));
          return true;
        },
      );
      const covered = plan.parts.flatMap((part) =>
        Array.from({ length: (part.end - part.start) / PAGE_BYTES }, (_, i) => (part.start - at(0)) / PAGE_BYTES + i),
      );
      expect(new Set(covered).size).toBe(covered.length);
      const isIn = (pairs: readonly number[], number: number): boolean =>
        pairs.some((_, i) => i % 2 === 0 && at(number) >= pairs[i]! && at(number) < pairs[i + 1]!);
      for (const number of covered) {
        const wasEarly = number !== cut ? then[number] : undefined;
        const isNow = now[number];
        const holds =
          wasEarly !== undefined &&
          isNow !== undefined &&
          !isNow.dirty &&
          !isNow.shared &&
          !wasEarly.shared &&
          wasEarly.frame === isNow.frame;
        const part = plan.parts.find(({ start, end }) => at(number) >= start && at(number) < end)!;
        expect(isIn(part.runs, number)).toBe(isNow !== undefined && !holds);
        expect(isIn(part.zeros, number)).toBe(isNow === undefined);
      }
    }),
  );
});
