// Pieces of drawings that are saved as files: they need no style sheet, so every colour is written out.

/** The value of a colour of the style sheet, by its name. */
export type Paint = (name: string) => string;

export interface SvgSize {
  readonly width: number;
  readonly height: number;
}

export function svgFile({ width, height }: SvgSize, body: string, paint: Paint): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">` +
    `<rect width="100%" height="100%" fill="${paint('paper')}"/><g fill="${paint('ink')}">${body}</g></svg>`
  );
}

/** One line of text; `attributes` as they are written. */
export function svgText(x: number, y: number, text: string, attributes = ''): string {
  return `<text x="${x}" y="${y}"${attributes === '' ? '' : ` ${attributes}`}>${escapeXml(text)}</text>`;
}

export function svgRect(box: SvgSize & { readonly x: number; readonly y: number }, fill: string): string {
  const { x, y, width, height } = box;
  return `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${height}" fill="${fill}"/>`;
}

/** Text does not wrap in a drawing: what is longer loses its middle. */
export function elided(text: string, length: number): string {
  if (text.length <= length) return text;
  const head = Math.ceil((length - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (length - 1 - head))}`;
}

function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
