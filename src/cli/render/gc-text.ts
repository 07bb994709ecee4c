// The text of `leakscope gc`: the one thing to know, then the collector, its generations, the next full collection, garbage.

import { formatBytes, formatCount, formatDuration } from '../../base/units.ts';
import type { CollectorReport } from '../../diagnose/collector-report.ts';
import type { FullCollectionReport } from '../../diagnose/full-collection.ts';
import type { GcReport, OtherInterpreter } from '../../diagnose/gc-report.ts';
import type { GcCollection, GcWatch } from '../../diagnose/gc-watch.ts';
import type { GenerationCensus } from '../../diagnose/generation-census.ts';
import type { TypeAmount } from '../../diagnose/type-sums.ts';
import { renderCaptures } from './captures-text.ts';
import { collectorLines, garbageLines } from './garbage-text.ts';
import { wrap, wrapParts } from './layout.ts';
import { counted, countRate, percent, signedBytes, signedCount } from './phrases.ts';
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
    ...(report.collector === undefined ? [] : [collectorLines(report.collector, style)]),
    ...(report.watch === undefined ? [] : [watchLines(report.watch, style)]),
    [
      style.paint('label', 'what the generations hold'),
      ...report.generations.flatMap((row) => censusLines(row, style)),
    ],
    otherLines(report.other_interpreters ?? [], style),
    fullLines(report.full_collection, style),
    garbageLines(report.garbage, style),
    ...(report.collector === undefined ? [] : [adviceLines(report.collector, style)]),
  ].filter((section) => section.length > 0);
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
    `${style.paint('label', 'collection')}  gc.collect() found ${counted(collection.found, 'unreachable object')} in ${milliseconds(collection.ms)}`,
    `RSS ${signedBytes(collection.rss_bytes)}`,
    collection.uncollectable > 0 ? `gc.garbage ${signedCount(collection.uncollectable)}` : '',
    `by the ${collection.by}`,
  ];
  const left =
    collection.left_objects === 0
      ? []
      : indented(`still unreachable: ${counted(collection.left_objects, 'object')}`, style);
  return [
    ...wrapParts(dotted(facts), ' ', style.width),
    ...(collection.freed.length === 0 ? [] : typeLines('freed', collection.freed, collection.freed.length, style)),
    ...left,
  ];
}

function watchLines(watch: GcWatch, style: RenderStyle): string[] {
  const worked = watch.generations.flatMap((row, i) => {
    if (row.collections === 0) return [];
    const each = `${amount(row.collected_per_collection)} by each`;
    const spent = row.spent_ms === undefined ? '' : `, ${milliseconds(row.spent_ms)} in all`;
    return [
      `generation ${i}: ${counted(row.collections, 'collection')} (${perMinute(row.per_minute)})${spent}; ${counted(row.collected, 'object')} freed, ${each}`,
    ];
  });
  const lines = worked.length === 0 ? ['no collection'] : worked;
  const seen = samplesInWords(watch);
  const title = style.paint('label', `in ${formatDuration(watch.seconds)}`);
  return [
    title,
    ...[...lines, ...seen].flatMap((fact) => indented(fact, style)),
    ...typeLines(garbageChange(watch), watch.garbage_gained, watch.garbage_gained.length, style),
    ...(watch.promoted === undefined
      ? []
      : typeLines(oldChange(watch), watch.promoted.types, watch.promoted.types.length, style)),
  ];
}

/** Only what is not as one would think. */
function samplesInWords({ samples, collecting, off }: GcWatch): string[] {
  return [
    ...(collecting > 0 ? [`${percent(collecting / samples)} of ${counted(samples, 'look')} met a collection`] : []),
    ...(off > 0 && off < samples ? [`the collector was off at ${percent(off / samples)} of them: it is switched`] : []),
  ];
}

function garbageChange({ garbage_objects, garbage_bytes, garbage_objects_per_minute }: GcWatch): string {
  const rate = garbage_objects === 0 ? '' : `, ${countRate(garbage_objects_per_minute)}`;
  return `garbage ${signedCount(garbage_objects)} objects (${signedBytes(garbage_bytes)}${rate})`;
}

function oldChange({ old_objects = 0, promoted }: GcWatch): string {
  const came = promoted?.objects ?? 0;
  return `oldest generation ${signedCount(old_objects)} objects, ${formatCount(came)} came into it and stayed`;
}

/** Worst first, each with what to do. */
function adviceLines({ conclusions }: CollectorReport, style: RenderStyle): string[] {
  if (conclusions.length === 0) return [];
  return [
    style.paint('label', 'what to do'),
    ...conclusions.flatMap(({ code, advice }) => indented(`${code}: ${advice}`, style)),
  ];
}

function amount(count: number): string {
  return count < 10 ? count.toFixed(1) : formatCount(count);
}

function perMinute(rate: number): string {
  return `${rate < 10 ? rate.toFixed(1) : formatCount(rate)}/min`;
}

function censusLines(row: GenerationCensus, style: RenderStyle): string[] {
  if (row.generation === 'frozen' && row.objects === 0) return [];
  const name = /^\d$/.test(row.generation) ? `generation ${row.generation}` : NAMES[row.generation];
  const lost = row.garbage_objects === 0 ? '' : `, ${formatCount(row.garbage_objects)} of them garbage`;
  const title = `${name ?? row.generation}: ${counted(row.objects, 'object')}, ${formatBytes(row.bytes)}${lost}`;
  return typeLines(title, row.types, row.type_count, style);
}

const NAMES: Readonly<Record<string, string>> = {
  young: 'generations 0 and 1',
  old: 'generation 2 and frozen',
};

function otherLines(others: readonly OtherInterpreter[], style: RenderStyle): string[] {
  if (others.length === 0) return [];
  const lines = others.map(({ interpreter, enabled, thresholds, objects, frozen_objects = 0, full_collections }) => {
    const facts = [
      enabled ? 'on' : 'off',
      `thresholds ${thresholds.join(', ')}`,
      ...(objects === undefined ? [] : [counted(objects, 'object')]),
      ...(frozen_objects === 0 ? [] : [`${formatCount(frozen_objects)} frozen`]),
      counted(full_collections, 'full collection'),
    ];
    return `interpreter ${interpreter}: ${facts.join(', ')}`;
  });
  return [style.paint('label', 'other interpreters'), ...lines.flatMap((line) => indented(line, style))];
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
    `the program stands still ${range} for it, estimated by ${counted(full.objects, 'object')} and ${counted(full.references, 'reference')}${last}`,
    ...(full.starts === undefined ? [] : [`starts ${full.starts}`]),
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
