// The answer of a scan as it goes out: findings with places, lines of source and fingerprints.

import type { LiveCandidate } from '../diagnose/live-candidates.ts';
import type { ScanFinding } from '../protocol/scan.ts';
import type { Subject } from '../scan/finding.ts';
import type { PlacedFinding } from '../scan/selection.ts';

/** Lines of source by file and number. */
export type QuotedLines = ReadonlyMap<string, Readonly<Record<number, string>>>;

export interface ReportedWith {
  readonly quoted: QuotedLines;
  readonly fingerprint: string;
  /** What a live process shows of it. */
  readonly live: LiveCandidate | undefined;
}

export function reportedFinding(finding: PlacedFinding, { quoted, fingerprint, live }: ReportedWith): ScanFinding {
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
    end_line: range.endLine,
    end_column: range.endColumn,
    message: finding.message,
    remedy: finding.remedy,
    context: finding.context,
    source: lineAt(range.line).trimEnd(),
    fingerprint,
    subject: finding.subject === undefined ? null : reportedSubject(finding.subject),
    evidence: finding.evidence.map(({ range: { line, column }, text }) => ({
      path,
      line,
      column,
      text,
      source: lineAt(line).trim(),
    })),
    fix: fix === undefined ? null : { ...fix, edits: fix.edits.map((edit) => ({ ...edit })) },
    live:
      live === undefined
        ? null
        : {
            state: live.state,
            objects: live.objects,
            entries: live.entries,
            entries_per_minute: live.entriesPerMinute,
            retained_bytes: live.retainedBytes,
            bytes_per_minute: live.bytesPerMinute,
          },
  };
}

function reportedSubject(subject: Subject): ScanFinding['subject'] {
  if (subject.form !== 'class attribute' && subject.form !== 'instance attribute') return subject;
  const { form, module, className, name } = subject;
  return { form, module, class_name: className, name };
}
