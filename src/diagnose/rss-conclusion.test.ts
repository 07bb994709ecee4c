// What the parts mean: which one is named, and which remedy goes with it.

import { describe, expect, test } from 'vitest';
import { fragmentedRss } from '../../test/support/rss-reports.ts';
import { type ConclusionInput, concludeRss, type RssConclusion } from './rss-conclusion.ts';
import { RSS_PARTS, type RssMeasure, type RssPartName } from './rss-parts.ts';

const MIB = 2 ** 20;
type Mebibytes = Partial<Record<RssPartName, number>>;

function conclude(
  moments: readonly Mebibytes[],
  options: Partial<ConclusionInput> & { readonly measure?: Partial<RssMeasure> } = {},
): RssConclusion {
  return concludeRss({
    moments: moments.map((parts, i) => ({ atSeconds: i * 60, measure: measureOf(parts, options.measure) })),
    malloc: { arenas: [], mapped_chunks: 0, mapped_bytes: 0, cached_bytes: 0 },
    fragmentation: fragmentedRss.fragmentation,
    owners: fragmentedRss.owners,
    collectorEnabled: true,
    extensionModules: [],
    threadCount: 8,
    ...options,
  });
}

function measureOf(parts: Mebibytes, facts: Partial<RssMeasure> = {}): RssMeasure {
  const rssBytes = Object.values(parts).reduce((sum, mib) => sum + mib, 0) * MIB;
  return {
    rssBytes,
    pssBytes: rssBytes,
    ussBytes: rssBytes,
    swapBytes: 0,
    hugeBytes: 0,
    hugeZeroBytes: 0,
    parts: RSS_PARTS.map((name) => ({ name, bytes: (parts[name] ?? 0) * MIB, sharedBytes: 0 })),
    ...facts,
  } as RssMeasure;
}

describe('one look', () => {
  test('names the part that is large', () => {
    expect(conclude([{ 'live objects': 100, 'object buffers': 50, 'file-backed': 8 }])).toMatchObject({
      cause: 'live objects',
      text: '150 MB of 158 MB is live Python objects; most belongs to module shop.users › global user_cache (210 MB)',
    });
    expect(conclude([{ 'live objects': 50, 'free blocks': 40, 'empty pools and arenas': 20 }])).toMatchObject({
      cause: 'fragmentation of pymalloc',
      text: expect.stringContaining('kept by few objects: mostly str held by module shop.catalog › global names'),
    });
    expect(conclude([{ 'live objects': 5, 'file-backed': 6 }]).cause).toBe('nothing unusual');
  });

  test('prefers what can be done something about, where that is a quarter of it', () => {
    expect(conclude([{ 'live objects': 60, garbage: 30 }], { collectorEnabled: false })).toMatchObject({
      cause: 'garbage',
      text: '30 MB of 90 MB is garbage: the collector is off',
      remedy: 'gc.enable(), or gc.collect() now and then',
    });
    expect(conclude([{ 'live objects': 90, garbage: 20 }]).cause).toBe('live objects');
  });

  test('tells free memory of thread arenas, of the end of the heap and of holes apart', () => {
    const arena = fragmentedRss.malloc.arenas[0]!;
    const main = fragmentedRss.malloc.arenas[1]!;
    const of = (arenas: ConclusionInput['malloc']['arenas']): RssConclusion =>
      conclude([{ 'free in malloc': 244, 'live objects': 60 }], { malloc: { ...fragmentedRss.malloc, arenas } });
    expect(of([arena, arena, main])).toMatchObject({
      cause: 'arenas of threads',
      remedy: expect.stringContaining('MALLOC_ARENA_MAX=2'),
    });
    expect(of([{ ...main, free_bytes: 40 * MIB, top_bytes: 39 * MIB }]).remedy).toContain('malloc_trim(0)');
    expect(of([{ ...main, free_bytes: 40 * MIB, top_bytes: 0 }])).toMatchObject({
      cause: 'free memory in malloc',
      text: expect.stringContaining('holes between chunks'),
    });
  });

  test('notes what RSS does not show: shared pages, huge pages, swap', () => {
    const { notes } = conclude([{ 'live objects': 100 }], {
      measure: {
        swapBytes: 20 * MIB,
        hugeBytes: 64 * MIB,
        hugeZeroBytes: 40 * MIB,
        pssBytes: 50 * MIB,
        ussBytes: 8 * MIB,
        parts: [{ name: 'live objects', bytes: 100 * MIB, sharedBytes: 90 * MIB }],
      },
    });
    expect(notes).toEqual([
      expect.stringContaining('90 MB is shared with other processes'),
      expect.stringContaining('of which 40 MB was never written to'),
      expect.stringContaining('20 MB is swapped out'),
    ]);
  });
});

describe('several looks', () => {
  test('name the part that grows, not the one that is large', () => {
    expect(
      conclude([
        { 'live objects': 500, 'native memory': 10 },
        { 'live objects': 500, 'native memory': 20 },
        { 'live objects': 501, 'native memory': 31 },
      ]),
    ).toMatchObject({ cause: 'native memory', text: expect.stringContaining('grows +11 MB/min') });
  });

  test('blame the tables of tracemalloc only where nothing else grows', () => {
    const traced = conclude([
      { 'live objects': 100, 'tracemalloc tables': 100 },
      { 'live objects': 110, 'tracemalloc tables': 130 },
    ]);
    expect(traced.cause).toBe('live objects');
    const alone = conclude([{ 'tracemalloc tables': 100 }, { 'tracemalloc tables': 130 }]);
    expect(alone).toMatchObject({ cause: 'tracemalloc tables', text: expect.stringContaining('own tables grow') });
  });

  test('call what stays steady, and what only moves between parts', () => {
    expect(conclude([{ 'live objects': 500 }, { 'live objects': 500.2 }]).cause).toBe('steady');
    const moved = conclude([
      { 'live objects': 500, 'free blocks': 10 },
      { 'live objects': 450, 'free blocks': 60 },
    ]);
    expect(moved.cause).toBe('steady');
    expect(moved.text).toContain('moves between parts');
  });

  test('see pages that were shared since a fork become copies', () => {
    const before = measureOf({ 'live objects': 200 }, { ussBytes: 10 * MIB });
    const after = measureOf({ 'live objects': 200 }, { ussBytes: 60 * MIB });
    const copied = conclude([{}], {
      moments: [
        { atSeconds: 0, measure: before },
        { atSeconds: 60, measure: after },
      ],
    });
    expect(copied).toMatchObject({ cause: 'copies after fork', remedy: expect.stringContaining('gc.freeze()') });
  });
});
