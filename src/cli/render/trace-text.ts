// The text of `leakscope trace`: the line that counts most first, then the table, then what was left out.

import { formatByteRate, formatBytes, formatCount, formatDuration } from '../../base/units.ts';
import type { TraceExport, TraceFilter, TraceFrame, TraceReport, TraceRow } from '../../diagnose/trace-report.ts';
import { renderCaptures } from './captures-text.ts';
import { elideEnd, elideMiddle, wrap, wrapParts } from './layout.ts';
import { counted, signedBytes, signedCount } from './phrases.ts';
import { type Column, renderTable } from './plain-table.ts';
import { renderProblems } from './problems-text.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';
import { dotted, renderTarget } from './target-line.ts';
import { renderHolders, renderNative } from './trace-heap-text.ts';

const NOTE_INDENT = 6;
/** As wide as `open with  `. */
const VALUES_INDENT = 11;
const PLACE_INDENT = '    ';
const FRAME_INDENT = '      ';
/** Of a traceback, the most recent ones, unless --verbose. */
const FRAMES_SHOWN = 6;

export function renderTraceReport(untrusted: TraceReport, style: RenderStyle): string {
  const report = sanitizeStrings(untrusted);
  const lines = [
    ...renderTarget(report.target, style),
    ...wrapParts(dotted(secondLine(report)), ' ', style.width),
    '',
    ...wrap(report.summary, style.width).map((line) => style.paint('name', line)),
    ...report.notes.flatMap((note) => renderNote(note, style)),
  ];
  if (report.rows.length > 0) lines.push('', ...renderRows(report, style));
  lines.push('', ...renderRest(report, style));
  if (report.native !== undefined) lines.push('', ...renderNative(report.native, style));
  if (report.export !== undefined) lines.push('', ...renderWritten(report.export, style));
  lines.push(...renderCaptures(report.captures, style));
  const problems = renderProblems(report.problems, style);
  if (problems.length > 0) lines.push('', ...problems);
  return `${lines.join('\n')}\n`;
}

function secondLine({ traced, frames, observed_seconds, pauses_ms }: TraceReport): string[] {
  return [
    ...(observed_seconds > 0 ? [`2 looks in ${formatDuration(observed_seconds)}`] : []),
    `traced ${formatBytes(traced.bytes)} in ${counted(traced.blocks, 'block')}`,
    ...(traced.peak_bytes === undefined ? [] : [`peak ${formatBytes(traced.peak_bytes)}`]),
    `tracemalloc’s tables ${formatBytes(traced.table_bytes)}`,
    `${counted(frames, 'frame')} kept`,
    `process paused ${pauses_ms.map((ms) => Math.round(ms)).join(', ')} ms`,
  ];
}

function renderNote(note: string, style: RenderStyle): string[] {
  const [first = '', ...rest] = wrap(note, style.width - NOTE_INDENT);
  return [`${style.paint('label', 'note')}  ${first}`, ...rest.map((line) => ' '.repeat(NOTE_INDENT) + line)];
}

/** Each row of figures is followed by its place; a whole file is its own place. */
function renderRows({ rows, by, growth }: TraceReport, style: RenderStyle): string[] {
  const isCompared = growth !== undefined;
  const columns: Column[] = [
    ...(isCompared
      ? ([
          { title: 'GROWTH', align: 'right' },
          { title: 'PER MINUTE', align: 'right' },
        ] as const)
      : []),
    { title: 'SIZE', align: 'right' },
    { title: 'BLOCKS', align: 'right' },
    { title: 'AVERAGE', align: 'right' },
    by === 'file'
      ? { title: 'FILE', align: 'left', flexible: true }
      : { title: 'ALLOCATED BY', align: 'left', flexible: true, elide: 'end' },
  ];
  const cells = rows.map((row) => [...figures(row, isCompared), by === 'file' ? row.file : (row.code ?? '')]);
  const [titles = '', ...lines] = renderTable(columns, cells, style);
  return [
    titles,
    ...lines.flatMap((line, i) => [line, ...renderPlace(rows[i]!, by, style), ...renderHolders(rows[i]!, style)]),
  ];
}

