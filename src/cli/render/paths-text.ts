// The text of `leakscope why`: the ways in which objects are held, then one object in detail.

import { formatBytes, formatCount } from '../../base/units.ts';
import type { HeapWhy, RelatedObject, RetainedObject } from '../../diagnose/heap-why.ts';
import { displayWidth, padEnd, wrap, wrapParts, wrapPath } from './layout.ts';
import { counted } from './phrases.ts';
import { renderProblems } from './problems-text.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';
import { snapshotFacts } from './snapshot-line.ts';
import { dotted, renderTarget } from './target-line.ts';

const INDENT = 3;
const LABEL_WIDTH = 13;
const BODY = INDENT + LABEL_WIDTH;
/** Referrers shown without --verbose. */
const REFERRERS_SHOWN = 5;

export function renderWhy(untrusted: HeapWhy, style: RenderStyle): string {
  const why = sanitizeStrings(untrusted);
  const lines = [
    ...renderTarget(why.snapshot, style),
    ...wrapParts(dotted(snapshotFacts(why.snapshot)), ' ', style.width),
    '',
    ...renderMatches(why, style),
    ...renderGroups(why, style),
  ];
  if (why.object !== undefined) lines.push(...renderObject(why.object, why.matches.length > 0, style));
  const problems = renderProblems(why.problems, style);
  if (problems.length > 0) lines.push('', ...problems);
  return `${lines.join('\n')}\n`;
}

function renderMatches(why: HeapWhy, style: RenderStyle): string[] {
  return why.matches.map((match) => {
    const facts = [counted(match.objects, 'object'), formatBytes(match.bytes)];
    if (match.unreachable_objects > 0) facts.push(`${formatCount(match.unreachable_objects)} unreachable`);
    return `${style.paint('name', match.type)}  ${dotted(facts).join(' ')}`;
  });
}

function renderGroups(why: HeapWhy, style: RenderStyle): string[] {
  if (why.groups.length === 0) return [];
  const sizes = why.groups.map((group) => `${counted(group.objects, 'object')}, ${formatBytes(group.bytes)}`);
  const column = Math.max(...sizes.map(displayWidth)) + 2;
  const lines = [style.paint('label', 'held by')];
  why.groups.forEach((group, index) => {
    const [first = '', ...rest] = wrapPath(group.path, style.width - INDENT - column);
    lines.push(`${' '.repeat(INDENT)}${padEnd(sizes[index]!, column)}${first}`);
    lines.push(...rest.map((line) => `${' '.repeat(INDENT + column)}${line}`));
  });
  const hidden = why.group_count - why.groups.length;
  if (hidden > 0) {
    lines.push(style.paint('faint', `${' '.repeat(INDENT)}and in ${counted(hidden, 'other way')}; --top N shows more`));
  }
  return [...lines, ''];
}

function renderObject(object: RetainedObject, isExample: boolean, style: RenderStyle): string[] {
  const facts = [object.type];
  if (object.entries !== undefined) facts.push(counted(object.entries, 'entry', 'entries'));
  facts.push(`itself ${formatBytes(object.bytes)}`);
  facts.push(`retains ${formatBytes(object.retained_bytes)} in ${counted(object.retained_objects, 'object')}`);
  const [first = '', ...rest] = wrapParts(dotted(facts), ' ', style.width - displayWidth(object.address) - 2);
  const indent = ' '.repeat(displayWidth(object.address) + 2);
  const lines = isExample ? [style.paint('label', 'the one that retains most')] : [];
  lines.push(`${style.paint('name', object.address)}  ${first}`, ...rest.map((line) => `${indent}${line}`));

  if (object.paths.length === 0) {
    const note = 'nothing: no root reaches it; it waits for the collector, or the collector cannot free it';
    lines.push(...row('held by', wrap(note, style.width - BODY), style));
  }
  object.paths.forEach((path, index) => {
    lines.push(...row(index === 0 ? 'held by' : 'also by', wrapPath(path, style.width - BODY), style));
  });
  const dominators = object.dominators.map(related);
  if (dominators.length > 0) {
    lines.push(...row('goes with', wrapParts(dotted(dominators), ' ', style.width - BODY), style));
  }
  const referrers = style.verbose ? object.referrers : object.referrers.slice(0, REFERRERS_SHOWN);
  referrers.forEach((referrer, index) => {
    const label = index === 0 ? 'referred by' : '';
    const name = referrer.name === undefined || referrer.name === '' ? '' : `, as ${referrer.name.trim()}`;
    lines.push(...row(label, wrap(`${related(referrer)}${name}`, style.width - BODY), style));
  });
  const hidden = object.referrer_count - referrers.length;
  if (hidden > 0) lines.push(...row('', [style.paint('faint', `and ${counted(hidden, 'more referrer')}`)], style));
  return lines;
}

function related(object: RelatedObject): string {
  return `${object.type} ${object.address} (retains ${formatBytes(object.retained_bytes)})`;
}

function row(label: string, lines: readonly string[], style: RenderStyle): string[] {
  const [first = '', ...rest] = lines;
  const head = `${' '.repeat(INDENT)}${style.paint('label', padEnd(label, LABEL_WIDTH - 1))} ${first}`;
  return [head, ...rest.map((line) => `${' '.repeat(BODY)}${line}`)];
}
