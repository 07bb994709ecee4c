// Which traced blocks to look at: the filters of Python's tracemalloc, with its semantics. A block is kept where any of
// the inclusive filters matches it (or there are none) and every exclusive one does.

import type { AllocationTraces } from '../cpython/tracemalloc/allocation-traces.ts';
import type { Tracebacks } from '../cpython/tracemalloc/traceback-table.ts';
import { filePattern } from './file-pattern.ts';

/** tracemalloc.Filter, or, without a pattern, tracemalloc.DomainFilter. */
export interface AllocationFilter {
  readonly inclusive: boolean;
  readonly pattern?: string | undefined;
  readonly line?: number | undefined;
  /** Looks at every frame that was kept, not only at the most recent. */
  readonly allFrames?: boolean | undefined;
  readonly domain?: number | undefined;
}

/** 1 for each trace that the filters keep. */
export function keptTraces(traces: AllocationTraces, filters: readonly AllocationFilter[]): Uint8Array {
  const matchers = filters.map((filter) => ({ filter, ...matcherOf(traces.tracebacks, filter) }));
  const inclusive = matchers.filter(({ filter }) => filter.inclusive);
  const exclusive = matchers.filter(({ filter }) => !filter.inclusive);
  const kept = new Uint8Array(traces.count);
  for (let i = 0; i < traces.count; i++) {
    const traceback = traces.tracebackOf[i]!;
    const domain = traces.domains[i]!;
    const isIncluded = inclusive.length === 0 || inclusive.some(({ matches }) => matches(traceback, domain));
    kept[i] = isIncluded && exclusive.every(({ matches }) => matches(traceback, domain)) ? 1 : 0;
  }
  return kept;
}

/** What `_match` of the Python class answers for a traceback and a domain. */
function matcherOf(
  tracebacks: Tracebacks,
  { inclusive, pattern, line, allFrames, domain }: AllocationFilter,
): { readonly matches: (traceback: number, domain: number) => boolean } {
  if (pattern === undefined) return { matches: (_, ofTrace) => (ofTrace === domain) === inclusive };
  const hits = matchedTracebacks(tracebacks, pattern, { line, allFrames: allFrames === true });
  return {
    matches(traceback, ofTrace) {
      const isMatch = (hits[traceback] === 1) === inclusive;
      if (domain === undefined) return isMatch;
      return inclusive ? isMatch && ofTrace === domain : isMatch || ofTrace !== domain;
    },
  };
}

/** 1 for each traceback with a frame of the pattern, and of the line if one is given. */
function matchedTracebacks(
  tracebacks: Tracebacks,
  pattern: string,
  { line, allFrames }: { readonly line: number | undefined; readonly allFrames: boolean },
): Uint8Array {
  const matches = filePattern(sourceName(pattern));
  const files = Uint8Array.from(tracebacks.fileNames, (name) => Number(matches(sourceName(name))));
  const hits = new Uint8Array(tracebacks.count);
  for (let t = 0; t < tracebacks.count; t++) {
    const first = tracebacks.firstFrame[t]!;
    const end = allFrames ? tracebacks.firstFrame[t + 1]! : first + 1;
    for (let frame = first; frame < end && hits[t] === 0; frame++) {
      const isLine = line === undefined || tracebacks.lines[frame] === line;
      if (isLine && files[tracebacks.files[frame]!] === 1) hits[t] = 1;
    }
  }
  return hits;
}

/** Python's own rule: a compiled file stands for its source. */
function sourceName(name: string): string {
  return name.endsWith('.pyc') ? name.slice(0, -1) : name;
}
