// Fitting text into a terminal's width: measuring, wrapping, eliding. Knows nothing of what the text says.
// Measures unstyled text: colour is applied to finished lines.

export const MIN_WIDTH = 80;
export const MAX_WIDTH = 160;
/** Of a file or a pipe, which has no width: most findings stay on one line. */
const WIDTH_WITHOUT_TERMINAL = 120;

/** East Asian wide and fullwidth blocks and emoji: two columns each. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const COMBINING = /\p{Mark}/u;

/** Terminal columns the text takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    if (COMBINING.test(character)) continue;
    width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}

/** Pads with spaces on the right to `width` columns; longer text is left alone. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/** Shortens to `width` columns, keeping both ends: `/srv/app/…/shop/users.py`. */
export function elideMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const characters = [...text];
  const tailColumns = Math.floor((width - 1) / 2);
  const head = takeColumns(characters, width - 1 - tailColumns);
  const tail = takeColumns(characters.reverse(), tailColumns);
  return `${head.join('')}…${tail.reverse().join('')}`;
}

/** Shortens to `width` columns, keeping the beginning. */
export function elideEnd(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  return `${takeColumns([...text], width - 1).join('')}…`;
}

/** Breaks at spaces into lines of at most `width` columns; a word longer than a line is cut. */
export function wrap(text: string, width: number): string[] {
  return wrapParts(text.split(' '), ' ', width);
}

/** Breaks a retaining path before its `›` separators. */
export function wrapPath(path: string, width: number): string[] {
  const [first = '', ...rest] = path.split(' › ');
  return wrapParts([first, ...rest.map((step) => `› ${step}`)], ' ', width);
}

/** Fills lines with whole parts joined by `separator`; a part longer than a line is cut. */
export function wrapParts(parts: readonly string[], separator: string, width: number): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const part of parts) {
    const joined: string = line === undefined ? part : `${line}${separator}${part}`;
    if (displayWidth(joined) <= width) {
      line = joined;
      continue;
    }
    if (line !== undefined) lines.push(line.trimEnd());
    line = part;
    while (displayWidth(line) > width) {
      const head = takeColumns([...line], width).join('');
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  if (line !== undefined) lines.push(line);
  return lines;
}

/** `MIN_WIDTH..MAX_WIDTH`: narrower breaks the labels, wider is hard to read. */
export function clampWidth(columns: number | undefined): number {
  if (columns === undefined || !Number.isFinite(columns)) return WIDTH_WITHOUT_TERMINAL;
  return Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, Math.floor(columns)));
}

function takeColumns(characters: readonly string[], columns: number): string[] {
  const taken: string[] = [];
  let width = 0;
  for (const character of characters) {
    width += displayWidth(character);
    if (width > columns) break;
    taken.push(character);
  }
  // A wide character in a single column would take nothing and never end.
  return taken.length === 0 && characters.length > 0 ? [characters[0]!] : taken;
}
