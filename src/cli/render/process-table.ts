// The text of `leakscope ps`: one line per Python process, the largest first.

import { formatBytes, formatDuration } from '../../base/units.ts';
import type { PsProcess, PsReport } from '../../protocol/ps.ts';
import { wrap } from './layout.ts';
import { counted } from './phrases.ts';
import { type Column, renderTable } from './plain-table.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';

const COLUMNS: readonly Column[] = [
  { title: 'PID', align: 'right' },
  { title: 'RSS', align: 'right' },
  { title: 'UP', align: 'right' },
  { title: 'USER', align: 'left' },
  { title: 'PYTHON', align: 'left' },
  { title: 'APPLICATION', align: 'left', flexible: true },
];

export function renderProcesses(untrusted: PsReport, style: RenderStyle): string {
  const { processes, unreadable_processes } = sanitizeStrings(untrusted);
  const lines =
    processes.length === 0 ? ['No Python process runs here that this user can see.'] : renderRows(processes, style);

  const notes = processes.flatMap(({ pid, note }) => (note === undefined ? [] : [`${pid}: ${note}`]));
  if (unreadable_processes > 0) {
    notes.push(`${counted(unreadable_processes, 'process', 'processes')} of other users could not be looked into`);
  }
  if (notes.length > 0) lines.push('');
  for (const note of notes) {
    const [first = '', ...rest] = wrap(note, style.width - 2);
    lines.push(style.paint('faint', first), ...rest.map((line) => style.paint('faint', `  ${line}`)));
  }
  return `${lines.join('\n')}\n`;
}

function renderRows(processes: readonly PsProcess[], style: RenderStyle): string[] {
  const rows = processes.map((process) => [
    `${process.pid}`,
    formatBytes(process.rss_bytes),
    formatDuration(process.uptime_seconds),
    process.user,
    process.python,
    process.app,
  ]);
  return renderTable(COLUMNS, rows, style);
}
