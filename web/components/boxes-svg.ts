// A drawing made of elements, each a coloured box with its name, as an SVG file: where they stand and in which colours, the
// browser knows.

import { type Paint, svgBox, svgFile, svgText } from './svg-file.ts';

const MARGIN = 16;
const TITLE = 28;

export function boxesSvg(title: string, drawing: HTMLElement, paint: Paint): string {
  const frame = drawing.getBoundingClientRect();
  const boxes = [...drawing.children].map((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const { backgroundColor, color } = getComputedStyle(element);
    return svgBox(
      { x: left - frame.left + MARGIN, y: top - frame.top + MARGIN + TITLE, width, height },
      { fill: backgroundColor, ink: color, text: element.textContent, title: element.getAttribute('aria-label') ?? '' },
    );
  });
  return svgFile(
    { width: frame.width + 2 * MARGIN, height: frame.height + TITLE + 2 * MARGIN },
    svgText(MARGIN, 28, title, 'font-size="14" font-weight="600"') + boxes.join(''),
    paint,
  );
}
