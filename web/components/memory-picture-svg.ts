// The picture of memory as an SVG file, with its legend: one path for each colour, as there are thousands of cells.

import { formatBytes } from '../../src/base/units.ts';
import type { MemoryMapView } from '../../src/protocol/web/heap-views.ts';
import { CELL_DRAWN, type Cell, paintsOf } from './memory-cells.ts';
import { colourOfUse } from './memory-colours.ts';
import { type Paint, type SvgSize, svgFile, svgLegend } from './svg-file.ts';

const MARGIN = 16;

export function memoryPictureSvg(
  view: MemoryMapView,
  { cells, width, height }: SvgSize & { readonly cells: readonly Cell[] },
  paint: Paint,
): string {
  const legend = svgLegend(
    view.totals.map(({ use, bytes }) => ({ colour: colourOfUse(use), text: `${use} ${formatBytes(bytes)}` })),
    { x: MARGIN, y: MARGIN, width },
    paint,
  );
  const top = MARGIN + legend.height;
  const shapes = new Map<string, string[]>();
  for (const cell of cells) {
    for (const { x, y, height: filled, fill, opacity } of paintsOf(view, cell)) {
      const style = `fill="${paint(fill)}" fill-opacity="${opacity}"`;
      const shape = `M${x + MARGIN} ${y + top}h${CELL_DRAWN}v${filled}h-${CELL_DRAWN}z`;
      const before = shapes.get(style);
      if (before === undefined) shapes.set(style, [shape]);
      else before.push(shape);
    }
  }
  const paths = [...shapes].map(([style, drawn]) => `<path ${style} d="${drawn.join('')}"/>`);
  const size = { width: width + 2 * MARGIN, height: top + height + MARGIN };
  return svgFile(size, legend.svg + paths.join(''), paint);
}
