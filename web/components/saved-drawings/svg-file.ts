// Pieces of drawings that are saved as files: they need no style sheet, so every colour is written out.

/** The value of a colour of the style sheet, by its name. */
export type Paint = (name: string) => string;

/** Width of a letter of the font, on average and a little more: text cannot be measured before it is drawn. */
export const LETTER = 6.7;

export interface SvgSize {
  readonly width: number;
  readonly height: number;
}

/** `title` is what the whole is called where the drawing is pointed at or read aloud. */
export function svgFile({ width, height }: SvgSize, body: string, paint: Paint, title = ''): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">` +
    `${title === '' ? '' : `<title>${escapeXml(title)}</title>`}<rect width="100%" height="100%" fill="${paint('paper')}"/><g fill="${paint('ink')}">${body}</g></svg>`
  );
}

/** One line of text; `attributes` as they are written. */
export function svgText(x: number, y: number, text: string, attributes = ''): string {
  return `<text x="${Number(x.toFixed(1))}" y="${Number(y.toFixed(1))}"${attributes === '' ? '' : ` ${attributes}`}>${escapeXml(text)}</text>`;
}

export function svgRect(box: SvgSize & { readonly x: number; readonly y: number }, fill: string): string {
  const { x, y, width, height } = box;
  return `<rect x="${Number(x.toFixed(1))}" y="${y}" width="${width.toFixed(1)}" height="${height}" fill="${fill}"/>`;
}

export interface BoxContent {
  readonly fill: string;
  /** Colour of the text. */
  readonly ink: string;
  /** Cut off where the box ends. */
  readonly text: string;
  /** Told where it is pointed at. */
  readonly title: string;
}

export function svgBox(
  { x, y, width, height }: SvgSize & { readonly x: number; readonly y: number },
  { fill, ink, text, title }: BoxContent,
): string {
  return (
    `<svg x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${width.toFixed(1)}" height="${height}" overflow="hidden">` +
    `<title>${escapeXml(title)}</title><rect width="${Math.max(0.5, width - 1).toFixed(1)}" height="${height - 1}" fill="${fill}"/>` +
    `${text === '' ? '' : svgText(6, height / 2 + 4, text, `fill="${ink}"`)}</svg>`
  );
}

const LEGEND_ROW = 20;

/** Colours and what they mean, in rows as wide as there is room. */
export function svgLegend(
  entries: readonly { readonly colour: string; readonly text: string }[],
  { x, y, width }: { readonly x: number; readonly y: number; readonly width: number },
  paint: Paint,
): { readonly svg: string; readonly height: number } {
  let [left, top] = [0, 0];
  const drawn = entries.map(({ colour, text }) => {
    const needed = 18 + text.length * LETTER + 20;
    if (left > 0 && left + needed > width) [left, top] = [0, top + LEGEND_ROW];
    const entry =
      svgRect({ x: x + left, y: y + top, width: 11, height: 11 }, paint(colour)) +
      svgText(x + left + 17, y + top + 10, text);
    left += needed;
    return entry;
  });
  return { svg: drawn.join(''), height: top + LEGEND_ROW };
}

export function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
