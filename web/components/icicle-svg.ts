// An icicle as an SVG file to keep, which needs no style sheet: the bars under the zoom, with names and sizes.

import { formatBytes } from '../../src/base/units.ts';
import { colour } from '../state/theme.ts';
import { escapeXml } from './chart-svg.ts';
import { elided } from './elided.ts';
import { amountsOfBar, type Bar, barsUnder, colourOfBar, nameOfBar, rowCount } from './icicle-bars.ts';

const WIDTH = 960;
const MARGIN = 12;
const HEAD = 52;
const ROW = 28;
const PADDING = 6;
/** Of a letter at this size of type, on average and rather too much. */
const LETTER = 6.9;

export function icicleAsSvg(top: Bar): string {
  const bars = barsUnder(top);
  const root = top.ancestors().at(-1)!;
  const height = HEAD + rowCount(bars) * ROW + MARGIN;
  const shapes = bars.map(({ bar, left, width, row }) => {
    const place = `x="${(MARGIN + left * (WIDTH - 2 * MARGIN)).toFixed(1)}" y="${HEAD + row * ROW}"`;
    const pixels = width * (WIDTH - 2 * MARGIN);
    // A drawing of its own cuts off what is wider than was thought.
    return (
      `<svg ${place} width="${pixels.toFixed(1)}" height="${ROW}">` +
      `<title>${escapeXml(`${nameOfBar(bar)}: ${amountsOfBar(bar)}`)}</title>` +
      `<rect width="${Math.max(0.5, pixels - 1).toFixed(1)}" height="${ROW - 1}" fill="${colour(colourOfBar(bar))}"/>` +
      `<text x="${PADDING}" y="${ROW / 2 + 4}" fill="${colour('part-ink')}">${escapeXml(textFor(bar, pixels))}</text></svg>`
    );
  });
  const title = `What ${nameOfBar(root)} retains`;
  const below = top === root ? amountsOfBar(root) : `zoomed to ${nameOfBar(top)}: ${amountsOfBar(top)}`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">` +
    `<title>${escapeXml(title)}</title><rect width="100%" height="100%" fill="${colour('paper')}"/>` +
    `<g fill="${colour('ink')}"><text x="${MARGIN}" y="22" font-size="14" font-weight="bold">${escapeXml(elided(title, 110))}</text>` +
    `<text x="${MARGIN}" y="41">${escapeXml(elided(below, 130))}</text></g>${shapes.join('')}</svg>`
  );
}

/** Name and size where there is room for both, the name as far as there is. */
function textFor(bar: Bar, pixels: number): string {
  const letters = Math.floor((pixels - 2 * PADDING) / LETTER);
  if (letters < 3) return '';
  const name = nameOfBar(bar);
  const size = ` · ${formatBytes(bar.data.retained_bytes)}`;
  return name.length + size.length <= letters ? name + size : elided(name, letters);
}
