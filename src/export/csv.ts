// Rows as CSV (RFC 4180) that a spreadsheet does not take for formulas.

export type CsvCell = string | number | undefined;

/** The header and one line per row, ended by CR LF. */
export function* csvLines(columns: readonly string[], rows: Iterable<readonly CsvCell[]>): Generator<string> {
  yield csvLine(columns);
  for (const row of rows) yield csvLine(row);
}

/** With one of these at its beginning a spreadsheet may run a cell (OWASP, "CSV Injection"). */
const FORMULA_START = /^[=+\-@\t\r]/;

function csvLine(cells: readonly CsvCell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(cell: CsvCell): string {
  if (typeof cell === 'number') return String(cell);
  const text = cell ?? '';
  const inert = FORMULA_START.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
