// The parts of `leakscope trace` that look at the objects too: who holds what a line allocated, and what grew untraced.

import { formatBytes, formatCount } from '../../base/units.ts';
import type { TraceHolder, TraceHolderKind } from '../../diagnose/allocation-holders.ts';
import type { TraceRow } from '../../diagnose/trace-report.ts';
import type { NativeOwnerRow, UntracedGrowth, UntracedPartName } from '../../diagnose/untraced-growth.ts';
import { displayWidth, elideEnd, elideMiddle, padEnd, wrap, wrapParts, wrapPath } from './layout.ts';
import { counted, percent, signedBytes, signedCount } from './phrases.ts';
import type { RenderStyle } from './render-style.ts';
import { dotted } from './target-line.ts';

const INDENT = 4;
const LABEL_WIDTH = 9;
const BODY = INDENT + LABEL_WIDTH;
/** Of each row without --verbose. */
const HOLDERS_SHOWN = 3;
const SITES_SHOWN = 3;
const CALLED_AT = '  called at ';

/** The holders of a row, below its place. */
export function renderHolders({ holders = [], other_holders: others }: TraceRow, style: RenderStyle): string[] {
  const shown = style.verbose ? holders : holders.slice(0, HOLDERS_SHOWN);
  const lines = shown.flatMap((holder) => renderHolder(holder, style));
  const hidden = holders.slice(shown.length);
  const more = (others?.holders ?? 0) + hidden.reduce((sum, { holders: count = 1 }) => sum + count, 0);
  if (more === 0) return lines;
  const bytes = (others?.bytes ?? 0) + hidden.reduce((sum, holder) => sum + holder.bytes, 0);
  return [...lines, labelled('', `${counted(more, 'other holder')} with ${formatBytes(bytes)}`, style, 'faint')];
}

function renderHolder(holder: TraceHolder, style: RenderStyle): string[] {
  const { kind, path, type, holders = 1, blocks, bytes, new_blocks, new_bytes, retained_bytes } = holder;
  const room = style.width - BODY;
  const gained = new_bytes === undefined ? '' : `, new ${formatBytes(new_bytes)} in ${formatCount(new_blocks ?? 0)}`;
  const facts = dotted([
    ...(type === undefined ? [] : [holders > 1 ? `${formatCount(holders)} of type ${type}` : type]),
    `${formatBytes(bytes)} in ${counted(blocks, 'block')}${gained}`,
    ...(retained_bytes === undefined ? [] : [`retains ${formatBytes(retained_bytes)}`]),
  ]);
  const [first = '', ...rest] = wrapPath(path, room);
  return [
    labelled(LABELS[kind], first, style, 'name'),
    ...rest.map((line) => ' '.repeat(BODY) + style.paint('name', line)),
    ...wrapParts(facts, ' ', room).map((line) => ' '.repeat(BODY) + line),
  ];
}

const LABELS: Readonly<Record<TraceHolderKind, string>> = { object: 'held by', garbage: 'garbage', none: 'nobody' };

function labelled(label: string, text: string, style: RenderStyle, role: 'name' | 'faint'): string {
  return `${' '.repeat(INDENT)}${style.paint('label', padEnd(label, LABEL_WIDTH))}${style.paint(role, text)}`.trimEnd();
}

const PART_WORDS: Readonly<Record<UntracedPartName, string>> = {
  traced: 'traced by tracemalloc',
  'tracemalloc tables': 'tracemalloc’s own tables, gone when it is off',
  'untraced objects': 'memory of Python objects that is not traced',
  'native memory': 'malloc in use that no Python object owns',
  free: 'free in the allocators, not given back',
  'outside the allocators': 'outside the allocators: files, stacks, maps',
};

/** The answer to --native, ending with what it does not know. */
export function renderNative(native: UntracedGrowth, style: RenderStyle): string[] {
  const { rss_bytes_diff: rss, parts, unseen_bytes: unseen, unseen_share, owners, sizes } = native;
  const share = unseen_share === undefined ? '' : `, ${percent(unseen_share)} of the growth without its tables`;
  const figures = parts.map(({ bytes_diff }) => signedBytes(bytes_diff));
  const width = Math.max(...[...figures, signedBytes(rss)].map(displayWidth));
  const lines = [
    style.paint('name', `not seen by tracemalloc: ${signedBytes(unseen)}${share}`),
    ...parts.map(({ name }, i) => `${figures[i]!.padStart(width + 2)}  ${PART_WORDS[name]}`),
    `${signedBytes(rss).padStart(width + 2)}  resident memory`,
  ];
  const grown = owners.filter(({ bytes_diff }) => bytes_diff > 0);
  if (grown.length > 0) lines.push('', style.paint('label', 'untraced blocks in use, by what leads to them'));
  const amounts = grown.map(
    ({ bytes_diff, blocks_diff }) => [signedBytes(bytes_diff), signedCount(blocks_diff)] as const,
  );
  const widths = [0, 1].map((i) => Math.max(0, ...amounts.map((amount) => displayWidth(amount[i]!))));
  for (const [i, owner] of grown.entries()) {
    const [bytes, blocks] = amounts[i]!;
    const head = `${bytes.padStart(widths[0]! + 2)}  ${blocks.padStart(widths[1]!)} blocks  `;
    lines.push(head + elideMiddle(ownerInWords(owner), style.width - displayWidth(head)));
  }
  if (sizes.length > 0) {
    const named = sizes.map(
      ({ block_bytes, blocks_diff }) => `${formatCount(blocks_diff)} of ${formatBytes(block_bytes)}`,
    );
    lines.push(...wrap(`more blocks that no object owns: ${named.join(', ')}`, style.width));
  }
  lines.push(...renderSuspects(native, style));
  for (const sentence of native.not_known) {
    const [first = '', ...rest] = wrap(sentence, style.width - 11);
    lines.push(`${style.paint('label', 'not known')}  ${first}`, ...rest.map((line) => ' '.repeat(11) + line));
  }
  return lines;
}

function ownerInWords({ kind, name, module }: NativeOwnerRow): string {
  const extension = module === undefined ? '' : `${module}: `;
  switch (kind) {
    case 'library':
      return `${extension}data of ${name} and what it points to`;
    case 'objects':
      return `${extension}memory of ${name} objects`;
    case 'calls':
      return 'stacks of running calls';
    case 'nobody':
      return 'nothing: lost, as far as can be seen';
  }
}

/** Who could have lost what nothing leads to. */
function renderSuspects({ candidates, sites }: UntracedGrowth, style: RenderStyle): string[] {
  const lines: string[] = [];
  if (candidates.length > 0) {
    const named = candidates.map(({ module, reason }) => `${module} (${reason})`);
    lines.push(...wrap(`could be lost by: ${named.join(', ')}`, style.width));
  }
  for (const { file, line, function: name, code } of sites.slice(0, style.verbose ? undefined : SITES_SHOWN)) {
    const place = elideMiddle(`${file}:${line} in ${name}`, style.width - CALLED_AT.length);
    lines.push(CALLED_AT + style.paint('place', place));
    if (code !== undefined) lines.push(elideEnd(`    ${code}`, style.width));
  }
  return lines;
}
