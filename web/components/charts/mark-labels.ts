// Where the labels of marked moments go in a chart: beside their line, and under another label that they would cover.

export interface PlacedLabel {
  /** Counted from the top. */
  readonly row: number;
  /** Where the text begins or, anchored at its end, ends. */
  readonly x: number;
  readonly anchor: 'start' | 'end';
}

/** Between a line and its label, and between labels. */
const SPACE = 4;

/** `marks` with the place of their line and the width of their text; at the right edge it stands before the line. */
export function placeLabels(
  marks: readonly { readonly x: number; readonly width: number }[],
  right: number,
): readonly PlacedLabel[] {
  const rows: { readonly left: number; readonly right: number }[][] = [];
  return marks.map(({ x, width }) => {
    const anchor = x + SPACE + width > right ? 'end' : 'start';
    const place = anchor === 'end' ? x - SPACE : x + SPACE;
    const left = anchor === 'end' ? place - width : place;
    const isFree = (row: (typeof rows)[number]): boolean =>
      row.every((other) => left > other.right + SPACE || left + width < other.left - SPACE);
    let row = rows.findIndex(isFree);
    if (row < 0) row = rows.push([]) - 1;
    rows[row]!.push({ left, right: left + width });
    return { row, x: place, anchor };
  });
}
