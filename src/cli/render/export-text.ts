// The text of `leakscope export`: what was written, and how to open it.

import { formatBytes } from '../../base/units.ts';
import type { ExportReport } from '../../protocol/export.ts';
import { wrapParts } from './layout.ts';
import { counted } from './phrases.ts';
import { renderProblems } from './problems-text.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';
import { dotted, renderTarget } from './target-line.ts';

export function renderExport(untrusted: ExportReport, style: RenderStyle): string {
  const report = sanitizeStrings(untrusted);
  const { heap } = report;
  const facts = [
    `${report.file}  ${formatBytes(report.file_bytes)}`,
    report.table === undefined ? report.format : `${report.format}, ${report.table}`,
    `${counted(heap.objects, 'object')}, ${formatBytes(heap.bytes)}`,
  ];
  const lines = [...renderTarget(report.snapshot, style), ...wrapParts(dotted(facts), ' ', style.width)];
  lines.push(...wrapParts(`open with  ${report.open_with}`.split(' '), ' ', style.width));
  lines.push(...renderProblems(report.problems, style));
  return `${lines.join('\n')}\n`;
}
