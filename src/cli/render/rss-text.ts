// The text of `leakscope rss`: the conclusion first, then the parts, then whose the live memory is.

import { formatByteRate, formatBytes, formatCount, formatDuration } from '../../base/units.ts';
import { candidatesInWords } from '../../diagnose/extension-candidates.ts';
import type { RssPartRow, RssReport } from '../../diagnose/rss-report.ts';
import { renderCaptures } from './captures-text.ts';
import { renderReferences } from './garbage-text.ts';
import { padEnd, wrap, wrapParts } from './layout.ts';
import { renderArenaMap, renderSizeClasses } from './memory-map-text.ts';
import { counted, percent } from './phrases.ts';
import { type Column, renderTable } from './plain-table.ts';
import { renderProblems } from './problems-text.ts';
import type { RenderStyle } from './render-style.ts';
import { renderResourceSummary, renderResources } from './resources-text.ts';
import { sanitizeStrings } from './sanitize.ts';
import { dotted, renderTarget } from './target-line.ts';

export interface RssTextOptions {
  /** Also draw the arenas. */
  readonly map: boolean;
}

/** Parts below this share go into one line, unless --verbose. */
const SMALL_SHARE = 0.002;
const PINS_SHOWN = 3;
const BAR_WIDTH = 12;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

export function renderRssReport(untrusted: RssReport, style: RenderStyle, options: RssTextOptions): string {
  const report = sanitizeStrings(untrusted);
  const lines = [
    ...renderTarget({ ...report.target, rss_bytes: report.rss_bytes }, style),
    ...wrapParts(dotted(secondLine(report)), ' ', style.width),
    '',
    ...renderConclusion(report, style),
    '',
    ...renderParts(report, style),
  ];
  if (report.owners.length > 0) lines.push('', ...renderOwners(report, style));
  lines.push(...renderPins(report, style));
  lines.push(...(style.verbose ? renderSections(report, style) : renderNoticed(report, style)));
  if (style.verbose) lines.push(...renderMallocArenas(report, style), ...renderUnexplained(report, style));
  if (options.map || style.verbose) lines.push('', ...renderSizeClasses(report.fragmentation, style));
  if (options.map) lines.push('', ...renderArenaMap(report.fragmentation, style));
  lines.push(...renderCaptures(report.captures, style));
  const problems = renderProblems(report.problems, style);
  if (problems.length > 0) lines.push('', ...problems);
  return `${lines.join('\n')}\n`;
}

function secondLine(report: RssReport): string[] {
  const pauses = report.pauses_ms.map((ms) => Math.round(ms)).join(', ');
  return [
    ...(report.target.file === undefined ? [] : [report.target.file]),
    ...(report.observed_seconds > 0
      ? [`${counted(report.pauses_ms.length, 'look')} in ${formatDuration(report.observed_seconds)}`]
      : []),
    `PSS ${formatBytes(report.pss_bytes)}`,
    `USS ${formatBytes(report.uss_bytes)}`,
    ...(report.swap_bytes > 0 ? [`swapped ${formatBytes(report.swap_bytes)}`] : []),
    ...(report.growth === undefined ? [] : [`RSS ${formatByteRate(report.growth.rss_bytes_per_minute)}`]),
    ...(report.pauses_ms.length === 0 ? [] : [`process paused ${pauses} ms`]),
  ];
}

function renderConclusion({ conclusion }: RssReport, style: RenderStyle): string[] {
  const lines = wrap(conclusion.text, style.width).map((line) => style.paint('name', line));
  if (conclusion.remedy !== '') {
    const [first = '', ...rest] = wrap(conclusion.remedy, style.width - 6);
    lines.push(`${style.paint('label', 'fix')}   ${first}`, ...rest.map((line) => `      ${line}`));
  }
  for (const note of conclusion.notes) {
    const [first = '', ...rest] = wrap(note, style.width - 6);
    lines.push(`${style.paint('label', 'note')}  ${first}`, ...rest.map((line) => `      ${line}`));
  }
  return lines;
}

function renderParts(report: RssReport, style: RenderStyle): string[] {
  const grows = report.growth !== undefined;
  const columns: Column[] = [
    { title: 'RESIDENT', align: 'right' },
    { title: 'SHARE', align: 'right' },
    ...(grows ? [{ title: 'GROWTH', align: 'right' } as const] : []),
    { title: '', align: 'left' },
    { title: 'PART', align: 'left' },
    { title: '', align: 'left', flexible: true, elide: 'end' },
  ];
  // The unknown is always said, however small.
  const isShown = (part: RssPartRow): boolean =>
    style.verbose || part.name === 'unknown' || part.share >= SMALL_SHARE || part.bytes_per_minute !== undefined;
  const rows = report.parts
    .filter(isShown)
    .map((part) => [
      formatBytes(part.bytes),
      percent(part.share),
      ...(grows ? [formatByteRate(part.bytes_per_minute ?? 0)] : []),
      bar(part.share),
      part.name,
      partDetail(part),
    ]);
  const small = report.parts.filter((part) => !isShown(part));
  const lines = renderTable(columns, rows, style);
  if (small.length > 0) {
    const bytes = small.reduce((sum, part) => sum + part.bytes, 0);
    lines.push(style.paint('faint', `and ${formatBytes(bytes)} in ${counted(small.length, 'smaller part')}`));
  }
  return lines;
}

function partDetail(part: RssPartRow): string {
  const shared = part.shared_bytes >= part.bytes * 0.05 ? `${formatBytes(part.shared_bytes)} shared` : '';
  return [shared, part.detail].filter((text) => text !== '').join('; ');
}

/** A bar of up to BAR_WIDTH columns, drawn in eighths. */
function bar(share: number): string {
  const eighths = Math.round(Math.min(1, share) * BAR_WIDTH * 8);
  return '█'.repeat(eighths >> 3) + EIGHTHS[eighths & 7]!;
}

