// Tables without borders: columns two spaces apart, one flexible column elided to fit the width.

import Table from 'cli-table3';
import { displayWidth, elideEnd, elideMiddle } from './layout.ts';
import type { RenderStyle } from './render-style.ts';

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Gives way when the table is too wide; one column at most. */
  readonly flexible?: boolean;
  /** What is left out where it must be shortened: its middle (of a path, by default) or its end (of a sentence). */
  readonly elide?: 'middle' | 'end';
}

const GAP = 2;
const NO_BORDERS = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right'],
    ...['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((name) => [name, '']),
);

/** Lines of the table, its titles first. Cells hold sanitised text without colour. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  style: RenderStyle,
): string[] {
  const widths = columns.map((column, index) =>
    Math.max(displayWidth(column.title), ...rows.map((row) => displayWidth(row[index] ?? ''))),
  );
  const total = widths.reduce((sum, width) => sum + width, 0) + GAP * (columns.length - 1);
  const flexible = columns.findIndex((column) => column.flexible === true);
  if (flexible >= 0 && total > style.width) {
    const least = displayWidth(columns[flexible]!.title);
    widths[flexible] = Math.max(least, widths[flexible]! - (total - style.width));
  }
  const elide = columns[flexible]?.elide === 'end' ? elideEnd : elideMiddle;
  const table = new Table({
    chars: NO_BORDERS,
    style: { 'padding-left': 0, 'padding-right': GAP, head: [], border: [], compact: true },
    colAligns: columns.map((column) => column.align),
    wordWrap: false,
  });
  table.push(columns.map((column) => column.title));
  for (const row of rows) {
    table.push(row.map((cell, index) => (index === flexible ? elide(cell, widths[index]!) : cell)));
  }
  return table
    .toString()
    .split('\n')
    .map((line, index) => (index === 0 ? style.paint('label', line.trimEnd()) : line.trimEnd()));
}
