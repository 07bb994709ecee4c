// The text of `leakscope capture`: what was written, how long the process was stopped for it, and what it holds.

import { formatBytes } from '../../base/units.ts';
import type { CaptureReport } from '../../protocol/capture.ts';
import { renderCaptures } from './captures-text.ts';
import { wrap, wrapParts } from './layout.ts';
import { counted } from './phrases.ts';
import { renderProblems } from './problems-text.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';
import { dotted, renderTarget } from './target-line.ts';

const WARNING =
  'it holds the memory as it is, with every value in it, passwords too: guard it like the process itself; a .heap file holds none';

export function renderCapture(untrusted: CaptureReport, style: RenderStyle): string {
  const report = sanitizeStrings(untrusted);
  const { snapshot } = report;
  const facts = [
    `${snapshot.file}  ${formatBytes(report.written_bytes)}, ${formatBytes(report.file_bytes)} with holes`,
    counted(report.threads, 'thread'),
    `process paused ${Math.round(report.pause_ms)} ms`,
  ];
  const lines = [...renderTarget(snapshot, style), ...wrapParts(dotted(facts), ' ', style.width)];
  lines.push(...renderCaptures([report.capture], style), ...wrap(WARNING, style.width));
  lines.push(...renderProblems(report.problems, style));
  return `${lines.join('\n')}\n`;
}
