// The first line of a report: which process or file it is about.

import { formatBytes, formatDuration } from '../../base/units.ts';
import { wrapParts } from './layout.ts';
import type { RenderStyle } from './render-style.ts';

export interface TargetFacts {
  readonly python: string;
  readonly app: string;
  readonly pid: number;
  readonly uptime_seconds?: number | undefined;
  readonly rss_bytes?: number | undefined;
}

/** `CPython 3.12.1 · gunicorn worker [shop] · pid 4242 · up 3 h 12 min · RSS 812 MB`. */
export function renderTarget(target: TargetFacts, style: RenderStyle): string[] {
  const facts = [target.python, target.app, `pid ${target.pid}`];
  if (target.uptime_seconds !== undefined) facts.push(`up ${formatDuration(target.uptime_seconds)}`);
  if (target.rss_bytes !== undefined) facts.push(`RSS ${formatBytes(target.rss_bytes)}`);
  return wrapParts(dotted(facts), ' ', style.width);
}

/** Facts joined by ` · `, each dot kept with the fact after it, so that lines break between facts. */
export function dotted(facts: readonly string[]): string[] {
  return facts.filter((fact) => fact !== '').map((fact, index) => (index === 0 ? fact : `· ${fact}`));
}
