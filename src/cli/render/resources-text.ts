// The section on what a process holds besides memory: what stands out first, then a line per group, its owners below.

import { formatBytes, formatCount } from '../../base/units.ts';
import type {
  ResourceGroup,
  ResourceOwner,
  ResourceReport,
  ResourceReportKind,
} from '../../diagnose/resource-report.ts';
import { displayWidth, elideMiddle, wrapParts } from './layout.ts';
import { counted, percent } from './phrases.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';
import { dotted } from './target-line.ts';

/** Without --verbose: of each kind so many groups, of each group so many owners. */
const GROUPS_SHOWN = 4;
const OWNERS_SHOWN = 3;
const EXAMPLES_SHOWN = 3;
/** Columns before an owner. */
const INDENT = 4;
const GAP = 2;
/** Columns of a path or name that are shown at least. */
const LEAST_PATH = 20;
/** Of the descriptors allowed: more than this is worth a word. */
const NEAR_LIMIT = 0.5;

/** What a number of the kind is called. */
const NUMBER_NAMES: Readonly<Partial<Record<ResourceReportKind, string>>> = {
  threads: 'tid',
  'child processes': 'pid',
};

/** Lines of the section, without a heading. */
export function renderResources(untrusted: ResourceReport, style: RenderStyle): string[] {
  const report = sanitizeStrings(untrusted);
  const lines = renderResourceSummary(report, style);
  const countWidth = Math.max(...report.groups.map((group) => formatCount(group.count).length), 1);
  let hidden = report.groups_left_out;
  for (const [kind, groups] of byKind(report.groups)) {
    lines.push(style.paint('label', kind));
    const shown = style.verbose ? groups : groups.slice(0, GROUPS_SHOWN);
    hidden += groups.length - shown.length;
    for (const group of shown) lines.push(...renderGroup(group, countWidth, style));
  }
  if (hidden > 0) lines.push(style.paint('faint', `${counted(hidden, 'smaller group')} not shown`));
  return lines;
}

/** The figures in one line, and what of them is worth knowing in others. Expects sanitised text. */
export function renderResourceSummary(report: ResourceReport, style: RenderStyle): string[] {
  const { descriptors, descriptor_limit: limit, groups } = report;
  const sum = (kinds: readonly ResourceReportKind[], of: (group: ResourceGroup) => number): number =>
    groups.filter(({ kind }) => kinds.includes(kind)).reduce((total, group) => total + of(group), 0);
  const threads = sum(['threads'], ({ count }) => count);
  const children = sum(['child processes'], ({ count }) => count);
  const allowed = limit === undefined ? '' : ` of ${formatCount(limit)} allowed`;
  const near = limit !== undefined && descriptors > limit * NEAR_LIMIT ? ` (${percent(descriptors / limit)})` : '';
  const facts = [`${counted(descriptors, 'descriptor')}${allowed}${near}`, counted(threads, 'thread')];
  if (children > 0) facts.push(counted(children, 'child process', 'child processes'));
  const notes: string[] = [];
  const waiting = sum(['sockets'], ({ states }) => states?.CLOSE_WAIT ?? 0);
  if (waiting > 0) notes.push(`${counted(waiting, 'socket')} whose peer hung up (CLOSE_WAIT)`);
  const zombies = sum(['child processes'], ({ states }) =>
    Object.entries(states ?? {}).reduce((total, [state, n]) => total + (state.startsWith('zombie') ? n : 0), 0),
  );
  if (zombies > 0) notes.push(`${counted(zombies, 'zombie')} nobody waited for`);
  const deleted = sum(['deleted files'], ({ bytes }) => bytes ?? 0);
  if (deleted > 0) notes.push(`${formatBytes(deleted)} of disk in deleted files that are open`);
  const unowned = sum(DESCRIPTOR_KINDS, (group) => group.unowned ?? 0);
  if (unowned > 0) notes.push(`${counted(unowned, 'descriptor')} without a Python owner`);
  const lines = wrapParts(dotted(facts), ' ', style.width);
  if (notes.length > 0)
    lines.push(...wrapParts(dotted(notes), ' ', style.width).map((line) => style.paint('name', line)));
  return lines;
}

const DESCRIPTOR_KINDS: readonly ResourceReportKind[] = [
  'files',
  'temporary files',
  'deleted files',
  'devices',
  'sockets',
  'pipes',
  'event descriptors',
];

function byKind(groups: readonly ResourceGroup[]): Map<ResourceReportKind, ResourceGroup[]> {
  const kinds = new Map<ResourceReportKind, ResourceGroup[]>();
  for (const group of groups) {
    const known = kinds.get(group.kind);
    if (known === undefined) kinds.set(group.kind, [group]);
    else known.push(group);
  }
  return kinds;
}

function renderGroup(group: ResourceGroup, countWidth: number, style: RenderStyle): string[] {
  const { name, count, states, bytes, unowned } = group;
  const facts: string[] = [];
  for (const [state, n] of Object.entries(states ?? {})) facts.push(`${formatCount(n)} ${state}`);
  if (bytes !== undefined) facts.push(formatBytes(bytes));
  const after = facts.length === 0 ? '' : `  ${facts.join(', ')}`;
  const number = formatCount(count).padStart(countWidth);
  const room = style.width - 2 * GAP - countWidth - displayWidth(after);
  const lines = [`  ${number}  ${style.paint('name', elideMiddle(name, Math.max(LEAST_PATH, room)))}${after}`];

  const owners = style.verbose ? group.owners : group.owners.slice(0, OWNERS_SHOWN);
  const width = Math.max(countWidth, ...owners.map((owner) => formatCount(owner.count).length));
  for (const owner of owners) lines.push(renderOwner(group, owner, width, style));
  const others = group.owned_by_others + group.owners.slice(owners.length).reduce((sum, owner) => sum + owner.count, 0);
  if (others > 0) lines.push(ownerLine(others, 'other Python objects', width));
  if (unowned !== undefined && unowned > 0) {
    lines.push(ownerLine(unowned, `no Python owner${exampleText(group, group.unowned_examples, unowned)}`, width));
  }
  return lines;
}

/** The path matters most: where there is no room for both, it is without its type. */
function renderOwner(group: ResourceGroup, owner: ResourceOwner, width: number, style: RenderStyle): string {
  const examples = exampleText(group, owner.examples, owner.count);
  const doubt = owner.certain ? [] : ['by its name'];
  const facts = [[owner.type, ...doubt], doubt].map((words) => (words.length === 0 ? '' : ` (${words.join(', ')})`));
  const room = style.width - INDENT - width - GAP - displayWidth(examples);
  const after = facts.find((fact) => displayWidth(owner.path) + displayWidth(fact) <= room) ?? facts[1]!;
  const path = elideMiddle(owner.path, Math.max(LEAST_PATH, room - displayWidth(after)));
  return ownerLine(owner.count, `${path}${after}${examples}`, width);
}

function ownerLine(count: number, text: string, width: number): string {
  return `${' '.repeat(INDENT)}${formatCount(count).padStart(width)}${' '.repeat(GAP)}${text}`;
}

/** `  fd 8, 10, 12, …` */
function exampleText(group: ResourceGroup, examples: readonly number[], of: number): string {
  if (examples.length === 0) return '';
  const shown = examples.slice(0, EXAMPLES_SHOWN);
  return `  ${NUMBER_NAMES[group.kind] ?? 'fd'} ${shown.join(', ')}${of > shown.length ? ', …' : ''}`;
}
