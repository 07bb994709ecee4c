// Where the cells of the memory picture lie, and how the arrow keys go from one to another.

import type { MemoryRegion } from '../../../src/protocol/web/heap-views.ts';

/** From the left edge of a cell to that of the next. */
export const CELL = 9;
/** Edge of the square that is drawn. */
export const SQUARE = 8;
/** An arena is a block of this many cells a row: several stand side by side, and one fits a phone. */
const BLOCK_COLUMNS = 32;
const BLOCK_ROWS = 2;
/** Space below and beside a region. */
const REGION_GAP = 5;

export interface PlacedCell {
  /** Places in the list of regions, and in the region's cells. */
  readonly region: number;
  readonly index: number;
  readonly x: number;
  readonly y: number;
}

export interface MemoryLayout {
  readonly cells: readonly PlacedCell[];
  readonly width: number;
  readonly height: number;
}

/** Regions by address, side by side where they fit; a long one has rows of its own. */
export function layOut(regions: readonly MemoryRegion[], width: number): MemoryLayout {
  const perRow = Math.max(1, Math.floor(width / CELL));
  const placed: PlacedCell[] = [];
  let [left, top, bottom] = [0, 0, 0];
  regions.forEach(({ cells }, region) => {
    const isBlock = cells.length <= BLOCK_COLUMNS * BLOCK_ROWS;
    const columns = Math.min(perRow, isBlock ? BLOCK_COLUMNS : perRow, cells.length);
    if (left > 0 && left + columns * CELL > width) [left, top] = [0, bottom];
    cells.forEach((_, index) => {
      const [column, row] = [index % columns, Math.floor(index / columns)];
      placed.push({ region, index, x: left + column * CELL, y: top + row * CELL });
    });
    bottom = Math.max(bottom, top + Math.ceil(cells.length / columns) * CELL + REGION_GAP);
    left += columns * CELL + REGION_GAP;
  });
  return { cells: placed, width, height: Math.max(CELL, bottom) };
}

/** The place in the list of the cell under a point, or -1. */
export function cellAt({ cells }: MemoryLayout, x: number, y: number): number {
  return cells.findIndex((cell) => x >= cell.x && x < cell.x + CELL && y >= cell.y && y < cell.y + CELL);
}

/** Where an arrow key leads from a cell: along the addresses, or to the nearest cell of the next row. */
export function neighbour({ cells }: MemoryLayout, at: number, key: string): number | undefined {
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
