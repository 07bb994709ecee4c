// A drawing of the page as an SVG file to keep: with the style sheet's part in it, which a file of its own does not have.

import { colour } from '../../state/theme.ts';

const SHAPES = 'rect, path, text';
const PROPERTIES = [
  'fill',
  'stroke',
  'stroke-width',
  'stroke-dasharray',
  'paint-order',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
];

/** Without what `omitted` selects and without links, which lead nowhere from a file. */
export function svgWithStyle(svg: SVGSVGElement, omitted: string): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = svg.querySelectorAll(SHAPES);
  copy.querySelectorAll(SHAPES).forEach((element, i) => {
    const style = getComputedStyle(originals[i]!);
    for (const name of PROPERTIES) element.setAttribute(name, style.getPropertyValue(name));
  });
  for (const element of copy.querySelectorAll(omitted)) element.remove();
  for (const link of copy.querySelectorAll('a')) link.removeAttribute('href');
  for (const element of copy.querySelectorAll('[class], [tabindex]')) {
    element.removeAttribute('class');
    element.removeAttribute('tabindex');
  }
  const paper = document.createElementNS(copy.namespaceURI, 'rect');
  for (const [name, value] of Object.entries({ width: '100%', height: '100%', fill: colour('paper') })) {
    paper.setAttribute(name, value);
  }
  copy.prepend(paper);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  return new XMLSerializer().serializeToString(copy);
}