function figures(row: TraceRow, isCompared: boolean): string[] {
  const { bytes, blocks, average_bytes, bytes_diff = 0, blocks_diff = 0, bytes_per_minute = 0 } = row;
  const blockCount = isCompared ? `${formatCount(blocks)} (${signedCount(blocks_diff)})` : formatCount(blocks);
  return [
    ...(isCompared ? [signedBytes(bytes_diff), formatByteRate(bytes_per_minute)] : []),
    formatBytes(bytes),
    blockCount,
    formatBytes(average_bytes),
  ];
}

function renderPlace(row: TraceRow, by: TraceReport['by'], style: RenderStyle): string[] {
  if (by === 'file') return [];
  const place = (frame: TraceFrame, indent: string): string =>
    indent + style.paint('place', elideMiddle(placeOf(frame), style.width - indent.length));
  if (row.frames === undefined) return [place(row, PLACE_INDENT)];
  const shown = style.verbose ? row.frames : row.frames.slice(-FRAMES_SHOWN);
  const left = row.frames.length - shown.length;
  return [
    ...(left === 0
      ? []
      : [`${PLACE_INDENT}${style.paint('faint', `${counted(left, 'older frame')}; --verbose shows all`)}`]),
    ...shown.flatMap((frame, i) => [
      place(frame, PLACE_INDENT),
      // The last frame's text stands beside the figures.
      ...(frame.code === undefined || i === shown.length - 1
        ? []
        : [FRAME_INDENT + elideEnd(frame.code, style.width - FRAME_INDENT.length)]),
    ]),
  ];
}

/** `/srv/shop/users.py:12 in remember`. */
function placeOf({ file, line, function: name }: TraceFrame): string {
  return `${file}:${line}${name === undefined ? '' : ` in ${name}`}`;
}

/** What the rows do not show. */
function renderRest(report: TraceReport, style: RenderStyle): string[] {
  const { other_rows: other, filtered_out: out, filters, growth, by } = report;
  const facts: string[] = [];
  if (other.rows > 0) {
    facts.push(
      `and ${counted(other.rows, `other ${by}`)} with ${formatBytes(other.bytes)}${inBrackets(other.bytes_diff)}`,
    );
  }
  if (out.blocks > 0) {
    const amount = `${formatBytes(out.bytes)} in ${counted(out.blocks, 'block')}${inBrackets(out.bytes_diff)}`;
    facts.push(`left out ${amount}: ${filters.map(filterName).join(', ')}`);
  }
  if (growth !== undefined) {
    const parts = `traced memory ${signedBytes(growth.bytes)}, tracemalloc’s tables ${signedBytes(growth.table_bytes)}`;
    facts.push(`RSS ${signedBytes(growth.rss_bytes)}: ${parts}, neither ${signedBytes(growth.unseen_bytes)}`);
  }
  return facts.flatMap((fact) => wrap(fact, style.width)).map((line) => style.paint('faint', line));
}

function renderWritten(written: TraceExport, style: RenderStyle): string[] {
  const { file, file_bytes, format, stacks, values, open_with } = written;
  const facts = [`${file}  ${formatBytes(file_bytes)}`, format, counted(stacks, 'stack')];
  return [
    ...wrapParts(dotted(facts), ' ', style.width),
    ...wrap(values.join(', '), style.width - VALUES_INDENT).map(
      (line, i) => (i === 0 ? 'gives' : '').padEnd(VALUES_INDENT) + line,
    ),
    ...wrapParts(`open with  ${open_with}`.split(' '), ' ', style.width),
  ];
}

function inBrackets(diff: number | undefined): string {
  return diff === undefined ? '' : ` (${signedBytes(diff)})`;
}

/** What a filter keeps or leaves out; the defaults say so. */
function filterName({ inclusive, pattern, line, all_frames, domain, is_default }: TraceFilter): string {
  const place = pattern === undefined ? '' : `${pattern}${line === undefined ? '' : `:${line}`}`;
  const where = [place, all_frames ? 'in any frame' : '', domain === undefined ? '' : `domain ${domain}`];
  const what = where.filter((part) => part !== '').join(' ');
  if (is_default) return `${what} (by default)`;
  return `${inclusive ? 'all but' : ''} ${what}`.trim();
}
