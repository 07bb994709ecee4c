// The text of `leakscope gc`: the one thing to know, then the collector, its generations, the next full collection, garbage.

import { formatBytes, formatCount, formatDuration } from '../../base/units.ts';
import type { FullCollectionReport } from '../../diagnose/full-collection.ts';
import type { GcCollection, GcReport, GcWatch } from '../../diagnose/gc-report.ts';
import type { GenerationCensus } from '../../diagnose/generation-census.ts';
import type { TypeAmount } from '../../diagnose/type-sums.ts';
import { renderCaptures } from './captures-text.ts';
import { collectorLines, garbageLines } from './garbage-text.ts';
import { wrap, wrapParts } from './layout.ts';
import { counted, signedBytes, signedCount } from './phrases.ts';
import { renderProblems } from './problems-text.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';
import { dotted, renderTarget } from './target-line.ts';

const INDENT = '  ';
/** Types of a generation in one line, unless --verbose. */
const TYPES_SHOWN = 4;

export function renderGc(untrusted: GcReport, style: RenderStyle): string {
  const report = sanitizeStrings(untrusted);
  const sections = [
    [
      ...renderTarget(report.target, style),
      ...wrap(report.summary, style.width).map((line) => style.paint('name', line)),
    ],
    ...(report.collection === undefined ? [] : [collectionLines(report.collection, style)]),
    collectorLines(report.collector, style),
    ...(report.watch === undefined ? [] : [watchLines(report.watch, style)]),
    [
      style.paint('label', 'what the generations hold'),
      ...report.generations.flatMap((row) => censusLines(row, style)),
    ],
    fullLines(report.full_collection, style),
    garbageLines(report.garbage, style),
  ];
  const pauses = report.pauses_ms.map((ms) => Math.round(ms)).join(', ');
  const lines = sections
    .map((section) => section.join('\n'))
    .join('\n\n')
    .split('\n');
  if (report.pauses_ms.length > 0) lines.push('', style.paint('faint', `process paused ${pauses} ms`));
  lines.push(...renderCaptures(report.captures, style));
  const problems = renderProblems(report.problems, style);
  if (problems.length > 0) lines.push('', ...problems);
  return `${lines.join('\n')}\n`;
}

function collectionLines(collection: GcCollection, style: RenderStyle): string[] {
  const facts = [
    `${style.paint('label', 'collection')}  gc.collect() found ${counted(collection.found, 'unreachable object')}`,
    `RSS ${signedBytes(collection.rss_bytes)}`,
    collection.uncollectable > 0 ? `gc.garbage ${signedCount(collection.uncollectable)}` : '',
    `by the ${collection.by}`,
  ];
  return [
    ...wrapParts(dotted(facts), ' ', style.width),
    ...typeLines('freed', collection.freed, collection.freed.length, style),
  ];
}

function watchLines(watch: GcWatch, style: RenderStyle): string[] {
  const worked = watch.generations.flatMap(({ collections, per_minute, collected }, i) =>
    collections === 0
      ? []
      : [
          `generation ${i}: ${counted(collections, 'collection')} (${perMinute(per_minute)}), ${counted(collected, 'object')} freed`,
        ],
  );
  const facts = worked.length === 0 ? ['no collection'] : worked;
  const garbage = `garbage ${signedCount(watch.garbage_objects)} objects (${signedBytes(watch.garbage_bytes)})`;
  const old = watch.old_objects === undefined ? '' : `oldest generation ${signedCount(watch.old_objects)} objects`;
  const title = style.paint('label', `in ${formatDuration(watch.seconds)}`);
  return [title, ...[...facts, garbage, old].filter((fact) => fact !== '').flatMap((fact) => indented(fact, style))];
}

function perMinute(rate: number): string {
  return `${rate < 10 ? rate.toFixed(1) : formatCount(rate)}/min`;
}

function censusLines(row: GenerationCensus, style: RenderStyle): string[] {
  if (row.generation === 'frozen' && row.objects === 0) return [];
  const name = /^\d$/.test(row.generation) ? `generation ${row.generation}` : row.generation;
  const title = `${name}: ${counted(row.objects, 'object')}, ${formatBytes(row.bytes)}`;
  return typeLines(title, row.types, row.type_count, style);
}

function typeLines(title: string, types: readonly TypeAmount[], count: number, style: RenderStyle): string[] {
  const shown = types.slice(0, style.verbose ? types.length : TYPES_SHOWN);
  const words = shown.map(({ type, objects, bytes }) => `${formatCount(objects)} ${type} (${formatBytes(bytes)})`);
  const hidden = count - shown.length;
  if (hidden > 0) words.push(`${counted(hidden, 'more type')}`);
  return indented(words.length === 0 ? title : `${title}: ${words.join(', ')}`, style);
}

function fullLines(full: FullCollectionReport, style: RenderStyle): string[] {
  const range = `between ${milliseconds(full.least_ms)} and ${milliseconds(full.most_ms)}`;
  const last = full.last_ms === undefined ? '' : `; the last one took ${milliseconds(full.last_ms)}`;
  const facts = [
    `the program stands still ${range} for it: ${counted(full.objects, 'object')}, ${counted(full.references, 'reference')}${last}`,
    `starts ${full.starts}`,
  ];
  return [style.paint('label', 'the next full collection'), ...facts.flatMap((fact) => indented(fact, style))];
}

function milliseconds(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function indented(text: string, style: RenderStyle): string[] {
  const [first = '', ...rest] = wrap(text, style.width - 2 * INDENT.length);
  return [INDENT + first, ...rest.map((line) => INDENT + INDENT + line)];
}
