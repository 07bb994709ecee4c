// Which rows of a table are in sight, for tables of any length. Browsers draw no element higher than some 30 million pixels,
// which a million rows fill: a longer table is scrolled through a shorter canvas, on which a pixel stands for several. Where
// the rows are (`rowTop`) is therefore kept apart from where the canvas is scrolled to (`scrollTop`).

export const ROW_PIXELS = 30;
const TALLEST_CANVAS = 12_000_000;
/** Rows drawn beyond either edge. */
const BEYOND = 10;

/** A table and the part of it that is seen, in pixels. */
export interface RowScroll {
  readonly rows: number;
  readonly viewport: number;
}

export function canvasHeight(rows: number): number {
  return Math.min(rows * ROW_PIXELS, TALLEST_CANVAS);
}

/** Whether a pixel of the canvas stands for more than one of the rows. */
export function isScaled(rows: number): boolean {
  return rows * ROW_PIXELS > TALLEST_CANVAS;
}

/** Pixels of rows above the first in sight, by those of the canvas. */
export function rowTopAt(scroll: RowScroll, scrollTop: number): number {
  return within(scroll, scrollTop * scaleOf(scroll));
}

/** The other way round. */
export function scrollTopAt(scroll: RowScroll, rowTop: number): number {
  return rowTop / scaleOf(scroll);
}

/** `rowTop`, moved as little as it must for a row to be in sight whole. */
export function rowTopShowing(scroll: RowScroll, rowTop: number, row: number): number {
  const top = row * ROW_PIXELS;
  return within(scroll, Math.max(Math.min(rowTop, top), top + ROW_PIXELS - scroll.viewport));
}

/** Kept between the first row and the last. */
export function within({ rows, viewport }: RowScroll, rowTop: number): number {
  return Math.max(0, Math.min(rows * ROW_PIXELS - viewport, rowTop));
}

/** Rows `first` up to but not including `end` are drawn. */
export function rowsInSight(
  { rows, viewport }: RowScroll,
  rowTop: number,
): { readonly first: number; readonly end: number } {
  return {
    first: Math.max(0, Math.floor(rowTop / ROW_PIXELS) - BEYOND),
    end: Math.min(rows, Math.ceil((rowTop + viewport) / ROW_PIXELS) + BEYOND),
  };
}

function scaleOf({ rows, viewport }: RowScroll): number {
  const scrolled = canvasHeight(rows) - viewport;
  return scrolled <= 0 ? 1 : (rows * ROW_PIXELS - viewport) / scrolled;
}
