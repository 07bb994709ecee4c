// One colour for each use of memory, in the bar of resident memory and in the picture of it.

import type { RssPartName } from '../../../src/diagnose/rss-parts.ts';
import type { MemoryUseName } from '../../../src/protocol/web/heap-views.ts';

/** Names of custom properties of the style sheet. What is not named is grey. */
const COLOURS: Readonly<Partial<Record<RssPartName, string>>> = {
  'live objects': 'c1',
  'object buffers': 'c2',
  garbage: 'c6',
  'native memory': 'c4',
  'file-backed': 'c5',
  'free blocks': 'c3',
  'empty pools and arenas': 'c3',
  'free in malloc': 'c7',
};

const USES: Readonly<Record<MemoryUseName, string>> = {
  objects: 'c1',
  buffers: 'c2',
  garbage: 'c6',
  native: 'c4',
  tracemalloc: 'c8',
  'free in arenas': 'c3',
  'free in malloc': 'c7',
  'not resident': 'line',
};

/** For what differs by name alone, the largest first. */
export const NAMED_COLOURS = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'] as const;

export function colourOfPart(name: string): string {
  return COLOURS[name as RssPartName] ?? 'c8';
}

export function colourOfUse(use: MemoryUseName): string {
  return USES[use];
}
