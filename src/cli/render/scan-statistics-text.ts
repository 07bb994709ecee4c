// How many findings each rule has, most first: where to begin in a project that was never scanned.

import { formatCount } from '../../base/units.ts';
import type { ScanFinding, ScanReport } from '../../protocol/scan.ts';
import { counted } from './phrases.ts';
import { type Column, renderTable } from './plain-table.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';

const COLUMNS: readonly Column[] = [
  { title: 'FINDINGS', align: 'right' },
  { title: 'HIGH', align: 'right' },
  { title: 'FIXES', align: 'right' },
  { title: 'CODE', align: 'left' },
  { title: 'RULE', align: 'left', flexible: true },
  { title: 'CAUSE', align: 'left' },
];

export function renderScanStatistics(untrusted: ScanReport, style: RenderStyle): string {
  const { findings, files, lines } = sanitizeStrings(untrusted);
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  const rows = rules
    .map((rule) => findings.filter((finding) => finding.rule === rule))
    .sort((a, b) => b.length - a.length || (a[0]!.code < b[0]!.code ? -1 : 1))
    .map(statisticsRow);
  const total = `${counted(findings.length, 'leak')} in ${counted(files, 'file')}, ${counted(lines, 'line')}`;
  return `${[total, ...(rows.length === 0 ? [] : ['', ...renderTable(COLUMNS, rows, style)])].join('\n')}\n`;
}

function statisticsRow(findings: readonly ScanFinding[]): readonly string[] {
  const { code, rule, cause } = findings[0]!;
  const count = (wanted: (finding: ScanFinding) => boolean) => formatCount(findings.filter(wanted).length);
  return [
    count(() => true),
    count(({ confidence }) => confidence === 'high'),
    count(({ fix }) => fix !== null),
    code,
    rule,
    cause,
  ];
}
