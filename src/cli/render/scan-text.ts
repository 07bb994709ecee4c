// What a scan found, as text: each finding with its line of source, its evidence and what to do.

import type { ScanReport } from '../../protocol/scan.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';

export function renderScan(unsafe: ScanReport, _style: RenderStyle): string {
  const report = sanitizeStrings(unsafe);
  const lines = report.findings.map(
    ({ path, line, column, code, message }) => `${path}:${line}:${column}: ${code} ${message}`,
  );
  return `${lines.join('\n')}\n`;
}
