// The text of `leakscope diff`: how much it grew, which holders gained, which types.

import { formatByteRate, formatBytes, formatCount, formatDuration } from '../../base/units.ts';
import type { HeapDiff, HolderGrowthRow } from '../../diagnose/heap-diff.ts';
import { wrap, wrapParts } from './layout.ts';
import { counted, signedBytes, signedCount } from './phrases.ts';
import { type Column, renderTable } from './plain-table.ts';
import { renderProblems } from './problems-text.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';
import { takenAt } from './snapshot-line.ts';
import { dotted, renderTarget } from './target-line.ts';

const HOLDER_COLUMNS: readonly Column[] = [
  { title: 'NEW BYTES', align: 'right' },
  { title: 'NEW OBJECTS', align: 'right' },
  { title: 'ENTRIES', align: 'right' },
  { title: 'TYPE', align: 'left' },
  { title: 'HELD BY', align: 'left', flexible: true },
];

const TYPE_COLUMNS: readonly Column[] = [
  { title: 'BYTES', align: 'right' },
  { title: 'NOW', align: 'right' },
  { title: 'OBJECTS', align: 'right' },
  { title: 'NOW', align: 'right' },
  { title: 'TYPE', align: 'left', flexible: true },
];

export function renderHeapDiff(untrusted: HeapDiff, style: RenderStyle): string {
  const diff = sanitizeStrings(untrusted);
  const last = diff.snapshots[diff.snapshots.length - 1]!;
  const files = diff.snapshots.map((snapshot) => `${snapshot.file ?? `pid ${snapshot.pid}`} (${takenAt(snapshot)})`);
  const [oldest = '', ...newer] = files;
  const lines = [
    ...renderTarget(last, style),
    ...wrapParts([oldest, ...newer.map((file) => `→ ${file}`)], ' ', style.width),
    '',
    ...renderGrowth(diff, style),
  ];
  if (!diff.same_process) {
    const note = 'These are different processes: types are compared by name, and objects cannot be followed.';
    lines.push(...wrap(note, style.width));
  }
  const holders = diff.holders.map((holder) => [
    formatBytes(holder.new_bytes),
    formatCount(holder.new_objects),
    entries(holder),
    holder.type,
    holder.path,
  ]);
  if (holders.length > 0) lines.push('', ...renderTable(HOLDER_COLUMNS, holders, style));
  const types = diff.types
    .filter((row) => row.bytes_after !== row.bytes_before || row.objects_after !== row.objects_before)
    .map((row) => [
      signedBytes(row.bytes_after - row.bytes_before),
      formatBytes(row.bytes_after),
      signedCount(row.objects_after - row.objects_before),
      formatCount(row.objects_after),
      row.type,
    ]);
  if (types.length > 0) lines.push('', ...renderTable(TYPE_COLUMNS, types, style));
  const problems = renderProblems(diff.problems, style);
  if (problems.length > 0) lines.push('', ...problems);
  return `${lines.join('\n')}\n`;
}

function renderGrowth(diff: HeapDiff, style: RenderStyle): string[] {
  const { objects, bytes, seconds } = diff.growth;
  const facts = [style.paint('name', signedBytes(bytes)), `${signedCount(objects)} objects`];
  if (seconds > 0) facts.push(`in ${formatDuration(seconds)}`, formatByteRate((bytes * 60) / seconds));
  const lines = [dotted(facts).join(' ')];
  if (diff.same_process) {
    const what = diff.snapshots.length === 3 ? 'came after the first and stayed' : 'are new';
    lines.push(`${counted(diff.new_objects, 'object')}, ${formatBytes(diff.new_bytes)}, ${what}`);
  }
  return lines;
}

function entries({ entries_before: before, entries_after: after }: HolderGrowthRow): string {
  if (before === undefined || after === undefined) return '';
  return before === after ? formatCount(after) : `${formatCount(before)} → ${formatCount(after)}`;
}
