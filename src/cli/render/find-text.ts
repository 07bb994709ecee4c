// The text of a find report: verdict first, then who holds the memory and which lines grow it.
// Prints what the report says and judges nothing.

import { formatByteRate, formatBytes, formatCount, formatDuration } from '../../base/units.ts';
import type { Finding, FindReport, FindScan, FindSite, SiteBasis, Verdict } from '../../diagnose/find-report.ts';
import { renderAllocations } from './allocations-text.ts';
import { renderCaptures } from './captures-text.ts';
import { displayWidth, elideEnd, elideMiddle, padEnd, wrap, wrapParts, wrapPath } from './layout.ts';
import { counted, countRate, percent, roughDuration, signedCount } from './phrases.ts';
import { renderProblems } from './problems-text.ts';
import type { RenderStyle, Role } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';
import { dotted, renderTarget } from './target-line.ts';

/** Shown without --verbose; the rest is counted. */
const FINDINGS_SHOWN = 5;
const SITES_SHOWN = 3;
const SHRINKS_SHOWN = 2;
const OTHER_PATHS_SHOWN = 2;
const TYPES_SHOWN = 3;

/** Columns before a finding's text: `1  held by    `. */
const INDENT = 3;
const LABEL_WIDTH = 11;
const BODY = INDENT + LABEL_WIDTH;

const SITE_LABELS: Readonly<Record<SiteBasis, string>> = {
  'writes holder': 'grows at',
  'calls writer': 'called at',
  creates: 'made at',
  running: 'running at',
};

const HEADLINES: Readonly<Record<Verdict, string>> = {
  leak: 'LEAK',
  suspect: 'SUSPECT',
  healthy: 'HEALTHY',
  inconclusive: 'COULD NOT TELL',
};

const WHAT_HELPS = 'What helps: observe longer (--for 10m), or while the program has work to do.';

/** The whole report, ending in a line break. */
export function renderFindReport(untrusted: FindReport, style: RenderStyle): string {
  const report = sanitizeStrings(untrusted);
  const lines = [...renderTarget(report.target, style), ...renderObservation(report, style), ''];
  lines.push(...renderHeadline(report, style), '');

  const shown = style.verbose ? report.findings : report.findings.slice(0, FINDINGS_SHOWN);
  for (const finding of shown) lines.push(...renderFinding(finding, report, style), '');
  const hidden = report.findings.length - shown.length;
  if (hidden > 0) lines.push(style.paint('faint', `${counted(hidden, 'more finding')}; --verbose shows all`), '');

  lines.push(...renderNotLeaking(report, style));
  lines.push(...renderProblems(report.problems, style));
  while (lines[lines.length - 1] === '') lines.pop();
  return `${lines.join('\n')}\n`;
}

function renderObservation(report: FindReport, style: RenderStyle): string[] {
  const facts = [];
  if (report.pauses_ms.length > 0) {
    facts.push(`${counted(report.pauses_ms.length, 'snapshot')} in ${observation(report.observed_seconds)}`);
    facts.push(`process paused ${report.pauses_ms.map((ms) => Math.round(ms)).join(', ')} ms`);
  }
  if (report.heap.objects > 0) {
    facts.push(`${counted(report.heap.objects, 'object')}, ${formatBytes(report.heap.bytes)}`);
  }
  const lines = wrapParts(dotted(facts), ' ', style.width).map((line) => style.paint('faint', line));
  return [...lines, ...renderCaptures(report.captures, style)];
}

/** Seconds up to two minutes, as they are given to `--for`. */
function observation(seconds: number): string {
  return seconds < 120 ? `${Math.round(seconds)} s` : formatDuration(seconds);
}

