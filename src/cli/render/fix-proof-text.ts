// The text of `leakscope fix --prove`: the verdict, then what grew in each of the two runs.

import { formatByteRate, formatCount, formatDuration } from '../../base/units.ts';
import type { FixProof } from '../../protocol/fix-proof.ts';
import { wrap } from './layout.ts';
import { type Column, renderTable } from './plain-table.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';

const COLUMNS: readonly Column[] = [
  { title: 'what grew', align: 'left', flexible: true },
  { title: 'without', align: 'right' },
  { title: 'entries', align: 'right' },
  { title: 'with the fix', align: 'right' },
  { title: 'entries', align: 'right' },
];

const HEADINGS = {
  proved: ['healthy', 'PROVED'],
  'not proved': ['leak', 'NOT PROVED'],
  'not reproduced': ['inconclusive', 'NOT REPRODUCED'],
} as const;

export function renderFixProof(untrusted: FixProof, style: RenderStyle): string {
  const proof = sanitizeStrings(untrusted);
  const [role, word] = HEADINGS[proof.verdict];
  const lines = [`${style.paint(role, word)}  ${proof.summary}`, ''];
  for (const { path, line, rule, title } of proof.fixes)
    lines.push(...wrap(`${path}:${line}  ${rule}: ${title}`, style.width));
  const rows = [
    ...proof.holders.map((holder) => [
      holder.name,
      formatByteRate(holder.bytes_per_minute_before),
      `${formatCount(Math.round(holder.entries_per_minute_before))}/min`,
      formatByteRate(holder.bytes_per_minute_after),
      `${formatCount(Math.round(holder.entries_per_minute_after))}/min`,
    ]),
    [
      'all live objects',
      formatByteRate(proof.before.bytes_per_minute),
      '',
      formatByteRate(proof.after.bytes_per_minute),
      '',
    ],
    [
      'resident memory',
      formatByteRate(proof.before.rss_bytes_per_minute),
      '',
      formatByteRate(proof.after.rss_bytes_per_minute),
      '',
    ],
  ];
  lines.push('', ...renderTable(COLUMNS, rows, style));
  lines.push('', `each run observed for ${formatDuration(proof.seconds)}; the project itself was not changed`);
  return `${lines.join('\n')}\n`;
}
