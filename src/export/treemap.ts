// A treemap as SVG: areas are memory, the first level is who holds it, the second what of it.
// Squarified (Bruls, Huizing, van Wijk, "Squarified Treemaps", 2000). Geometry and text only: colours are the page's.

import { formatBytes } from '../base/units.ts';
import { escapeHtml } from './html-escape.ts';
import type { StackTree } from './stack-tree.ts';

/** Of the drawing, by what it is for: a page beside which there is room, and a phone. */
const SHAPES = { wide: { width: 1000, height: 420 }, tall: { width: 420, height: 560 } } as const;
export type TreemapShape = keyof typeof SHAPES;

/** Height of the line that names a holder, above its parts. */
const TITLE_HEIGHT = 16;
const CHARACTER_WIDTH = 6.4;
const TEXT_INSET = 4;
/** Areas drawn on each level; the rest is one area. */
const HOLDERS_SHOWN = 16;
const PARTS_SHOWN = 12;
/** Classes `t0`, `t1` … that the page gives colours; `rest` is that of what is drawn together. */
const COLOURS = 8;
const REST = 'rest';
/** Thinner areas cannot be seen, and their parts even less. */
const LEAST_SIDE = 3;

interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

interface Item {
  readonly name: string;
  readonly bytes: number;
  /** Entry of the tree; undefined for what is drawn together. */
  readonly entry: number | undefined;
  /** Many, drawn as one. */
  readonly isRest?: true;
}

/** Of all memory in the tree; the shape is also its class. */
export function treemapSvg(tree: StackTree, shape: TreemapShape): string {
  const { width, height } = SHAPES[shape];
  const totals = totalBytes(tree);
  const children = childrenOf(tree);
  const itemsOf = (entry: number, limit: number): Item[] => {
    const items = (children.get(entry) ?? []).map((child) => ({
      name: tree.names[tree.nameOf[child]!]!,
      bytes: totals[child]!,
      entry: child,
    }));
    return largest([...items, { name: '(itself)', bytes: tree.bytes[entry]!, entry: undefined }], limit);
  };
  const holders = itemsOf(0, HOLDERS_SHOWN);
  const drawn = squarify(holders, { x: 0, y: 0, width, height }).map(({ item, area }, index) => {
    const colour = item.isRest === true ? REST : `t${index % COLOURS}`;
    const inner = { ...area, y: area.y + TITLE_HEIGHT, height: area.height - TITLE_HEIGHT };
    const isLarge = inner.height > TITLE_HEIGHT && inner.width > 2 * TITLE_HEIGHT;
    const parts = isLarge && item.entry !== undefined ? squarify(itemsOf(item.entry, PARTS_SHOWN), inner) : [];
    const path = (part: Item): string => `${item.name} › ${part.name}`;
    return [
      drawArea(area, { name: item.name, bytes: item.bytes, title: item.name, style: colour }),
      ...parts.map(({ item: part, area: partArea }) =>
        drawArea(partArea, {
          name: part.name,
          bytes: part.bytes,
          title: path(part),
          style: part.isRest === true ? `${REST} part` : `${colour} part`,
        }),
      ),
    ].join('');
  });
  return `<svg class="${shape}" viewBox="0 0 ${width} ${height}" role="img" aria-label="Memory by holder">${drawn.join('\n')}</svg>`;
}

interface AreaText {
  readonly name: string;
  readonly bytes: number;
  readonly title: string;
  readonly style: string;
}

function drawArea({ x, y, width, height }: Area, { name, bytes, title, style }: AreaText): string {
  if (width < LEAST_SIDE || height < LEAST_SIDE) return '';
  const characters = Math.floor((width - 2 * TEXT_INSET) / CHARACTER_WIDTH);
  const label = labelOf(name, formatBytes(bytes), characters);
  const text =
    characters < 4 || height < TITLE_HEIGHT
      ? ''
      : `<text x="${round(x + TEXT_INSET)}" y="${round(y + 12)}">${escapeHtml(label)}</text>`;
  const rectangle = `<rect class="${style}" x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"/>`;
  return `<g><title>${escapeHtml(`${title}: ${formatBytes(bytes)}`)}</title>${rectangle}${text}</g>`;
}