function renderHeadline(report: FindReport, style: RenderStyle): string[] {
  const { verdict, growth, target } = report;
  const word = HEADLINES[verdict];
  const facts = [];
  if (verdict === 'leak' || verdict === 'suspect') {
    if (growth.bytes_per_minute !== 0) facts.push(formatByteRate(growth.bytes_per_minute));
    if (Math.abs(growth.objects_per_minute) >= 1) facts.push(`${signedCount(growth.objects_per_minute)} objects/min`);
    if (growth.seconds_to_limit !== undefined) {
      const goal =
        target.memory_limit_bytes === undefined
          ? 'fills the free memory'
          : `reaches its ${formatBytes(target.memory_limit_bytes)} limit`;
      facts.push(`${goal} in about ${roughDuration(growth.seconds_to_limit)}`);
    }
  }
  const room = style.width - displayWidth(word) - 2;
  const [first = '', ...rest] = facts.length === 0 ? wrap(report.summary, room) : wrapParts(dotted(facts), ' ', room);
  const lines = [`${style.paint(verdict, word)}  ${first}`];
  lines.push(...rest.map((line) => `${' '.repeat(displayWidth(word) + 2)}${line}`));
  if (facts.length > 0) lines.push(...wrap(report.summary, style.width));
  if (verdict === 'inconclusive') lines.push(...wrap(WHAT_HELPS, style.width));
  return lines;
}

function renderFinding(finding: Finding, report: FindReport, style: RenderStyle): string[] {
  const { holder, growth } = finding;
  const lines = renderFindingHeading(finding, report, style);
  if (holder.path !== '') lines.push(...row('held by', wrapPath(holder.path, style.width - BODY), style));
  const others = style.verbose ? finding.other_paths : finding.other_paths.slice(0, OTHER_PATHS_SHOWN);
  for (const path of others) lines.push(...row('also by', wrapPath(path, style.width - BODY), style));

  const kind = `${finding.kind}, ${finding.confidence} confidence`;
  lines.push(...row('what', wrap(kind, style.width - BODY), style));
  const types = growth.types.slice(0, style.verbose ? undefined : TYPES_SHOWN);
  const grows = types.map((type) => {
    const each = type.objects_per_minute > 0 ? type.bytes_per_minute / type.objects_per_minute : 0;
    const size = each >= 1 ? `, ${formatBytes(each)} each` : '';
    return `${type.type} ${countRate(type.objects_per_minute)}${size}`;
  });
  if (grows.length > 0) lines.push(...row('grows', wrapParts(dotted(grows), ' ', style.width - BODY), style));

  lines.push(...renderSites(finding.sites, (site) => SITE_LABELS[site.basis], SITES_SHOWN, style));
  lines.push(...renderSites(finding.shrinks, () => 'shrinks at', SHRINKS_SHOWN, style));
  if (finding.allocations !== undefined) lines.push(...renderAllocations(finding.allocations, row, style));
  if (finding.because.length > 0) {
    lines.push(...row('because', wrap(finding.because.join('; '), style.width - BODY), style));
  }
  if (finding.advice !== '') lines.push(...row('fix', wrap(finding.advice, style.width - BODY), style));
  if (finding.scan !== undefined) lines.push(...renderScan(finding.scan, style));
  return lines;
}

/** What the scan says of the line, and the command that edits it. */
function renderScan({ rule, file, line, message, fix }: FindScan, style: RenderStyle): string[] {
  const lines = row('rule', wrap(`${rule}: ${message}`, style.width - BODY), style);
  if (fix !== undefined)
    lines.push(...row('', [`leakscope fix ${file}:${line}`, ...wrap(fix.title, style.width - BODY)], style));
  return lines;
}

