// Memory that looks like a leak from outside and is none: garbage that waits, free memory that allocators keep, files.

import { formatByteRate, formatBytes, formatCount } from '../base/units.ts';
import { nextFullCollection } from './collector-report.ts';
import type { DraftFinding } from './draft-finding.ts';
import type { ResidentPart } from './find-report.ts';
import { total } from './native-draft.ts';
import type { Observation } from './observation.ts';
import { bytesIn, type RssPartName } from './rss-parts.ts';

/** Free or waiting memory worth a line. */
const NOTED_BYTES = 4 << 20;
/** Files are part of every process: only much of them is worth a line. */
const NOTED_FILE_BYTES = 32 << 20;
const BYTES_PER_PAGE = 4096;

const SOUND_PARTS: readonly {
  readonly parts: readonly RssPartName[];
  readonly what: string;
  readonly remedy: string;
}[] = [
  {
    parts: ['free blocks', 'empty pools and arenas'],
    what: 'free inside Python’s arenas',
    remedy: 'fragmentation: leakscope rss PID says which objects keep the arenas',
  },
  {
    parts: ['free in malloc'],
    what: 'free in malloc',
    remedy: 'fragmentation: MALLOC_ARENA_MAX=2, malloc_trim(0) or jemalloc',
  },
  { parts: ['file-backed'], what: 'file-backed', remedy: 'page cache, which the kernel can drop' },
];

/** What was looked at and is not a leak, one sentence each. */
export function soundMemory(observation: Observation, ranked: readonly DraftFinding[]): string[] {
  const last = observation.summaries.at(-1)!;
  const said: string[] = [];
  const garbage = total(last.garbage);
  const isAccused = ranked.some(
    (finding) => finding.kind === 'uncollectable cycle' || finding.kind === 'uncollected cycle',
  );
  if (!isAccused && garbage.bytes >= NOTED_BYTES) {
    const next = total(last.oldGarbage).count > garbage.count / 2 ? nextFullCollection(last.collector) : undefined;
    said.push(
      `${formatBytes(garbage.bytes)} in ${formatCount(garbage.count)} unreachable objects, waiting for ` +
        (next === undefined ? 'the collector' : `a full collection: ${next}`),
    );
  }
  const now = observation.memory.at(-1);
  if (now === undefined) {
    if (last.freeSmallBytes >= NOTED_BYTES)
      said.push(`${formatBytes(last.freeSmallBytes)} free inside Python’s arenas`);
    if (last.freeMallocBytes >= NOTED_BYTES) said.push(`${formatBytes(last.freeMallocBytes)} free in malloc`);
    return said;
  }
  const then = observation.memory[0]!;
  const rise = now.rssBytes - then.rssBytes;
  for (const { parts, what, remedy } of SOUND_PARTS) {
    const bytes = bytesIn(now, parts);
    const grown = bytes - bytesIn(then, parts);
    if (bytes < (parts.includes('file-backed') ? NOTED_FILE_BYTES : NOTED_BYTES)) continue;
    const explains = grown >= NOTED_BYTES && grown > rise / 2;
    said.push(
      `${formatBytes(bytes)} ${what}${explains ? `, most of what RSS grew by (${formatByteRate((grown / observation.observedSeconds) * 60)}): ${remedy}` : ''}`,
    );
  }
  return said;
}

/** The parts of resident memory at the end of the run, with their growth over it. Largest first. */
export function residentParts({ memory }: Observation): ResidentPart[] {
  const now = memory.at(-1);
  const then = memory[0];
  if (now === undefined || then === undefined) return [];
  const seconds = now.atSeconds - then.atSeconds;
  return now.parts
    .map(({ name, bytes }) => ({
      name,
      bytes,
      bytes_per_minute: seconds > 0 ? ((bytes - bytesIn(then, [name])) / seconds) * 60 : 0,
    }))
    .filter((part) => part.bytes >= BYTES_PER_PAGE)
    .sort((a, b) => b.bytes - a.bytes);
}
