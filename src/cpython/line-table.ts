// From an instruction's place to its source line: the three table formats of CPython 3.8 to 3.15.
// Formats: Objects/lnotab_notes.txt (3.8, 3.9; 3.10) and Objects/locations.md (3.11 on) of the CPython sources.

/** The instruction has no line of its own (compiler-made code). */
export const NO_LINE = 0;

export type LineTableFormat =
  /** co_lnotab: pairs of byte and line increments (3.8, 3.9). */
  | 'lnotab'
  /** co_linetable of 3.10: pairs of byte and line deltas, -128 for "no line". */
  | 'line-deltas'
  /** co_linetable since 3.11: location entries of variable length. */
  | 'locations';

export function lineTableFormat(minor: number): LineTableFormat {
  if (minor <= 9) return 'lnotab';
  return minor === 10 ? 'line-deltas' : 'locations';
}

/**
 * The line of the instruction at byte `offset` of its code, or NO_LINE. A negative offset (not started) is the first
 * line. Tables that end early give the last line they reach.
 */
export function lineOfInstruction(
  format: LineTableFormat,
  table: Uint8Array,
  firstLine: number,
  offset: number,
): number {
  if (offset < 0) return firstLine;
  switch (format) {
    case 'lnotab':
      return lineFromLnotab(table, firstLine, offset);
    case 'line-deltas':
      return lineFromDeltas(table, firstLine, offset);
    case 'locations':
      return lineFromLocations(table, firstLine, offset);
  }
}

function lineFromLnotab(table: Uint8Array, firstLine: number, offset: number): number {
  let line = firstLine;
  let address = 0;
  for (let i = 0; i + 1 < table.length; i += 2) {
    address += table[i]!;
    if (address > offset) break;
    line += signedByte(table[i + 1]!);
  }
  return line;
}

function lineFromDeltas(table: Uint8Array, firstLine: number, offset: number): number {
  const noLine = -128;
  let line = firstLine;
  let end = 0;
  for (let i = 0; i + 1 < table.length; i += 2) {
    end += table[i]!;
    const delta = signedByte(table[i + 1]!);
    if (delta !== noLine) line += delta;
    if (end > offset) return delta === noLine ? NO_LINE : line;
  }
  return line;
}

const CODE_UNIT_BYTES = 2;
/** Kinds of location entries; 0 to 9 are short forms (same line), 10 to 12 advance 0 to 2 lines. */
const ONE_LINE = 10;
const NO_COLUMNS = 13;
const LONG = 14;
const NO_LOCATION = 15;

function lineFromLocations(table: Uint8Array, firstLine: number, offset: number): number {
  let line = firstLine;
  let end = 0;
  let i = 0;
  while (i < table.length) {
    const first = table[i++]!;
    const kind = (first >>> 3) & 15;
    end += ((first & 7) + 1) * CODE_UNIT_BYTES;
    if (kind === LONG || kind === NO_COLUMNS) line += signedVarint(table, i);
    else if (kind >= ONE_LINE && kind < NO_COLUMNS) line += kind - ONE_LINE;
    if (end > offset) return kind === NO_LOCATION ? NO_LINE : line;
    // Only first bytes of entries have the top bit set.
    while (i < table.length && table[i]! < 0x80) i++;
  }
  return line;
}

/** 6 bits a byte, least significant first, bit 6 set on all but the last; the sign is the lowest bit. */
function signedVarint(table: Uint8Array, start: number): number {
  let value = 0;
  let shift = 0;
  for (let i = start; i < table.length && shift < 30; i++) {
    const byte = table[i]!;
    value |= (byte & 63) << shift;
    shift += 6;
    if ((byte & 64) === 0) break;
  }
  return (value & 1) !== 0 ? -(value >>> 1) : value >>> 1;
}

function signedByte(byte: number): number {
  return (byte << 24) >> 24;
}
