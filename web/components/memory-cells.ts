// The picture of memory as cells: where each lies, which one an arrow key leads to, and what is painted for it. Drawn on a
// canvas by memory-picture.tsx, written as a file by memory-picture-svg.ts.

import type { MemoryMapView } from '../../src/protocol/web/heap-views.ts';
import { colourOfUse } from './memory-colours.ts';

/** From one cell to the next, in pixels. */
export const CELL = 9;
/** Of a cell that is painted: the rest parts it from the next. */
export const CELL_DRAWN = 8;
/** Space below and beside a region. */
const REGION_GAP = 5;

export interface Cell {
  readonly region: number;
  readonly index: number;
  readonly x: number;
  readonly y: number;
}

/** Regions by address, side by side where they fit; one longer than a row has rows of its own. */
export function cellsOf(
  view: MemoryMapView,
  width: number,
): { readonly cells: readonly Cell[]; readonly height: number } {
  const perRow = Math.max(1, Math.floor(width / CELL));
  const cells: Cell[] = [];
  let [left, top, bottom] = [0, 0, 0];
  view.regions.forEach((region, r) => {
    const columns = Math.min(perRow, region.cells.length);
    if (left > 0 && left + columns * CELL > width) [left, top] = [0, bottom];
    region.cells.forEach((_, index) => {
      const [column, row] = [index % perRow, Math.floor(index / perRow)];
      cells.push({ region: r, index, x: left + column * CELL, y: top + row * CELL });
    });
    bottom = Math.max(bottom, top + Math.ceil(region.cells.length / perRow) * CELL + REGION_GAP);
    left += columns * CELL + REGION_GAP;
  });
  return { cells, height: Math.max(CELL, bottom) };
}

/** Where an arrow key leads from a cell: along the addresses, or to the nearest cell of the next row. */
export function neighbour(cells: readonly Cell[], at: number, key: string): number | undefined {
  const from = cells[at];
  if (key === 'ArrowRight') return Math.min(cells.length - 1, at + 1);
  if (key === 'ArrowLeft') return Math.max(0, at - 1);
  if (key !== 'ArrowDown' && key !== 'ArrowUp') return undefined;
  if (from === undefined) return 0;
  const way = key === 'ArrowDown' ? 1 : -1;
  let best = at;
  let distance = Number.POSITIVE_INFINITY;
  cells.forEach(({ x, y }, i) => {
    const rows = (y - from.y) * way;
    if (rows <= 0) return;
    // Rows first: anything of the next row is nearer than all of the one after.
    const away = rows * 10_000 + Math.abs(x - from.x);
    if (away < distance) [best, distance] = [i, away];
  });
  return best;
}

interface CellPaint {
  readonly x: number;
  readonly y: number;
  readonly height: number;
  /** Name of a colour. */
  readonly fill: string;
  readonly opacity: number;
}

const EMPTY = 'panel';

/** Free memory is pale; what is in use is filled from below, as far as it is. */
export function paintsOf(view: MemoryMapView, { region, index, x, y }: Cell): readonly CellPaint[] {
  const { use, filled } = view.regions[region]!.cells[index]!;
  const fill = colourOfUse(use);
  if (use === 'free in arenas' || use === 'free in malloc' || use === 'not resident') {
    return [{ x, y, height: CELL_DRAWN, fill, opacity: 0.55 }];
  }
  const height = Math.max(1, Math.round(CELL_DRAWN * filled));
  return [
    { x, y, height: CELL_DRAWN, fill: EMPTY, opacity: 1 },
    { x, y: y + CELL_DRAWN - height, height, fill, opacity: 1 },
  ];
}

/** Every colour that `paintsOf` names. */
export function fillNames(view: MemoryMapView): readonly string[] {
  return [EMPTY, ...view.totals.map(({ use }) => colourOfUse(use))];
}
