// Who allocated what a finding's holder gained: the lines below a finding of `leakscope find`.

import { formatBytes } from '../../base/units.ts';
import type { GainedAllocations, GainedTraceback } from '../../diagnose/gained-allocations.ts';
import type { TraceFrame } from '../../diagnose/trace-report.ts';
import { elideEnd, elideMiddle, wrapParts } from './layout.ts';
import { counted } from './phrases.ts';
import type { RenderStyle } from './render-style.ts';
import { dotted } from './target-line.ts';

/** Of each finding without --verbose. */
const TRACEBACKS_SHOWN = 2;
/** Callers of the allocating line shown without --verbose, the nearest first. */
const CALLERS_SHOWN = 3;
/** Columns that a row's label takes. */
const BODY = 14;

const CALLED_FROM = 'called from ';

/** Lays lines out beside a label. */
type Row = (label: string, lines: readonly string[], style: RenderStyle) => string[];

export function renderAllocations(allocations: GainedAllocations, row: Row, style: RenderStyle): string[] {
  const { blocks, bytes, tracebacks, other_tracebacks: others } = allocations;
  const shown = style.verbose ? tracebacks : tracebacks.slice(0, TRACEBACKS_SHOWN);
  const hidden = tracebacks.slice(shown.length);
  const lines = row('allocated', [`${formatBytes(bytes)} in ${counted(blocks, 'new block')}, of them`], style);
  for (const traceback of shown) lines.push(...renderTraceback(traceback, row, style));
  const left = others.tracebacks + hidden.length;
  if (left > 0) {
    const rest = others.bytes + hidden.reduce((sum, traceback) => sum + traceback.bytes, 0);
    lines.push(
      ...row('', [style.paint('faint', `and ${formatBytes(rest)} by ${counted(left, 'other traceback')}`)], style),
    );
  }
  return lines;
}

/** The line that allocated, and by which way it was called. */
function renderTraceback({ blocks, bytes, frames }: GainedTraceback, row: Row, style: RenderStyle): string[] {
  const room = style.width - BODY;
  const line = frames.at(-1);
  if (line === undefined) return [];
  const amount = `${formatBytes(bytes)} in ${counted(blocks, 'block')} by `;
  const lines = row('', [amount + style.paint('place', elideMiddle(placeOf(line), room - amount.length))], style);
  if (line.code !== undefined) lines.push(...row('', [`  ${elideEnd(line.code, room - 2)}`], style));
  const callers = frames.slice(0, -1).reverse();
  const shown = style.verbose ? callers : callers.slice(0, CALLERS_SHOWN);
  if (shown.length > 0) {
    const parts = dotted(shown.map((frame) => elideMiddle(placeOf(frame), room - CALLED_FROM.length - 2)));
    lines.push(
      ...row(
        '',
        wrapParts([`${CALLED_FROM}${parts[0]}`, ...parts.slice(1)], ' ', room - 2).map((text) => `  ${text}`),
        style,
      ),
    );
  }
  return lines;
}

/** `/srv/shop/users.py:12 in remember`. */
function placeOf({ file, line, function: name }: TraceFrame): string {
  return `${file}:${line}${name === undefined ? '' : ` in ${name}`}`;
}
