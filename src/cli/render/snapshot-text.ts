// The text of `leakscope snapshot`: what was written, and how long the process was stopped for it.

import { formatBytes } from '../../base/units.ts';
import type { SnapshotReport } from '../../protocol/snapshot.ts';
import { renderCaptures } from './captures-text.ts';
import { wrapParts } from './layout.ts';
import { counted } from './phrases.ts';
import { renderProblems } from './problems-text.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';
import { dotted, renderTarget } from './target-line.ts';

export function renderSnapshot(untrusted: SnapshotReport, style: RenderStyle): string {
  const report = sanitizeStrings(untrusted);
  const { snapshot, heap } = report;
  const facts = [
    `${snapshot.file}  ${formatBytes(report.file_bytes)}`,
    `${counted(heap.objects, 'object')}, ${formatBytes(heap.bytes)}`,
    counted(heap.references, 'reference'),
    // A core file was read: no process was stopped for this.
    report.pause_ms === 0 ? '' : `process paused ${Math.round(report.pause_ms)} ms`,
  ];
  const lines = [...renderTarget(snapshot, style), ...wrapParts(dotted(facts), ' ', style.width)];
  if (report.capture !== undefined) lines.push(...renderCaptures([report.capture], style));
  lines.push(...renderProblems(report.problems, style));
  return `${lines.join('\n')}\n`;
}
