// What a scan found, as text: how much of what first, then each finding with its line of source, its evidence and what to do.

import { formatByteRate, formatBytes, formatCount } from '../../base/units.ts';
import type { ScanFinding, ScanProblem, ScanReport } from '../../protocol/scan.ts';
import { codeFrame, type MarkedLine, markLine } from './code-frame.ts';
import { displayWidth, elideEnd, padEnd, wrap, wrapParts } from './layout.ts';
import { counted, countRate } from './phrases.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';
import { dotted } from './target-line.ts';

/** Shown without --verbose; the rest is counted. */
const PROBLEMS_SHOWN = 5;
const EVIDENCE_SHOWN = 4;

const INDENT = 4;
const LABEL_WIDTH = 9;

/** Plurals of the causes, for counting. */
const CAUSES: Readonly<Record<ScanFinding['cause'], string>> = {
  'global state': 'global state',
  'unbounded cache': 'unbounded caches',
  'circular reference': 'circular references',
  'open resource': 'open resources',
  'long-running process': 'long-running processes',
};

/** A finding with its line already cut at the mark: sanitising changes lengths. */
interface ShownFinding {
  readonly finding: ScanFinding;
  readonly marked: MarkedLine;
}

export function renderScan(untrusted: ScanReport, style: RenderStyle): string {
  const report = sanitizeStrings(untrusted);
  const lines = [renderHeadline(report, style), ''];
  for (const shown of shownFindings(untrusted.findings)) lines.push(...renderFinding(shown, style), '');
  if (report.inventory.length > 0) {
    lines.push(style.paint('label', `inventory: ${counted(report.inventory.length, 'container')} that can grow`));
    lines.push(...report.inventory.map((finding) => renderInventoryLine(finding, style)), '');
  }
  lines.push(...renderHidden(report, style), ...renderScanProblems(report.problems, style));
  while (lines[lines.length - 1] === '') lines.pop();
  return `${lines.join('\n')}\n`;
}

/** `3 leaks in 812 files: 2 unbounded caches, 1 open resource`. */
function renderHeadline({ findings, files, lines }: ScanReport, style: RenderStyle): string {
  const where = `${counted(files, 'file')}, ${counted(lines, 'line')}`;
  if (findings.length === 0) return `${style.paint('healthy', 'no leak found')} in ${where}`;
  const byCause = new Map<ScanFinding['cause'], number>();
  for (const { cause } of findings) byCause.set(cause, (byCause.get(cause) ?? 0) + 1);
  const parts = [...byCause]
    .sort((a, b) => b[1] - a[1])
    .map(([cause, count]) => `${formatCount(count)} ${count === 1 ? cause : CAUSES[cause]}`);
  const role = findings.some(({ confidence }) => confidence === 'high') ? 'leak' : 'suspect';
  return `${style.paint(role, counted(findings.length, 'leak'))} in ${where}: ${parts.join(', ')}`;
}

function shownFindings(findings: readonly ScanFinding[]): readonly ShownFinding[] {
  return findings.map((finding) => sanitizeStrings({ finding, marked: markLine(finding.source, finding) }));
}

function renderFinding({ finding, marked }: ShownFinding, style: RenderStyle): string[] {
  const { path, line, column, code, rule, confidence, message } = finding;
  const gutter = Math.max(String(line).length, ...finding.evidence.map((each) => String(each.line).length));
  const room = style.width - INDENT;
  const head = [style.paint('place', `${path}:${line}:${column}`), `${code} ${rule}, ${confidence}`];
  const [source, carets] = codeFrame(marked, style.width - gutter - INDENT);
  const role = confidence === 'high' ? 'leak' : 'suspect';
  return [
    head.join('  '),
    ...wrap(message, style.width - 2).map((text) => `  ${style.paint('name', text)}`),
    frameLine(String(line), source, gutter, style),
    frameLine('', style.paint(role, carets), gutter, style),
    ...renderEvidence(finding, gutter, style),
    ...renderLive(finding, style),
    ...row('instead', wrap(finding.remedy, room - LABEL_WIDTH), style),
    ...renderFix(finding, room - LABEL_WIDTH, style),
  ];
}

