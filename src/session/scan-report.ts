// The answer of a scan as it goes out: findings with places, lines of source and fingerprints.

import type { ScanFinding } from '../protocol/scan.ts';
import type { PlacedFinding } from '../scan/selection.ts';

/** Lines of source by file and number. */
export type QuotedLines = ReadonlyMap<string, Readonly<Record<number, string>>>;

export function reportedFinding(finding: PlacedFinding, quoted: QuotedLines, fingerprint: string): ScanFinding {
  const { path, range, fix } = finding;
  const lineAt = (line: number) => quoted.get(path)?.[line] ?? '';
  return {
    rule: finding.rule,
    code: finding.code,
    cause: finding.cause,
    confidence: finding.confidence,
    path,
    line: range.line,
    column: range.column,
    endLine: range.endLine,
    endColumn: range.endColumn,
    message: finding.message,
    remedy: finding.remedy,
    context: finding.context,
    source: lineAt(range.line).trimEnd(),
    fingerprint,
    subject: finding.subject ?? null,
    evidence: finding.evidence.map(({ range: { line, column }, text }) => ({
      path,
      line,
      column,
      text,
      source: lineAt(line).trim(),
    })),
    fix: fix === undefined ? null : { ...fix, edits: fix.edits.map((edit) => ({ ...edit })) },
  };
}
