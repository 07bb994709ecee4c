// The forms a scan's answer is given in: text for people, the rest for programs.

import { resolve } from 'node:path';
import { replaceFile } from '../base/replaced-file.ts';
import type { ScanReport } from '../protocol/scan.ts';
import { RULES } from '../scan/rules/catalogue.ts';
import type { RenderStyle } from './render/render-style.ts';
import { safeJson } from './render/sanitize.ts';
import { renderAnnotations } from './render/scan-annotations.ts';
import { renderJunit } from './render/scan-junit.ts';
import { renderSarif } from './render/scan-sarif.ts';
import { renderScanStatistics } from './render/scan-statistics-text.ts';
import { renderScan } from './render/scan-text.ts';

export const SCAN_FORMATS = ['text', 'json', 'sarif', 'github', 'junit'] as const;
export type ScanFormat = (typeof SCAN_FORMATS)[number];

export interface FormatOptions {
  readonly style: RenderStyle;
  /** As text, how many of each rule instead of each finding. */
  readonly statistics: boolean;
}

export function formatScan(report: ScanReport, format: ScanFormat, { style, statistics }: FormatOptions): string {
  switch (format) {
    case 'text':
      return statistics ? renderScanStatistics(report, style) : renderScan(report, style);
    case 'json':
      return `${safeJson(report)}\n`;
    case 'sarif':
      return renderSarif(report, RULES, resolve('.'));
    case 'github':
      return renderAnnotations(report);
    case 'junit':
      return renderJunit(report);
  }
}

/** Other programs take it from there. */
const OUTPUT_MODE = 0o644;

export async function writeReport(path: string, text: string): Promise<void> {
  await replaceFile(path, (file) => file.writeFile(text), { mode: OUTPUT_MODE });
}
