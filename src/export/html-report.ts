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
  /** Of a name: what a phone, which has no room for that column, shows below it. */
  readonly below?: string;
  /** What the column is sorted by, where that is a number. */
  readonly value?: number;
}

interface Column {
  readonly title: string;
  readonly isNumber: boolean;
  /** Left out on a phone. */
  readonly isExtra?: true;
}

const number = (title: string): Column => ({ title, isNumber: true });
const name = (title: string): Column => ({ title, isNumber: false });
const extra = (column: Column): Column => ({ ...column, isExtra: true });

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
<main>
<h1>${escapeHtml(`Memory of ${snapshot.app}`)}</h1>
<p>${escapeHtml(`${snapshot.python}, process ${snapshot.pid}, read on ${dayAndTime(snapshot.taken_at)}`)}</p>
<div class="facts">${facts(heap)}</div>
<h2>Who holds the memory</h2>
<p>Each area is memory that would be freed if what it is named after went. What several holders share belongs to none of
them.</p>
${treemapSvg(tree, 'wide')}
${treemapSvg(tree, 'tall')}
`;
  yield `<h2>Where memory piles up</h2>
<p>The objects to look at first: each of them keeps much alive, and passes it on to many rather than to one. “Retains” is
the memory that would be freed if the object went; the path says how the program reaches it.</p>
${holdersTable(report)}
<h2>What the memory is</h2>
<p>Objects by type. “Own” is the memory of the objects themselves, “retains” what would be freed with all of them.</p>
${typesTable(report)}
`;
  yield `${problemList(report)}</main>
<footer>Written by ${escapeHtml(exporter)}. Names of modules, types, functions and variables
are in this file, values are not.</footer>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** `2026-11-20 08:12:44 UTC` of an ISO 8601 time. */
function dayAndTime(time: string): string {
  return time.replace(/^(\S+)T(\d\d:\d\d:\d\d)\S*Z$/, '$1 $2 UTC');
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
  const columns = [number('Retains'), extra(number('Share')), number('Entries'), extra(name('Type')), name('Held by')];
  const rows = holders.map((holder) => [
    bytesCell(holder.retained_bytes),
    shareCell(holder.retained_share),
    holder.entries === undefined ? { text: '', value: -1 } : countCell(holder.entries),
    { text: holder.type },
    { text: holder.path, below: holder.type },
  ]);
  return table('Where memory piles up', columns, rows);
}

function typesTable({ types }: HeapReport): string {
  const columns = [number('Objects'), number('Own'), extra(number('Share')), number('Retains'), name('Type')];
  const rows = types.map((row) => [
    countCell(row.objects),
    bytesCell(row.bytes),
    shareCell(row.share),
    bytesCell(row.retained_bytes),
    { text: row.type },
  ]);
  return table('What the memory is', columns, rows);
}

function problemList({ problems }: HeapReport): string {
  if (problems.length === 0) return '';
  const items = problems.map(({ message, count }) => `<li>${escapeHtml(`${message} (${formatCount(count)})`)}</li>`);
  return `<h2>What could not be read</h2>\n<ul>${items.join('')}</ul>\n`;
}

function table(title: string, columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const heads = columns.map((column) => `<th${classOf(column, '')}><button>${escapeHtml(column.title)}</button></th>`);
  const lines = rows.map((cells) => `<tr>${cells.map((cell, i) => drawCell(cell, columns[i]!)).join('')}</tr>`);
  // What may scroll can be reached and named without a mouse.
  return `<div class="scroll" role="region" aria-label="${escapeHtml(title)}" tabindex="0"><table>
<thead><tr>${heads.join('')}</tr></thead>
<tbody>${lines.join('\n')}</tbody></table></div>`;
}

function drawCell({ text, value, below }: Cell, column: Column): string {
  if (value !== undefined) return `<td${classOf(column, '')} data-value="${value}">${escapeHtml(text)}</td>`;
  const more = below === undefined ? '' : ` data-below="${escapeHtml(below)}"`;
  return `<td${classOf(column, 'name')}${more}>${escapeHtml(text)}</td>`;
}

function classOf({ isNumber, isExtra }: Column, other: string): string {
  const classes = [isNumber ? 'number' : other, isExtra === true ? 'extra' : ''].filter((name) => name !== '');
  return classes.length === 0 ? '' : ` class="${classes.join(' ')}"`;
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
