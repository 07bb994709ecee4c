// The memory picture with its legend as an SVG file to keep, which needs no style sheet. Pure: it is tried without a browser.

import { formatBytes } from '../../../src/base/units.ts';
import { escapeXml, LETTER, type Paint, svgFile, svgText } from '../saved-drawings/svg-file.ts';
import { CELL, type MemoryLayout, type PlacedCell, SQUARE } from './memory-layout.ts';
import type { LegendEntry } from './memory-legend.ts';
import { type CellPaint, FAINT } from './memory-paint.ts';

export interface MemoryDrawing {
  readonly title: string;
  readonly entries: readonly LegendEntry[];
  readonly layout: MemoryLayout;
  /** Of the cells of the layout. */
  readonly paints: readonly CellPaint[];
  readonly colour: Paint;
}

const MARGIN = 12;
const LINE = 18;
const SWATCH = 11;

export function memorySvg(drawing: MemoryDrawing): string {
  const { title, layout, colour } = drawing;
  const legend = drawLegend(drawing);
  const width = Math.ceil(Math.max(layout.width, legend.width, title.length * LETTER)) + 2 * MARGIN;
  const top = MARGIN + LINE + legend.height + MARGIN;
  const head = svgText(MARGIN, MARGIN + 11, title, 'font-weight="bold"');
  return svgFile(
    { width, height: top + layout.height + MARGIN },
    `${head}<g transform="translate(${MARGIN} ${MARGIN + LINE})">${legend.shapes}</g>` +
      `<g transform="translate(${MARGIN} ${top})" fill="none">${drawCells(drawing)}</g>`,
    colour,
  );
}

/** In columns as wide as the longest line, as many as fit above the picture. */
function drawLegend({ entries, layout, colour }: MemoryDrawing): { width: number; height: number; shapes: string } {
  const lines = entries.map(({ name, bytes, note = '' }) => [name, formatBytes(bytes), note]);
  const letters = Math.max(0, ...lines.map((words) => words.join(' ').length));
  const column = Math.ceil(letters * LETTER) + 2 * SWATCH + MARGIN;
  const columns = Math.max(1, Math.min(lines.length, Math.floor(layout.width / column)));
  const rows = Math.ceil(lines.length / columns);
  const shapes = entries.map((entry, i) => {
    const [x, y] = [Math.floor(i / rows) * column, (i % rows) * LINE];
    const [name = '', bytes, note = ''] = lines[i]!;
    return (
      `<g transform="translate(${x} ${y})">${swatch(entry, colour(entry.colour))}<text x="${SWATCH + 6}" y="11">` +
      `${escapeXml(name)} <tspan font-weight="bold">${bytes}</tspan> ${escapeXml(note)}</text></g>`
    );
  });
  return { width: columns * column, height: rows * LINE, shapes: shapes.join('') };
}

function swatch({ look }: LegendEntry, value: string): string {
  const square = `M.5 1.5h${SWATCH}v${SWATCH}h-${SWATCH}z`;
  switch (look) {
    case 'outlined':
      return `<path d="${square}" fill="none" stroke="${value}"/>`;
    case 'hatched':
      return `<path d="M0 ${SWATCH + 1}l${SWATCH}-${SWATCH}" stroke="${value}"/>`;
    default:
      return `<path d="${square}" fill="${value}"${look === 'faint' ? ` fill-opacity="${FAINT}"` : ''}/>`;
  }
}

/**
 * Neighbours of one paint are one line, as thick as they are high and dashed where a cell ends; lines of one paint are one
 * path: tens of thousands of cells are a few kilobytes.
 */
function drawCells({ layout: { cells }, paints, colour }: MemoryDrawing): string {
  const [ground, filled, hatched, outlined] = [new Paths(), new Paths(), new Paths(), new Paths()];
  forEachRun(cells, paints, (first, count) => {
    const { x, y } = cells[first]!;
    const paint = paints[first]!;
    const opacity = paint.opacity === 1 ? '' : ` stroke-opacity="${paint.opacity.toFixed(2)}"`;
    const bar = (height: number): string => `M${x} ${y + SQUARE - height / 2}h${count * CELL - (CELL - SQUARE)}`;
    const dashed = (height: number): string =>
      ` stroke-width="${height}" stroke-dasharray="${SQUARE} ${CELL - SQUARE}"${opacity}`;
    const each = (shape: string, next: string): string => shape + (next + shape).repeat(count - 1);
    const stroke = ` stroke="${colour(paint.colour)}"`;
    if (paint.look === 'hatched') {
      hatched.add(
        stroke + opacity,
        `M${x} ${y + SQUARE}${each(`l${SQUARE}-${SQUARE}`, `m${CELL - SQUARE} ${SQUARE}`)}`,
      );
    } else {
      if (paint.height < SQUARE) ground.add(` stroke="${colour('panel')}"${dashed(SQUARE)}`, bar(SQUARE));
      filled.add(stroke + dashed(paint.height), bar(paint.height));
    }
    if (paint.isOutlined) {
      const edge = SQUARE - 1;
      outlined.add(
        ` stroke="${colour('ink')}"`,
        `M${x + 0.5} ${y + 0.5}${each(`h${edge}v${edge}h-${edge}z`, `m${CELL} 0`)}`,
      );
    }
  });
  return [ground, filled, hatched, outlined].map((paths) => paths.drawn()).join('');
}

/** Calls back for the longest stretches of cells that lie side by side and are painted alike. */
function forEachRun(
  cells: readonly PlacedCell[],
  paints: readonly CellPaint[],
  visit: (first: number, count: number) => void,
): void {
  let first = 0;
  for (let i = 1; i <= cells.length; i++) {
    if (i < cells.length) {
      const [before, cell] = [cells[i - 1]!, cells[i]!];
      if (cell.y === before.y && cell.x === before.x + CELL && isSame(paints[i]!, paints[first]!)) continue;
    }
    if (i > first) visit(first, i - first);
    first = i;
  }
}

function isSame(a: CellPaint, b: CellPaint): boolean {
  return (
    a.colour === b.colour &&
    a.look === b.look &&
    a.height === b.height &&
    a.opacity === b.opacity &&
    a.isOutlined === b.isOutlined
  );
}

/** Shapes by their attributes, each kind as one path. */
class Paths {
  readonly #shapes = new Map<string, string[]>();

  add(attributes: string, shape: string): void {
    const shapes = this.#shapes.get(attributes);
    if (shapes === undefined) this.#shapes.set(attributes, [shape]);
    else shapes.push(shape);
  }

  drawn(): string {
    return [...this.#shapes].map(([attributes, shapes]) => `<path${attributes} d="${shapes.join('')}"/>`).join('');
  }
}
