// The text of `leakscope report`: holders first, then types.

import { formatBytes, formatCount } from '../../base/units.ts';
import type { HeapReport } from '../../diagnose/heap-report.ts';
import { wrapParts } from './layout.ts';
import { counted, percent } from './phrases.ts';
import { type Column, renderTable } from './plain-table.ts';
import { renderProblems } from './problems-text.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';
import { snapshotFacts } from './snapshot-line.ts';
import { dotted, renderTarget } from './target-line.ts';

const HOLDER_COLUMNS: readonly Column[] = [
  { title: 'RETAINS', align: 'right' },
  { title: 'SHARE', align: 'right' },
  { title: 'ENTRIES', align: 'right' },
  { title: 'TYPE', align: 'left' },
  { title: 'ADDRESS', align: 'left' },
  { title: 'HELD BY', align: 'left', flexible: true },
];

const TYPE_COLUMNS: readonly Column[] = [
  { title: 'OBJECTS', align: 'right' },
  { title: 'BYTES', align: 'right' },
  { title: 'SHARE', align: 'right' },
  { title: 'RETAINS', align: 'right' },
  { title: 'TYPE', align: 'left', flexible: true },
];

export function renderHeapReport(untrusted: HeapReport, style: RenderStyle): string {
  const report = sanitizeStrings(untrusted);
  const { snapshot, heap } = report;
  const facts = [...snapshotFacts(snapshot), `${counted(heap.objects, 'object')}, ${formatBytes(heap.bytes)}`];
  if (heap.unreachable_objects > 0) {
    facts.push(`${formatCount(heap.unreachable_objects)} unreachable, ${formatBytes(heap.unreachable_bytes)}`);
  }
  const lines = [...renderTarget(snapshot, style), ...wrapParts(dotted(facts), ' ', style.width)];
  const holders = report.holders.map((holder) => [
    formatBytes(holder.retained_bytes),
    percent(holder.retained_share),
    holder.entries === undefined ? '' : formatCount(holder.entries),
    holder.type,
    holder.address,
    holder.path,
  ]);
  if (holders.length > 0) lines.push('', ...renderTable(HOLDER_COLUMNS, holders, style));
  const types = report.types.map((row) => [
    formatCount(row.objects),
    formatBytes(row.bytes),
    percent(row.share),
    formatBytes(row.retained_bytes),
    row.type,
  ]);
  if (types.length > 0) lines.push('', ...renderTable(TYPE_COLUMNS, types, style));
  const problems = renderProblems(report.problems, style);
  if (problems.length > 0) lines.push('', ...problems);
  return `${lines.join('\n')}\n`;
}