function renderFindingHeading(finding: Finding, report: FindReport, style: RenderStyle): string[] {
  const { holder, growth } = finding;
  const facts = [holder.type];
  if (holder.entries !== undefined) {
    const bound = holder.bound === undefined ? '' : ` of at most ${formatCount(holder.bound)}`;
    const counts = finding.kind.startsWith('lost references')
      ? counted(holder.entries, 'reference')
      : counted(holder.entries, 'entry', 'entries');
    facts.push(`${counts}${bound}`);
  }
  if (growth.entries_per_minute !== 0) facts.push(countRate(growth.entries_per_minute));
  else if (growth.bytes_per_minute !== 0) facts.push(formatByteRate(growth.bytes_per_minute));
  if (holder.retained_bytes !== undefined && holder.retained_bytes > 0) {
    const share = holder.retained_share === undefined ? '' : ` (${percent(holder.retained_share)})`;
    // Retaining less than it gained meanwhile, it shares what it holds: the small figure alone would mislead.
    const gained = (growth.bytes_per_minute * report.observed_seconds) / 60;
    const shared = holder.retained_bytes < gained / 2 ? ' alone, the rest with others' : '';
    facts.push(`retains ${formatBytes(holder.retained_bytes)}${share}${shared}`);
  }
  // A finding weaker than the report's verdict says so itself.
  if (finding.verdict !== report.verdict) facts.push(finding.verdict);

  const rank = padEnd(`${finding.rank}`, INDENT - 1);
  const name = elideMiddle(holder.name, style.width - INDENT);
  const room = style.width - INDENT - displayWidth(name) - 2;
  const details = wrapParts(dotted(facts), ' ', style.width - INDENT);
  const heading = `${style.paint('name', rank)} ${style.paint('name', name)}`;
  const onOneLine = dotted(facts).join(' ');
  if (displayWidth(onOneLine) <= room) return [`${heading}  ${onOneLine}`];
  return [heading, ...details.map((line) => `${' '.repeat(INDENT)}${line}`)];
}

/** One row per line of source, its columns aligned: place, code, function. */
function renderSites(
  sites: readonly FindSite[],
  label: (site: FindSite) => string,
  limit: number,
  style: RenderStyle,
): string[] {
  const shown = style.verbose ? sites : sites.slice(0, limit);
  const placeWidth = Math.max(0, ...shown.map((site) => displayWidth(place(site))));
  const lines = [];
  for (const site of shown) lines.push(...renderSite(site, label(site), placeWidth, style));
  if (sites.length > shown.length) {
    const more = `and ${counted(sites.length - shown.length, 'more place')}`;
    lines.push(...row('', [style.paint('faint', more)], style));
  }
  return lines;
}

function renderSite(site: FindSite, label: string, placeWidth: number, style: RenderStyle): string[] {
  const room = style.width - BODY;
  const tail = `in ${site.function}${site.source_changed === true ? ' (file changed since the process started)' : ''}`;
  const code = site.code_excerpt_allowed && site.code !== undefined ? site.code.trim() : '';
  const columns = [code, tail].filter((text) => text !== '').join('   ');
  if (placeWidth + 3 + displayWidth(columns) <= room) {
    const gap = ' '.repeat(placeWidth - displayWidth(place(site)) + 3);
    return row(label, [`${style.paint('place', place(site))}${gap}${columns}`], style);
  }
  // A place is for copying, so it is neither elided nor broken; what does not fit beside it goes below.
  const below = displayWidth(columns) <= room ? [columns] : [elideEnd(code, room), ...wrap(tail, room)];
  return row(label, [style.paint('place', place(site)), ...below.filter((line) => line !== '')], style);
}

function place(site: FindSite): string {
  return `${site.file}:${site.line}`;
}

function row(label: string, lines: readonly string[], style: RenderStyle): string[] {
  const [first = '', ...rest] = lines;
  const role: Role = label === 'fix' ? 'name' : 'label';
  const head = `${' '.repeat(INDENT)}${style.paint(role, padEnd(label, LABEL_WIDTH - 1))} ${first}`;
  return [head.trimEnd(), ...rest.map((line) => `${' '.repeat(BODY)}${line}`)];
}

function renderNotLeaking(report: FindReport, style: RenderStyle): string[] {
  const facts = [...report.not_leaking];
  if (facts.length === 0) return [];
  const label = report.verdict === 'healthy' ? 'checked:' : 'not leaking:';
  const [first = '', ...rest] = wrapParts(dotted(facts), ' ', style.width - label.length - 1);
  const indent = ' '.repeat(label.length + 1);
  return [`${style.paint('label', label)} ${first}`, ...rest.map((line) => `${indent}${line}`)];
}
