// The text of `leakscope query`: how much matches, the objects, then their types.

import { formatBytes, formatCount } from '../../base/units.ts';
import type { HeapQuery } from '../../query/query-answer.ts';
import { wrap, wrapParts } from './layout.ts';
import { counted } from './phrases.ts';
import { type Column, renderTable } from './plain-table.ts';
import { renderProblems } from './problems-text.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';
import { snapshotFacts } from './snapshot-line.ts';
import { dotted, renderTarget } from './target-line.ts';

const OBJECT_COLUMNS: readonly Column[] = [
  { title: 'RETAINS', align: 'right' },
  { title: 'SIZE', align: 'right' },
  { title: 'ENTRIES', align: 'right' },
  { title: 'TYPE', align: 'left' },
  { title: 'ADDRESS', align: 'left' },
  { title: 'HELD BY', align: 'left', flexible: true },
];

const TYPE_COLUMNS: readonly Column[] = [
  { title: 'OBJECTS', align: 'right' },
  { title: 'BYTES', align: 'right' },
  { title: 'TYPE', align: 'left', flexible: true },
];

export function renderQuery(untrusted: HeapQuery, style: RenderStyle): string {
  const answer = sanitizeStrings(untrusted);
  const { snapshot } = answer;
  const lines = [
    summary(answer, style),
    ...answer.notes.flatMap((note) => wrap(note, style.width)),
    ...renderTarget(snapshot, style),
    ...wrapParts(dotted(snapshotFacts(snapshot)), ' ', style.width),
  ];
  const objects = answer.matches.map((match) => [
    formatBytes(match.retained_bytes),
    formatBytes(match.bytes),
    match.entries === undefined ? '' : formatCount(match.entries),
    match.name === undefined ? match.type : `${match.type} ${match.name}`,
    match.address,
    match.path === '' ? 'nothing reaches it' : match.path,
  ]);
  if (objects.length > 0) lines.push('', ...renderTable(OBJECT_COLUMNS, objects, style));
  const hidden = answer.objects - answer.matches.length;
  if (hidden > 0) lines.push(style.paint('faint', `and ${counted(hidden, 'more object')}; --top N shows more`));
  // One type is said by the rows above already.
  if (answer.types.length > 1) {
    const types = answer.types.map((row) => [formatCount(row.objects), formatBytes(row.bytes), row.type]);
    lines.push('', ...renderTable(TYPE_COLUMNS, types, style));
    const others = answer.type_count - answer.types.length;
    if (others > 0) lines.push(style.paint('faint', `and ${counted(others, 'more type')}`));
  }
  const problems = renderProblems(answer.problems, style);
  if (problems.length > 0) lines.push('', ...problems);
  return `${lines.join('\n')}\n`;
}

function summary(answer: HeapQuery, style: RenderStyle): string {
  if (answer.objects === 0) return style.paint('name', 'no object matches');
  const verb = answer.objects === 1 ? 'matches' : 'match';
  const together = answer.objects === 1 ? 'retains' : 'together retain';
  const sizes = `${formatBytes(answer.bytes)}, ${together} ${formatBytes(answer.retained_bytes)}`;
  return `${style.paint('name', `${counted(answer.objects, 'object')} ${verb}`)}: ${sizes}`;
}
