// The report of one heap as a page of its own: one file that loads nothing, opens offline and explains its words.

import { formatBytes, formatCount } from '../base/units.ts';
import type { HeapReport } from '../diagnose/heap-report.ts';
import { SCRIPT, SCRIPT_DIGEST, STYLE, STYLE_DIGEST } from './html-assets.ts';
import { escapeHtml } from './html-escape.ts';
import type { StackTree } from './stack-tree.ts';
import { treemapSvg } from './treemap.ts';

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${STYLE_DIGEST}'`,
  `script-src 'sha256-${SCRIPT_DIGEST}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

interface Cell {
  readonly text: string;
  /** What the column is sorted by, where that is a number. */
  readonly value?: number;
}

interface Column {
  readonly title: string;
  readonly isNumber: boolean;
}

const number = (title: string): Column => ({ title, isNumber: true });
const name = (title: string): Column => ({ title, isNumber: false });

/** The page in pieces. */
export function* htmlReport(report: HeapReport, tree: StackTree, exporter: string): Generator<string> {
  const { snapshot, heap } = report;
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(`Memory of ${snapshot.app}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeHtml(`Memory of ${snapshot.app}`)}</h1>
<p>${escapeHtml(`${snapshot.python}, process ${snapshot.pid}, read on ${snapshot.taken_at}`)}</p>
<div class="facts">${facts(heap)}</div>
<h2>Who holds the memory</h2>
<p>Each area is memory that would be freed if what it is named after went. What several holders share belongs to none of
them. Point at an area for its size.</p>
${treemapSvg(tree)}
`;
  yield `<h2>Where memory piles up</h2>
<p>The objects to look at first: each of them keeps much alive, and passes it on to many rather than to one. “Retains” is
the memory that would be freed if the object went; the path says how the program reaches it.</p>
${holdersTable(report)}
<h2>What the memory is</h2>
<p>Objects by type. “Own” is the memory of the objects themselves, “retains” what would be freed with all of them.</p>
${typesTable(report)}
`;
  yield `${problemList(report)}<footer>Written by ${escapeHtml(exporter)}. Names of modules, types, functions and variables
are in this file, values are not.</footer>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function facts(heap: HeapReport['heap']): string {
  const shown: [string, string][] = [
    [formatBytes(heap.bytes), 'in Python objects'],
    [formatCount(heap.objects), 'objects'],
    [formatCount(heap.references), 'references'],
    [formatBytes(heap.unreachable_bytes), 'unreachable (garbage)'],
  ];
  return shown.map(([figure, what]) => `<div><b>${figure}</b><span>${what}</span></div>`).join('');
}

function holdersTable({ holders }: HeapReport): string {
  const columns = [number('Retains'), number('Share'), number('Entries'), name('Type'), name('Held by')];
  const rows = holders.map((holder) => [
    bytesCell(holder.retained_bytes),
    shareCell(holder.retained_share),
    holder.entries === undefined ? { text: '', value: -1 } : countCell(holder.entries),
    { text: holder.type },
    { text: holder.path },
  ]);
  return table(columns, rows);
}

function typesTable({ types }: HeapReport): string {
  const columns = [number('Objects'), number('Own'), number('Share'), number('Retains'), name('Type')];
  const rows = types.map((row) => [
    countCell(row.objects),
    bytesCell(row.bytes),
    shareCell(row.share),
    bytesCell(row.retained_bytes),
    { text: row.type },
  ]);
  return table(columns, rows);
}

function problemList({ problems }: HeapReport): string {
  if (problems.length === 0) return '';
  const items = problems.map(({ message, count }) => `<li>${escapeHtml(`${message} (${formatCount(count)})`)}</li>`);
  return `<h2>What could not be read</h2>\n<ul>${items.join('')}</ul>\n`;
}

function table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const heads = columns.map(
    ({ title, isNumber }) => `<th${isNumber ? ' class="number"' : ''}><button>${escapeHtml(title)}</button></th>`,
  );
  const lines = rows.map((cells) => `<tr>${cells.map(drawCell).join('')}</tr>`);
  return `<div class="scroll"><table><thead><tr>${heads.join('')}</tr></thead>
<tbody>${lines.join('\n')}</tbody></table></div>`;
}

function drawCell({ text, value }: Cell): string {
  if (value === undefined) return `<td class="name">${escapeHtml(text)}</td>`;
  return `<td class="number" data-value="${value}">${escapeHtml(text)}</td>`;
}

function bytesCell(bytes: number): Cell {
  return { text: formatBytes(bytes), value: bytes };
}

function countCell(count: number): Cell {
  return { text: formatCount(count), value: count };
}

function shareCell(share: number): Cell {
  return { text: `${(100 * share).toFixed(1)} %`, value: share };
}