/** The name with its size; where there is no room for both the name, without a word that says little, or its beginning. */
function labelOf(name: string, size: string, characters: number): string {
  const candidates = [`${name}  ${size}`, name, name.replace(/^module /, '')];
  const fitting = candidates.find((text) => [...text].length <= characters);
  return fitting ?? `${[...candidates.at(-1)!].slice(0, characters - 1).join('')}…`;
}

/** The largest `limit` items, and all others as one. */
function largest(items: readonly Item[], limit: number): Item[] {
  const sorted = items.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
  if (sorted.length <= limit) return sorted;
  const rest = sorted.slice(limit - 1);
  const bytes = rest.reduce((sum, item) => sum + item.bytes, 0);
  return [...sorted.slice(0, limit - 1), { name: `${rest.length} others`, bytes, entry: undefined, isRest: true }];
}

interface Placed {
  readonly item: Item;
  readonly area: Area;
}

/** Lays rows along the shorter side while that makes their areas more square. `items` are sorted, largest first. */
function squarify(items: readonly Item[], whole: Area): Placed[] {
  const placed: Placed[] = [];
  let left = whole;
  let bytesLeft = items.reduce((sum, { bytes }) => sum + bytes, 0);
  for (let start = 0; start < items.length; ) {
    const side = Math.min(left.width, left.height);
    const scale = (left.width * left.height) / bytesLeft;
    let end = start + 1;
    let rowBytes = items[start]!.bytes;
    while (end < items.length) {
      const withNext = rowBytes + items[end]!.bytes;
      const now = worstRatio(items[start]!, items[end - 1]!, { rowBytes, scale, side });
      if (worstRatio(items[start]!, items[end]!, { rowBytes: withNext, scale, side }) > now) break;
      rowBytes = withNext;
      end++;
    }
    const isColumn = left.width >= left.height;
    const thickness = (rowBytes * scale) / side;
    let along = isColumn ? left.y : left.x;
    for (const item of items.slice(start, end)) {
      const length = (item.bytes / rowBytes) * side;
      const area = isColumn
        ? { x: left.x, y: along, width: thickness, height: length }
        : { x: along, y: left.y, width: length, height: thickness };
      placed.push({ item, area });
      along += length;
    }
    left = isColumn
      ? { ...left, x: left.x + thickness, width: left.width - thickness }
      : { ...left, y: left.y + thickness, height: left.height - thickness };
    bytesLeft -= rowBytes;
    start = end;
  }
  return placed;
}

interface Row {
  readonly rowBytes: number;
  readonly scale: number;
  readonly side: number;
}

/** How far from square the worst area of a row is, given its largest and smallest item. */
function worstRatio(first: Item, last: Item, { rowBytes, scale, side }: Row): number {
  const rowArea = rowBytes * scale;
  const squared = (rowArea * rowArea) / (side * side);
  return Math.max((first.bytes * scale) / squared, squared / (last.bytes * scale));
}

function childrenOf(tree: StackTree): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (let entry = 1; entry < tree.parentOf.length; entry++) {
    const siblings = children.get(tree.parentOf[entry]!);
    if (siblings === undefined) children.set(tree.parentOf[entry]!, [entry]);
    else siblings.push(entry);
  }
  return children;
}

/** Bytes of each entry with all below it. */
function totalBytes(tree: StackTree): number[] {
  const totals = [...tree.bytes];
  for (let entry = totals.length - 1; entry > 0; entry--) totals[tree.parentOf[entry]!]! += totals[entry]!;
  return totals;
}

function round(length: number): string {
  return String(Math.round(length * 10) / 10);
}