/** What the process shows of it, where it was watched. */
function renderLive({ live }: ScanFinding, style: RenderStyle): string[] {
  if (live === null) return [];
  const entries = counted(live.entries, 'entry', 'entries');
  switch (live.state) {
    case 'growing': {
      const rates = [`${countRate(live.entries_per_minute)}`, formatByteRate(live.bytes_per_minute)];
      const parts = dotted([`${style.paint('leak', 'grows')}: ${entries}`, ...rates]);
      return row('live', [`${parts.join(' ')}, retains ${formatBytes(live.retained_bytes)}`], style);
    }
    case 'still':
      return row('live', [`${style.paint('healthy', 'does not grow')}: ${entries}`], style);
    case 'unseen':
      return row('live', ['the process has no such object'], style);
  }
}

function frameLine(number: string, text: string, gutter: number, style: RenderStyle): string {
  return `  ${style.paint('faint', `${number.padStart(gutter)} │`)} ${text}`.trimEnd();
}

/** Other lines of the case under the first, each with what it has to do with it. */
function renderEvidence({ path, evidence }: ScanFinding, gutter: number, style: RenderStyle): string[] {
  const shown = style.verbose ? evidence : evidence.slice(0, EVIDENCE_SHOWN);
  const room = style.width - gutter - INDENT;
  const lines = shown.map((each) => {
    const where = each.path === path ? '' : ` (${each.path})`;
    const note = `← ${each.text}${where}`;
    const code = elideEnd(each.source, Math.max(20, room - displayWidth(note) - 2));
    return frameLine(String(each.line), `${code}  ${style.paint('faint', note)}`, gutter, style);
  });
  const more = evidence.length - shown.length;
  return more > 0
    ? [...lines, frameLine('', style.paint('faint', `and ${counted(more, 'more line')}`), gutter, style)]
    : lines;
}

function renderFix({ fix, path, line }: ScanFinding, room: number, style: RenderStyle): string[] {
  if (fix === null) return [];
  const consent = fix.safety === 'safe' ? '' : ' --unsafe';
  // For copying, so it is not broken.
  const command = `leakscope fix ${shellWord(`${path}:${line}`)}${consent}`;
  const parts = [command, `(${fix.title})`];
  if (displayWidth(parts.join('  ')) <= room) return row('fix', [parts.join('  ')], style);
  return row('fix', [command, ...wrap(parts[1]!, room)], style);
}

/** Quoted where a shell would take it for something else. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function row(label: string, lines: readonly string[], style: RenderStyle): string[] {
  return lines.map(
    (line, i) =>
      ' '.repeat(INDENT) +
      (i === 0 ? style.paint('label', padEnd(label, LABEL_WIDTH)) : ' '.repeat(LABEL_WIDTH)) +
      line,
  );
}

function renderInventoryLine({ path, line, code, message }: ScanFinding, style: RenderStyle): string {
  const head = `  ${path}:${line}  `;
  return `  ${style.paint('place', `${path}:${line}`)}  ${elideEnd(`${code} ${message}`, Math.max(20, style.width - displayWidth(head)))}`;
}

/** What is not shown and how to see it. */
function renderHidden({ hidden, inventory }: ScanReport, style: RenderStyle): string[] {
  const less = hidden.low - inventory.length;
  const parts = [
    less > 0 ? `${formatCount(less)} less sure (--confidence low)` : '',
    hidden.suppressed > 0 ? `${formatCount(hidden.suppressed)} silenced by comments` : '',
    hidden.baseline > 0 ? `${formatCount(hidden.baseline)} in the baseline` : '',
  ].filter((part) => part !== '');
  if (parts.length === 0) return [];
  return wrapParts(dotted(parts), ' ', style.width - 11).map((line, i) =>
    style.paint('faint', `${i === 0 ? 'not shown: ' : '           '}${line}`),
  );
}

/** Files that could not be read, or not wholly. Expects sanitised text. */
export function renderScanProblems(problems: readonly ScanProblem[], style: RenderStyle): string[] {
  const shown = style.verbose ? problems : problems.slice(0, PROBLEMS_SHOWN);
  const lines = shown.map(({ path, line, message }) =>
    style.paint('faint', `${line === null ? path : `${path}:${line}`}: ${message}`),
  );
  const more = problems.length - shown.length;
  if (more > 0) lines.push(style.paint('faint', `${counted(more, 'more problem')}; --verbose lists them`));
  return lines.length === 0 ? [] : [style.paint('label', 'problems:'), ...lines.map((line) => `  ${line}`)];
}
