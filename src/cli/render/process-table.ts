// The text of `leakscope ps`: one line per Python process, the largest first.

import { formatBytes, formatDuration } from '../../base/units.ts';
import type { PsReport } from '../../protocol/ps.ts';
import { wrap } from './layout.ts';
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
  const { processes } = sanitizeStrings(untrusted);
  if (processes.length === 0) return 'No Python process runs here that this user can see.\n';
  const rows = processes.map((process) => [
    `${process.pid}`,
    formatBytes(process.rss_bytes),
    formatDuration(process.uptime_seconds),
    process.user,
    process.python,
    process.app,
  ]);
  const lines = renderTable(COLUMNS, rows, style);

  const notes = processes.filter((process) => process.note !== undefined);
  if (notes.length > 0) lines.push('');
  for (const process of notes) {
    const [first = '', ...rest] = wrap(`${process.pid}: ${process.note}`, style.width);
    lines.push(style.paint('faint', first), ...rest.map((line) => style.paint('faint', `  ${line}`)));
  }
  return `${lines.join('\n')}\n`;
}
