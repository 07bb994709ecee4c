// A sum and its parts as an SVG file: one bar, cut by share, and what each part is.

import { type Paint, svgFile, svgLegend, svgRect, svgText } from '../saved-drawings/svg-file.ts';

export interface DrawnPart {
  /** Name of a colour. */
  readonly colour: string;
  /** Of the whole, 0..1. */
  readonly share: number;
  readonly text: string;
}

const WIDTH = 900;
const MARGIN = 16;
const BAR = { top: 40, height: 28 };

export function partsSvg(title: string, parts: readonly DrawnPart[], paint: Paint): string {
  const width = WIDTH - 2 * MARGIN;
  let x = MARGIN;
  const bars = parts.map(({ colour, share }) => {
    const bar = svgRect({ x, y: BAR.top, width: share * width, height: BAR.height }, paint(colour));
    x += share * width;
    return bar;
  });
  const legend = svgLegend(parts, { x: MARGIN, y: BAR.top + BAR.height + MARGIN, width }, paint);
  return svgFile(
    { width: WIDTH, height: BAR.top + BAR.height + legend.height + 2 * MARGIN },
    svgText(MARGIN, 24, title, 'font-size="14" font-weight="600"') + bars.join('') + legend.svg,
    paint,
  );
}
