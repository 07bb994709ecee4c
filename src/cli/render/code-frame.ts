// A line of source with the part in question underlined. White space before the line is left off: alone it says nothing.

import type { ScanFinding } from '../../protocol/scan.ts';
import { displayWidth, elideEnd } from './layout.ts';

/** A line of source around what is marked; tabs and all, not yet sanitised. */
export interface MarkedLine {
  readonly before: string;
  readonly marked: string;
  readonly after: string;
}

/** Splits a line at 1-based columns; what goes on in later lines is marked to the line's end. */
export function markLine(
  source: string,
  {
    line,
    column,
    end_line: endLine,
    end_column: endColumn,
  }: Pick<ScanFinding, 'line' | 'column' | 'end_line' | 'end_column'>,
): MarkedLine {
  const start = column - 1;
  const end = endLine > line ? source.length : endColumn - 1;
  return {
    before: spaced(source.slice(0, start).trimStart()),
    marked: spaced(source.slice(start, Math.max(end, start))),
    after: spaced(source.slice(Math.max(end, start))).trimEnd(),
  };
}

/** Share of the width kept of what stands before a mark that would not be seen otherwise. */
const BEFORE_SHARE = 1 / 3;

/** The line and the carets below it, both within `width` columns. Expects sanitised text. */
export function codeFrame(
  { before, marked, after }: MarkedLine,
  width: number,
): readonly [code: string, carets: string] {
  let lead = before;
  if (displayWidth(before + marked + after) > width) {
    const most = Math.floor(width * BEFORE_SHARE);
    const characters = [...before];
    if (displayWidth(before) > most) {
      while (displayWidth(characters.join('')) > most - 1) characters.shift();
      lead = `…${characters.join('')}`;
    }
  }
  const code = elideEnd(lead + marked + after, width);
  const indent = displayWidth(lead);
  const length = Math.max(1, Math.min(displayWidth(marked), width - indent));
  return [code, ' '.repeat(indent) + '^'.repeat(length)];
}

/** A tab would move what follows by as much as the terminal likes. */
function spaced(text: string): string {
  return text.replaceAll('\t', '    ');
}
