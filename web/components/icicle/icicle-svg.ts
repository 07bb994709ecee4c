// An icicle as an SVG file to keep, which needs no style sheet: the bars under the zoom, with names and sizes.

import { formatBytes } from '../../../src/base/units.ts';
import { colour } from '../../state/theme.ts';
import { elided } from '../saved-drawings/elided.ts';
import { LETTER, svgBox, svgFile, svgText } from '../saved-drawings/svg-file.ts';
import { amountsOfBar, type Bar, barsUnder, colourOfBar, nameOfBar, rowCount } from './icicle-bars.ts';

const WIDTH = 960;
const MARGIN = 12;
const HEAD = 52;
const ROW = 28;
const PADDING = 6;

export function icicleAsSvg(top: Bar): string {
  const bars = barsUnder(top);
  const root = top.ancestors().at(-1)!;
  const height = HEAD + rowCount(bars) * ROW + MARGIN;
  const shapes = bars.map(({ bar, left, width, row }) => {
    const pixels = width * (WIDTH - 2 * MARGIN);
    const box = { x: MARGIN + left * (WIDTH - 2 * MARGIN), y: HEAD + row * ROW, width: pixels, height: ROW };
    return svgBox(box, {
      fill: colour(colourOfBar(bar)),
      ink: colour('part-ink'),
      text: textFor(bar, pixels),
      title: `${nameOfBar(bar)}: ${amountsOfBar(bar)}`,
    });
  });
  const title = `What ${nameOfBar(root)} retains`;
  const below = top === root ? amountsOfBar(root) : `zoomed to ${nameOfBar(top)}: ${amountsOfBar(top)}`;
  const head =
    svgText(MARGIN, 22, elided(title, 110), 'font-size="14" font-weight="bold"') +
    svgText(MARGIN, 41, elided(below, 130));
  return svgFile({ width: WIDTH, height }, head + shapes.join(''), colour, title);
}

/** Name and size where there is room for both, the name as far as there is. */
function textFor(bar: Bar, pixels: number): string {
  const letters = Math.floor((pixels - 2 * PADDING) / LETTER);
  if (letters < 3) return '';
  const name = nameOfBar(bar);
  const size = ` · ${formatBytes(bar.data.retained_bytes)}`;
  return name.length + size.length <= letters ? name + size : elided(name, letters);
}
