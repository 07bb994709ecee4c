// What snapshots copied, and when: for those who look closely (--verbose).

import { formatBytes } from '../../base/units.ts';
import type { CaptureFacts } from '../../diagnose/capture-facts.ts';
import { wrapParts } from './layout.ts';
import type { RenderStyle } from './render-style.ts';
import { dotted } from './target-line.ts';

/** One line or more per capture; equal reasons are given once. */
export function renderCaptures(captures: readonly CaptureFacts[], style: RenderStyle): string[] {
  if (!style.verbose) return [];
  const lines: string[] = [];
  let reason: string | undefined;
  for (const [i, capture] of captures.entries()) {
    const facts = capture.phases.map(({ name, bytes, ms }) =>
      name === 'stop' ? `${milliseconds(ms)} to stop` : `${formatBytes(bytes)} ${WHEN[name]} in ${milliseconds(ms)}`,
    );
    if (capture.skipped_bytes > 0) facts.push(`${formatBytes(capture.skipped_bytes)} of raw data sized, not copied`);
    if (capture.no_early_copy !== undefined && capture.no_early_copy !== reason) {
      facts.push(`nothing copied before the pause: ${capture.no_early_copy}`);
    }
    reason = capture.no_early_copy;
    const name = captures.length === 1 ? 'copied' : `copy ${i + 1}`;
    lines.push(...wrapParts(dotted([`${name}: ${facts[0]}`, ...facts.slice(1)]), ' ', style.width));
  }
  return lines.map((line) => style.paint('faint', line));
}

const WHEN = { 'copy while running': 'while it ran', 'copy while stopped': 'while it stood' } as const;

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