const OWNER_COLUMNS: readonly Column[] = [
  { title: 'BYTES', align: 'right' },
  { title: 'OBJECTS', align: 'right' },
  { title: 'LIVE OBJECTS AND BUFFERS OF', align: 'left', flexible: true },
];

function renderOwners({ owners }: RssReport, style: RenderStyle): string[] {
  const rows = owners.map((owner) => [formatBytes(owner.bytes), formatCount(owner.objects), owner.path]);
  return renderTable(OWNER_COLUMNS, rows, style);
}

const PIN_COLUMNS: readonly Column[] = [
  { title: 'OBJECTS', align: 'right' },
  { title: 'ARENAS', align: 'right' },
  { title: 'TYPE', align: 'left' },
  { title: 'KEEP NEARLY EMPTY ARENAS, HELD BY', align: 'left', flexible: true },
];
/** Free memory in nearly empty arenas worth a table. */
const NOTED_SPARSE_BYTES = 4 << 20;

function renderPins({ fragmentation }: RssReport, style: RenderStyle): string[] {
  if (fragmentation.sparse_free_bytes < NOTED_SPARSE_BYTES && !style.verbose) return [];
  const rows = fragmentation.pinned_by
    .slice(0, style.verbose ? undefined : PINS_SHOWN)
    .map((pin) => [formatCount(pin.objects), formatCount(pin.arenas), pin.type, pin.held_by]);
  return rows.length === 0 ? [] : ['', ...renderTable(PIN_COLUMNS, rows, style)];
}

/** Garbage worth a line. */
const NOTED_GARBAGE_BYTES = 1 << 20;
/** Lost references that are no structure of the C library that could not be read. */
const NOTED_LOST = 12;
const TYPES_NAMED = 2;
const LABEL_WIDTH = 12;

/** What of the collector, the audit and the kernel's resources is worth a line each. */
function renderNoticed({ collector, garbage, references, resources }: RssReport, style: RenderStyle): string[] {
  const lines: string[] = [];
  const row = (label: string, text: string): void => {
    const [first = '', ...rest] = wrap(text, style.width - LABEL_WIDTH);
    lines.push(`${style.paint('label', padEnd(label, LABEL_WIDTH))}${first}`);
    lines.push(...rest.map((line) => ' '.repeat(LABEL_WIDTH) + line));
  };
  for (const { text } of collector.conclusions) row('collector', text);
  const cluster = garbage.largest[0];
  if (garbage.bytes >= NOTED_GARBAGE_BYTES && cluster !== undefined) {
    const finalizers = cluster.finalizers.length === 0 ? '' : `, with __del__ in ${cluster.finalizers.join(', ')}`;
    const cycle = cluster.cycle === '' ? 'no cycle that was found' : cluster.cycle;
    const all = `${formatBytes(garbage.bytes)} in ${counted(garbage.objects, 'object')}`;
    row('garbage', `${all}; the most are held together by ${cycle}${finalizers}`);
  }
  for (const type of references.types.filter((row) => row.lost_references >= NOTED_LOST).slice(0, TYPES_NAMED)) {
    const candidates = candidatesInWords(type.candidates);
    const by = candidates === undefined ? '' : `; ${candidates}`;
    row(
      'references',
      `${formatCount(type.lost_references)} of ${type.type} objects held by no one that was found${by}`,
    );
  }
  if (resources !== undefined) {
    const [facts = '', ...notes] = renderResourceSummary(resources, style);
    row('resources', facts);
    lines.push(...notes.map((note) => ' '.repeat(LABEL_WIDTH) + note));
  }
  return lines.length === 0 ? [] : ['', ...lines];
}

/** Collector, garbage, audit and resources in full. */
function renderSections(report: RssReport, style: RenderStyle): string[] {
  const { resources } = report;
  const lines = ['', ...renderReferences(report, style).trimEnd().split('\n')];
  if (resources !== undefined) lines.push('', style.paint('label', 'resources'), ...renderResources(resources, style));
  return lines;
}

const ARENA_COLUMNS: readonly Column[] = [
  { title: 'RESIDENT', align: 'right' },
  { title: 'IN USE', align: 'right' },
  { title: 'FREE', align: 'right' },
  { title: 'AT THE END', align: 'right' },
  { title: 'HEAPS', align: 'right' },
  { title: 'ARENA OF MALLOC', align: 'left', flexible: true },
];

function renderMallocArenas({ malloc }: RssReport, style: RenderStyle): string[] {
  const rows = malloc.arenas.map((arena) => [
    formatBytes(arena.resident_bytes),
    formatBytes(arena.live_bytes),
    formatBytes(arena.free_bytes),
    formatBytes(arena.top_bytes),
    formatCount(arena.heaps),
    arena.kind === 'main' ? 'main' : `thread ${arena.address ?? ''}`,
  ]);
  if (rows.length === 0) return [];
  const chunks = `${counted(malloc.mapped_chunks, 'block')} of ${formatBytes(malloc.mapped_bytes)} with mappings of their own`;
  return ['', ...renderTable(ARENA_COLUMNS, rows, style), chunks];
}

const GAP_COLUMNS: readonly Column[] = [
  { title: 'RESIDENT', align: 'right' },
  { title: 'BYTES', align: 'right' },
  { title: 'UNEXPLAINED AT', align: 'left' },
];

function renderUnexplained({ unexplained }: RssReport, style: RenderStyle): string[] {
  const rows = unexplained.map((gap) => [formatBytes(gap.resident_bytes), formatBytes(gap.bytes), gap.address]);
  return rows.length === 0 ? [] : ['', ...renderTable(GAP_COLUMNS, rows, style)];
}
