// Tables as tab-separated text: a first line of names, then one line per row. Cells hold no tabs and no line ends.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** One object per line, by the names of the first; none where there is no such file. */
export function readTsv(file) {
  if (!existsSync(file)) return [];
  const [names, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n').map(cells);
  return lines.map((line) => Object.fromEntries(names.map((name, at) => [name, line[at] ?? ''])));
}

export function writeTsv(file, names, rows) {
  const lines = rows.map((row) => names.map((name) => clean(row[name] ?? '')).join('\t'));
  writeFileSync(file, `${[names.join('\t'), ...lines].join('\n')}\n`);
}

const cells = (line) => line.split('\t');
const clean = (cell) => String(cell).replaceAll(/\s+/g, ' ');
