// Where the program may be losing memory to native code: its lines that run code of an extension module, those that
// were seen running first. Which extension it was is not known, unless the type that grows is one of its own.

import { findCallSites } from '../source/module-calls.ts';
import { toFindSite } from './draft-finding.ts';
import type { FindSite } from './find-report.ts';
import type { Observation, RunningLine } from './observation.ts';

/** Packages looked for: each costs a search of the application. */
const PACKAGES_LIMIT = 16;
const SITES_PER_PACKAGE = 24;
const SITES_LIMIT = 6;

/** How far a site is from the evidence: lower comes first. */
const ON_LINE = 0;
const IN_FUNCTION = 1;
const UNSEEN = 2;

/** What is needed of a run to tell. */
export type SeenCalls = Pick<Observation, 'extensionModules' | 'source' | 'running' | 'changedFiles'>;

export interface NativeCalls {
  readonly sites: readonly FindSite[];
  /** Packages that they call, those seen running first. */
  readonly packages: readonly string[];
}

/** Application lines that call into extension modules; empty when it loads none but the standard library's. */
export function nativeCalls(observation: SeenCalls, growingTypes: readonly string[]): NativeCalls {
  const packages = packagesOf(observation.extensionModules);
  const owning = packages.filter((name) => growingTypes.some((type) => type.startsWith(`${name}.`)));
  const searched = owning.length > 0 ? owning : packages;
  const found = searched.slice(0, PACKAGES_LIMIT).flatMap((moduleRoot) =>
    findCallSites(observation.source, { moduleRoot, limit: SITES_PER_PACKAGE }).map((site, order) => {
      const { distance, count } = closeness(observation.running, site);
      return { site, moduleRoot, order, distance, count };
    }),
  );
  // Of equals, the most direct call of every package before the second of any.
  found.sort((a, b) => a.distance - b.distance || b.count - a.count || a.order - b.order);
  return {
    sites: found.slice(0, SITES_LIMIT).map(({ site }) => toFindSite(observation, site)),
    packages: [...new Set(found.map(({ moduleRoot }) => moduleRoot))],
  };
}

/** First parts of the modules' names, each once. */
function packagesOf(modules: readonly string[]): string[] {
  return [...new Set(modules.map((module) => module.split('.', 1)[0]!))];
}

function closeness(
  running: readonly RunningLine[],
  site: { readonly path: string; readonly line: number; readonly function: string },
): { distance: number; count: number } {
  let distance = UNSEEN;
  let count = 0;
  for (const seen of running) {
    if (seen.file !== site.path) continue;
    if (seen.line === site.line) return { distance: ON_LINE, count: seen.count };
    // CPython before 3.11 knows functions by their bare name only.
    if (seen.function === site.function || site.function.endsWith(`.${seen.function}`)) {
      distance = IN_FUNCTION;
      count = Math.max(count, seen.count);
    }
  }
  return { distance, count };
}
