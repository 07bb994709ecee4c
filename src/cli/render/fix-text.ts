// What fix did or would do, as text: how much, the diffs, what is left. Piped into `git apply` or `patch`, only the diffs count.

import type { FixReport } from '../../protocol/fix.ts';
import type { ScanFinding } from '../../protocol/scan.ts';
import { displayWidth, elideEnd } from './layout.ts';
import { counted } from './phrases.ts';
import type { RenderStyle, Role } from './render-style.ts';
import { sanitize, sanitizeStrings } from './sanitize.ts';
import { renderScanProblems } from './scan-text.ts';

export function renderFix(untrusted: FixReport, style: RenderStyle): string {
  const report = sanitizeStrings(untrusted);
  const lines = [...renderOutcome(report, style), ''];
  for (const { diff } of untrusted.files) lines.push(...renderDiff(diff, style), '');
  if (report.remaining.length > 0) {
    lines.push(style.paint('label', `${counted(report.remaining.length, 'leak')} left:`));
    lines.push(...report.remaining.flatMap((finding) => renderRemaining(finding, style)), '');
  }
  lines.push(...renderScanProblems(report.problems, style));
  while (lines[lines.length - 1] === '') lines.pop();
  return `${lines.join('\n')}\n`;
}

function renderOutcome({ files, applied, needs_unsafe, remaining }: FixReport, style: RenderStyle): string[] {
  if (files.length === 0) {
    const text = remaining.length === 0 ? 'nothing to fix' : 'no automatic fix';
    return [style.paint(remaining.length === 0 ? 'healthy' : 'suspect', text)];
  }
  const count = files.reduce((sum, { fixes }) => sum + fixes.length, 0);
  const what = `${counted(count, 'leak')} in ${counted(files.length, 'file')}`;
  const lines = [
    applied
      ? style.paint('healthy', `fixed ${what}`)
      : `would fix ${what}; ${style.paint('name', needs_unsafe ? '--unsafe --apply' : '--apply')} writes it`,
  ];
  for (const { path, fixes } of files) {
    for (const { line, code, rule, title, safety } of fixes) {
      const place = style.paint('place', `${path}:${line}`);
      lines.push(`  ${place}  ${code} ${rule}: ${title}${safety === 'safe' ? '' : ' (unsafe: read it first)'}`);
    }
  }
  return lines;
}

/** Sanitised line by line; tabs and carriage returns stay, or the diff would not apply. */
function renderDiff(diff: string, style: RenderStyle): string[] {
  return diff
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => {
      const role = roleOf(line);
      const text = line.split(/(\t|\r$)/).map((part) => (part === '\t' || part === '\r' ? part : sanitize(part)));
      return role === undefined ? text.join('') : style.paint(role, text.join(''));
    });
}

function roleOf(line: string): Role | undefined {
  if (line.startsWith('--- ') || line.startsWith('+++ ')) return 'name';
  if (line.startsWith('@@')) return 'place';
  if (line.startsWith('+')) return 'healthy';
  return line.startsWith('-') ? 'leak' : undefined;
}

function renderRemaining({ path, line, code, rule, message, fix }: ScanFinding, style: RenderStyle): string[] {
  const place = `${path}:${line}`;
  const room = Math.max(40, style.width - displayWidth(place) - 4);
  const lines = [`  ${style.paint('place', place)}  ${elideEnd(`${code} ${rule}: ${message}`, room)}`];
  if (fix !== null) lines.push(style.paint('faint', `      with --unsafe: ${fix.title}`));
  return lines;
}
