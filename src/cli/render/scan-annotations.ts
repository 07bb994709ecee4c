// A scan as workflow commands of GitHub Actions: each finding becomes a note on its line of the pull request.

import type { ScanFinding, ScanReport } from '../../protocol/scan.ts';
import { sanitizeStrings } from './sanitize.ts';

export function renderAnnotations(untrusted: ScanReport): string {
  const report = sanitizeStrings(untrusted);
  const problems = report.problems.map(({ path, line, message }) =>
    command('notice', { file: path, ...(line === null ? {} : { line }), title: 'leakscope' }, message),
  );
  return [...report.findings.map(annotation), ...problems].map((line) => `${line}\n`).join('');
}

function annotation({
  confidence,
  path,
  line,
  column,
  end_line: endLine,
  end_column: endColumn,
  code,
  rule,
  message,
  remedy,
}: ScanFinding): string {
  // A column beside another line would be taken as of the first.
  const columns = endLine === line ? { col: column, endColumn } : {};
  const place = { file: path, line, endLine, ...columns, title: `${code} ${rule}` };
  return command(confidence === 'high' ? 'error' : 'warning', place, `${message}. Instead: ${remedy}.`);
}

function command(name: string, properties: Readonly<Record<string, string | number>>, message: string): string {
  const list = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(String(value))}`);
  return `::${name} ${list.join(',')}::${escapeData(message)}`;
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
