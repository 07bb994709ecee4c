import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeLabels } from './mark-labels.ts';

test('a label stands after its line, at the right edge before it', () => {
  expect(
    placeLabels(
      [
        { x: 10, width: 40 },
        { x: 290, width: 40 },
      ],
      300,
    ),
  ).toEqual([
    { row: 0, x: 14, anchor: 'start' },
    { row: 0, x: 286, anchor: 'end' },
  ]);
});

test('no label covers another', () => {
  const arbitraryMarks = fc.array(fc.record({ x: fc.nat(600), width: fc.integer({ min: 5, max: 200 }) }), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(arbitraryMarks, (marks) => {
      const boxes = placeLabels(marks, 600).map(({ row, x, anchor }, i) => {
        const left = anchor === 'end' ? x - marks[i]!.width : x;
        return { row, left, right: left + marks[i]!.width };
      });
      boxes.forEach((box, i) => {
        for (const other of boxes.slice(i + 1)) {
          expect(box.row !== other.row || box.right < other.left || other.right < box.left).toBe(true);
        }
      });
    }),
  );
});
