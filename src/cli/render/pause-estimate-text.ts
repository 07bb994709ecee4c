// The text of --dry-run: which pause the process would see, and what decides it.

import { formatBytes } from '../../base/units.ts';
import type { PauseEstimate } from '../../protocol/pause-estimate.ts';
import { wrap, wrapParts } from './layout.ts';
import { counted } from './phrases.ts';
import { renderProblems } from './problems-text.ts';
import type { RenderStyle } from './render-style.ts';
import { sanitizeStrings } from './sanitize.ts';
import { dotted, renderTarget } from './target-line.ts';

export function renderPauseEstimate(untrusted: PauseEstimate, style: RenderStyle): string {
  const estimate = sanitizeStrings(untrusted);
  const facts = [
    `would pause the process for about ${Math.ceil(estimate.pause_ms)} ms`,
    `copies ${formatBytes(estimate.copy_bytes)} at ${formatBytes(estimate.bytes_per_second)}/s`,
    `stops ${counted(estimate.threads, 'thread')}`,
  ];
  const free = estimate.available_bytes === undefined ? '' : `, of ${formatBytes(estimate.available_bytes)} free`;
  const needs = [`needs ${formatBytes(estimate.needed_bytes)} for the copy${free}`];
  if (estimate.skipped_bytes > 0)
    needs.push(`${formatBytes(estimate.skipped_bytes)} of raw data are sized, not copied`);
  const { possible, reason, least_pause_ms: least = 0 } = estimate.early_copy;
  const early = possible
    ? `most is copied before the pause and only what is written meanwhile in it: ${Math.ceil(least)} ms at the least`
    : `all is copied in the pause: ${reason}`;
  const lines = [
    ...renderTarget(estimate.target, style),
    ...wrapParts(dotted(facts), ' ', style.width),
    ...wrapParts(dotted(needs), ' ', style.width),
    ...wrap(early, style.width),
    ...renderProblems(estimate.problems, style),
  ];
  return `${lines.join('\n')}\n`;
}
