// The text of collector, garbage and reference audit: sections of a report, each a few lines, empty where there is
// nothing to say.

import { formatBytes, formatCount } from '../../base/units.ts';
import type { CollectorReport } from '../../diagnose/collector-report.ts';
import { candidatesInWords } from '../../diagnose/extension-candidates.ts';
import type { GarbageReport } from '../../diagnose/garbage-report.ts';
import type { RefcountReport } from '../../diagnose/refcount-report.ts';
import type { ReferenceReport } from '../../diagnose/reference-report.ts';
import { wrap, wrapParts } from './layout.ts';
import { counted } from './phrases.ts';
import { type Column, renderTable } from './plain-table.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';
import { dotted } from './target-line.ts';

const INDENT = '  ';

const CLUSTER_COLUMNS: readonly Column[] = [
  { title: 'BYTES', align: 'right' },
  { title: 'OBJECTS', align: 'right' },
  { title: 'CLUSTERS', align: 'right' },
  { title: '__DEL__', align: 'left' },
  { title: 'CYCLE', align: 'left', flexible: true },
];

const LOST_COLUMNS: readonly Column[] = [
  { title: 'REFERENCES', align: 'right' },
  { title: 'LOST', align: 'right' },
  { title: 'OBJECTS', align: 'right' },
  { title: 'BYTES', align: 'right' },
  { title: 'TYPE', align: 'left', flexible: true },
];

/** Three sections: collector, garbage, references. */
export function renderReferences(untrusted: ReferenceReport, style: RenderStyle): string {
  const report = sanitizeStrings(untrusted);
  const sections = [
    collectorLines(report.collector, style),
    garbageLines(report.garbage, style),
    referenceLines(report.references, style),
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

export function collectorLines(collector: CollectorReport, style: RenderStyle): string[] {
  const facts = [
    collector.enabled ? 'on' : 'off',
    `thresholds ${collector.thresholds.join(', ')}`,
    `counts ${collector.counts.join(', ')}`,
    ...collector.debug_flags.map((flag) => `gc.${flag}`),
    ...callbackFacts(collector),
  ];
  const rows = collector.generations.map((generation, i) => [
    `${i}`,
    generation.objects === undefined ? '-' : formatCount(generation.objects),
    formatCount(generation.collections),
    formatCount(generation.collected),
    formatCount(generation.uncollectable),
  ]);
  const table = renderTable(
    ['GENERATION', 'OBJECTS', 'COLLECTIONS', 'COLLECTED', 'UNCOLLECTABLE'].map((title) => ({ title, align: 'right' })),
    rows,
    style,
  );
  return [
    ...wrapParts(dotted([`${style.paint('label', 'collector')}  ${facts[0]}`, ...facts.slice(1)]), ' ', style.width),
    ...table.map((line) => INDENT + line),
    ...(collector.generations.every(({ objects }) => objects === undefined)
      ? [`${INDENT}this build keeps no lists: generations have no sizes`]
      : []),
    ...collector.conclusions.flatMap(({ text }) => indented(text, style)),
  ];
}

function callbackFacts({ callbacks, callback_count }: CollectorReport): string[] {
  if (callback_count === 0) return [];
  const more = callback_count - callbacks.length;
  return [`callbacks ${callbacks.join(', ')}${more > 0 ? ` and ${formatCount(more)} more` : ''}`];
}

export function garbageLines(garbage: GarbageReport, style: RenderStyle): string[] {
  const title = style.paint('label', 'garbage');
  const lines: string[] = [];
  if (garbage.objects === 0) lines.push(`${title}  none`);
  else {
    const facts = [
      `${counted(garbage.objects, 'unreachable object')}, ${formatBytes(garbage.bytes)}`,
      counted(garbage.clusters, 'cluster'),
      `${formatCount(garbage.old_objects)} wait for a full collection`,
    ];
    lines.push(...wrapParts(dotted([`${title}  ${facts[0]}`, ...facts.slice(1)]), ' ', style.width));
    const rows = garbage.largest.map((row) => [
      formatBytes(row.bytes),
      formatCount(row.objects),
      formatCount(row.clusters),
      row.finalizers.join(', '),
      row.cycle === '' ? `no cycle: ${row.types.map(({ type }) => type).join(', ')}` : row.cycle,
    ]);
    const table = renderTable(CLUSTER_COLUMNS, rows, { ...style, width: style.width - INDENT.length });
    lines.push(...table.map((line) => INDENT + line));
  }
  if (garbage.kept.length > 0) {
    const kept = garbage.kept.map((row) => `${formatCount(row.objects)} ${row.type}`).join(', ');
    lines.push(...indented(`gc.garbage keeps ${kept}`, style));
  }
  return lines;
}

function referenceLines(references: RefcountReport, style: RenderStyle): string[] {
  const facts = [
    `${counted(references.audited_objects, 'object')} audited`,
    `${formatCount(references.uncounted_objects)} immortal`,
    `${counted(references.lost_references, 'reference')} lost`,
  ];
  const title = style.paint('label', 'references');
  const lines = wrapParts(dotted([`${title}  ${facts[0]}`, ...facts.slice(1)]), ' ', style.width);
  const rows = references.types.map((row) => [
    formatCount(row.references),
    formatCount(row.lost_references),
    formatCount(row.objects),
    formatBytes(row.bytes),
    row.type,
  ]);
  if (rows.length > 0) {
    const table = renderTable(LOST_COLUMNS, rows, { ...style, width: style.width - INDENT.length });
    lines.push(...table.map((line) => INDENT + line));
  }
  for (const row of references.types) {
    for (const said of holdersInWords(row)) lines.push(...indented(`${row.type} ${said}`, style));
  }
  for (const object of references.objects) {
    const where = object.path === undefined ? '' : `: ${object.path}`;
    lines.push(
      ...indented(`${object.type} ${object.address} lost ${formatCount(object.lost_references)}${where}`, style),
    );
  }
  if (references.misread_objects > 0) {
    const misread = `${counted(references.misread_objects, 'object')} with fewer references than referrers: misread`;
    lines.push(...indented(misread, style));
  }
  return lines;
}

function holdersInWords({ held, lost_references, candidates }: RefcountReport['types'][number]): string[] {
  const said: string[] = [];
  if (held.length > 0) {
    said.push(`held by ${held.map(({ by, references }) => `${by} (${formatCount(references)})`).join(', ')}`);
  }
  const words = lost_references > 0 ? candidatesInWords(candidates) : undefined;
  if (words !== undefined) said.push(words);
  return said;
}

function indented(text: string, style: RenderStyle): string[] {
  return wrap(text, style.width - INDENT.length).map((line) => INDENT + line);
}
