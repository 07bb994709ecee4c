// Judges drawn runs: what came between snapshots, whom it hangs on, and what that is called.

import { describe, expect, test } from 'vitest';
import { type DrawnRunOptions, drawResources, drawRun, drawSocket, SHOP } from '../../test/support/drawn-runs.ts';
import { diagnose } from './diagnose.ts';
import type { Finding, FindReport } from './find-report.ts';

/** Entries at each of five snapshots of a minute. */
const STEADY = [100, 150, 200, 250, 300];

interface Drawn {
  /** Statements of every snapshot. */
  readonly always: string;
  /** Statements of entry n. */
  readonly entry: (n: number) => string;
  /** Statements that depend on the number of entries. */
  readonly total?: (count: number) => string;
}

function judge(drawn: Drawn, counts: readonly number[] = STEADY, options: DrawnRunOptions = {}): FindReport {
  const texts = counts.map((count) =>
    [SHOP, drawn.always, drawn.total?.(count) ?? '', ...Array.from({ length: count }, (_, n) => drawn.entry(n))].join(
      '\n',
    ),
  );
  return diagnose(drawRun(texts, options));
}

function only(report: FindReport): Finding {
  expect(report.findings.map((finding) => finding.holder.path)).toHaveLength(1);
  return report.findings[0]!;
}

const user = (holder: string, n: number): string =>
  `${holder} -> u${n} [value ${n}] -> d${n} [field __dict__]; type u${n} shop.User; type d${n} dict
   flags d${n} namespace; size u${n} 48; size d${n} 104`;

const globalCache: Drawn = {
  always: 'globals -> cache [global cache]; type cache dict',
  total: (count) => `entries cache ${count}`,
  entry: (n) => user('cache', n),
};

describe('an old dict with new entries', () => {
  test('is the holder, with its rates, its types and its lines', () => {
    const files = [
      {
        path: '/srv/shop.py',
        module: 'shop',
        text: 'cache = {}\nclass User: pass\ndef add(n):\n    cache[n] = User()\n',
      },
    ];
    const report = judge(globalCache, STEADY, { files });
    expect(report.verdict).toBe('leak');
    const finding = only(report);
    expect(finding).toMatchObject({
      kind: 'global container',
      verdict: 'leak',
      holder: { path: 'module shop › global cache', name: 'shop.cache', type: 'dict', entries: 300 },
      growth: { entries_per_minute: 200, bytes_per_minute: 200 * 152, objects_per_minute: 400 },
    });
    expect(finding.growth.types).toEqual([
      { type: 'dict', objects_per_minute: 200, bytes_per_minute: 200 * 104 },
      { type: 'shop.User', objects_per_minute: 200, bytes_per_minute: 200 * 48 },
    ]);
    expect(finding.sites[0]).toMatchObject({ file: '/srv/shop.py', line: 4, function: 'add', basis: 'writes holder' });
    expect(finding.because.join('; ')).toMatch(/grew steadily over 5 measurements.*removed from nowhere/);
  });

  test('that stopped, stepped, fell back or stayed is none', () => {
    for (const counts of [
      [100, 200, 290, 300, 300, 300, 300],
      [100, 100, 100, 300, 300],
      [100, 250, 300, 120, 140],
      [300, 300, 300, 300, 300],
      [300, 250, 200, 150, 100],
    ]) {
      const report = judge(globalCache, counts);
      expect([report.verdict, report.findings], counts.join(' ')).toEqual(['healthy', []]);
    }
  });

  test('seen twice shows what grew, but is not enough for a verdict', () => {
    const twice = judge(globalCache, [100, 300]);
    expect(twice.verdict).toBe('inconclusive');
    expect(twice.findings[0]?.verdict).toBe('suspect');
    expect(judge(globalCache, [100]).verdict).toBe('inconclusive');
  });

  test('seen once, but about to run out of descriptors', () => {
    const resources = drawResources(8, (i) => ({ descriptors: 800 + i * 20 }), 2);
    const dying = judge(globalCache, [100], { overrides: { resources, descriptorLimit: 1000 } });
    expect([dying.verdict, dying.findings[0]?.kind]).toEqual(['leak', 'file descriptors']);
    const roomy = judge(globalCache, [100], { overrides: { resources, descriptorLimit: 100_000 } });
    expect(roomy.verdict).toBe('inconclusive');
  });

  test('below its bound fills up, past it leaks', () => {
    const filling = judge(globalCache, STEADY, { bounds: { cache: 1000 } });
    expect([filling.verdict, filling.findings]).toEqual(['healthy', []]);
    expect(filling.not_leaking.join()).toContain('shop.cache: a cache filling to its bound, 300 of 1,000 entries');
    const past = judge(globalCache, STEADY, { bounds: { cache: 120 } });
    expect(past.verdict).toBe('leak');
    expect(only(past).holder.bound).toBe(120);
  });

  test('that is full and turns over gains nothing', () => {
    const texts = [0, 50, 100, 150, 200].map((first) =>
      [
        SHOP,
        globalCache.always,
        'entries cache 200',
        ...Array.from({ length: 200 }, (_, n) => user('cache', first + n)),
      ].join('\n'),
    );
    expect(diagnose(drawRun(texts)).verdict).toBe('healthy');
  });

  test('is told apart from one that only turns over', () => {
    const texts = STEADY.map((count, i) =>
      [
        SHOP,
        'globals -> cache [global cache]; type cache dict; globals -> recent [global recent]; type recent dict',
        `entries cache ${count}; entries recent 100`,
        ...Array.from({ length: count }, (_, n) => user('cache', n)),
        ...Array.from({ length: 100 }, (_, n) => user('recent', 10_000 + i * 100 + n)),
      ].join('\n'),
    );
    const report = diagnose(drawRun(texts));
    expect(only(report).holder.path).toBe('module shop › global cache');
    // Of 300 new users 200 are growth: the rest replaced others.
    expect(report.findings[0]!.growth.bytes_per_minute).toBeLessThanOrEqual(200 * 152);
  });
});

describe('other holders', () => {
  test('many small old lists under one global are one group', () => {
    const lists = Array.from({ length: 20 }, (_, k) => `groups -> list${k} [value ${k}]; type list${k} list`).join(
      '\n',
    );
    const report = judge({
      always: `globals -> groups [global groups]; type groups dict; entries groups 20\n${lists}`,
      total: (count) =>
        Array.from({ length: 20 }, (_, k) => `entries list${k} ${Math.floor((count + 19 - k) / 20)}`).join('\n'),
      entry: (n) => `list${n % 20} -> row${n} [element ${Math.floor(n / 20)}]; type row${n} shop.Row; size row${n} 64`,
    });
    const finding = only(report);
    expect(finding.holder).toMatchObject({ path: "module shop › global groups › ['…']", type: 'list', entries: 300 });
    expect(finding.holder.name).toContain('20 objects');
    expect(finding.holder.address).toBeUndefined();
    expect(finding.growth.entries_per_minute).toBe(200);
  });

  test('a linked list hangs on the variable of its head', () => {
    // New links come in front: the head is new each time, and the old ones move down.
    const report = judge({
      always: 'type globals dict',
      total: (count) => `globals -> link${count - 1} [global head]`,
      entry: (n) =>
        `${n === 0 ? '' : `link${n} -> link${n - 1} [attribute following];`} type link${n} shop.Link; size link${n} 64`,
    });
    expect(only(report)).toMatchObject({
      verdict: 'leak',
      holder: { path: 'module shop › global head', name: 'shop.head' },
      growth: { bytes_per_minute: 200 * 64 },
    });
  });

  test('what two hold is counted once, with the other path beside', () => {
    const report = judge({
      always:
        'globals -> rows [global rows]; type rows list; globals -> service [global service]; type service shop.Service\n' +
        'service -> own [field __dict__]; flags own namespace; type own dict; own -> rows [attribute rows]',
      total: (count) => `entries rows ${count}`,
      entry: (n) => `rows -> row${n} [element ${n}]; type row${n} shop.Row; size row${n} 64`,
    });
    const finding = only(report);
    expect(finding.growth.objects_per_minute).toBe(200);
    expect([finding.holder.path, ...finding.other_paths].sort()).toEqual([
      'module shop › global rows',
      'module shop › global service › .rows',
    ]);
  });

  test('a text that is appended to has no entries, and is found by its size', () => {
    const texts = [1, 2, 3, 4, 5].map((n) =>
      [SHOP, 'globals -> text [global report]; type text str', `size text ${n * 20_000}`].join('\n'),
    );
    expect(only(diagnose(drawRun(texts)))).toMatchObject({
      verdict: 'leak',
      holder: { path: 'module shop › global report', type: 'str' },
      growth: { bytes_per_minute: 80_000 },
    });
    // With a new address each time it takes five snapshots to believe it.
    const moved = (count: number): string[] =>
      Array.from({ length: count }, (_, n) =>
        [SHOP, `globals -> text${n} [global report]; type text${n} str; size text${n} ${(n + 1) * 20_000}`].join('\n'),
      );
    expect(diagnose(drawRun(moved(5))).verdict).toBe('leak');
    expect(diagnose(drawRun(moved(3))).verdict).toBe('healthy');
  });
});

describe('without a Python holder', () => {
  const garbage: Drawn = {
    always: '',
    entry: (n) => `a${n} -> b${n} -> a${n}; type a${n} shop.Job; type b${n} shop.Job; size a${n} 64; size b${n} 64`,
  };
  const collectors = (enabled: boolean, fullCollections: (i: number) => number) =>
    STEADY.map((_, i) => ({
      enabled,
      stats: [0, 0, fullCollections(i)].map((collections) => ({ collections, collected: 0, uncollectable: 0 })),
    }));

  test('garbage that waits for the collector is none; with the collector off it is', () => {
    expect(judge(garbage, STEADY, { collectors: collectors(true, () => 1) }).verdict).toBe('healthy');
    const off = judge(garbage, STEADY, { collectors: collectors(false, () => 1) });
    expect(only(off)).toMatchObject({ kind: 'uncollected cycle', verdict: 'leak' });
    expect(off.heap.garbage_objects).toBe(600);
  });

  test('garbage that outlives full collections is uncollectable', () => {
    const old: Drawn = {
      ...garbage,
      entry: (n) => `${garbage.entry(n)}; flags a${n} oldGeneration; flags b${n} oldGeneration`,
    };
    const report = judge(old, STEADY, { collectors: collectors(true, (i) => i) });
    expect(only(report)).toMatchObject({ kind: 'uncollectable cycle', verdict: 'leak' });
  });

  test('objects that only native code holds', () => {
    const report = judge({
      always: '',
      entry: (n) =>
        `root native -> lost${n} [element 0] -> item${n} [element 0]; type lost${n} list; type item${n} str
         flags lost${n} nativelyHeld; size lost${n} 64; size item${n} 128`,
    });
    expect(only(report)).toMatchObject({
      kind: 'native hold (reference leak: no Python owner)',
      verdict: 'leak',
      holder: { type: 'list', entries: 300 },
      growth: { entries_per_minute: 200, bytes_per_minute: 200 * 192 },
    });
  });

  test('raw blocks that nobody owns, by size; those of a steady number are none', () => {
    const ownerless = STEADY.map((count) => [
      { blockBytes: 4096, count },
      { blockBytes: 64, count: 5000 },
    ]);
    const report = judge({ always: '', entry: () => '' }, STEADY, { ownerless });
    const finding = only(report);
    expect(finding).toMatchObject({
      kind: 'native memory (no Python owner)',
      growth: { bytes_per_minute: 200 * 4096 },
    });
    expect(finding.because.join()).toContain('200 of 4.0 KB');
    expect(finding.because.join()).not.toContain('64 B');
    expect(
      judge({ always: '', entry: () => '' }, STEADY, { ownerless: ownerless.map(() => ownerless[0]!) }).verdict,
    ).toBe('healthy');
  });
});

describe('what the kernel counts', () => {
  const still: Drawn = { always: '', entry: () => '' };
  const withResources = (at: Parameters<typeof drawResources>[1]): FindReport =>
    judge(still, [0, 0, 0], { overrides: { resources: drawResources(20, at) } });

  test('descriptors, threads and children that rise to the end', () => {
    expect(only(withResources((i) => ({ descriptors: 10 + i })))).toMatchObject({
      kind: 'file descriptors',
      holder: { name: 'file descriptors', entries: 29 },
      growth: { entries_per_minute: 19 },
    });
    expect(only(withResources((i) => ({ threads: 1 + i }))).kind).toBe('thread');
    const zombies = only(withResources((i) => ({ children: i, zombies: i })));
    expect(zombies.kind).toBe('child processes');
    expect(zombies.because.join()).toContain('19 of them ended and were not waited for');
  });

  test('a pool that fills, a burst that ends and a few more are none', () => {
    for (const at of [
      (i: number) => ({ threads: 1 + Math.min(i, 8) }),
      (i: number) => ({ descriptors: 10 + (i > 5 && i < 12 ? 40 : 0) }),
      (i: number) => ({ descriptors: 10 + (i > 10 ? 3 : 0) }),
      (i: number) => ({ children: i % 4 }),
    ]) {
      expect(withResources(at).findings).toEqual([]);
    }
  });

  describe('descriptors name the Python object that holds them', () => {
    const opened: Drawn = {
      always: 'globals -> opened [global opened]; type opened list; globals -> fd [global fd]; type fd int',
      total: (count) => `entries opened ${count}`,
      entry: (n) => `opened -> file${n} [element ${n}]; type file${n} _io.FileIO; size file${n} 80`,
    };
    const rising = drawResources(20, (i) => ({ descriptors: 110 + i * 10 }));
    const sockets = Array.from({ length: 6 }, (_, i) => drawSocket(20 + i, i < 4 ? 'CLOSE_WAIT' : 'ESTABLISHED'));
    const found = (owner: (i: number) => string | undefined): FindReport['findings'][number] => {
      const report = judge(opened, STEADY, { overrides: { resources: rising }, kernel: { items: sockets, owner } });
      return report.findings.find(({ kind }) => kind === 'file descriptors')!;
    };

    test('most of them in one container', () => {
      const finding = found((i) => (i === 0 ? undefined : `file${i}`));
      expect(finding.holder).toMatchObject({
        path: 'module shop › global opened › file descriptors',
        name: 'file descriptors of shop.opened',
        type: 'list',
        entries: STEADY.at(-1),
      });
      expect(finding.because).toEqual([
        '300 file descriptors now; grew steadily over 20 measurements',
        '5 of 6 new ones are held by module shop › global opened › […] (_io.FileIO)',
        '1 of 6 new ones have no Python owner (20)',
        'of the new ones 4 in CLOSE_WAIT to 10.0.0.5:5432, 2 in ESTABLISHED to 10.0.0.5:5432',
      ]);
    });

    test('most of them nowhere', () => {
      const finding = found((i) => (i === 0 ? 'file0' : undefined));
      expect(finding.holder.path).toBe('no Python owner › file descriptors');
      expect(finding.because[1]).toBe('5 of 6 new ones have no Python owner (21, 22, 23, 24, 25)');
    });

    test('a mapping is said instead of its descriptors', () => {
      const report = judge(opened, STEADY, {
        overrides: { resources: drawResources(20, (i) => ({ descriptors: 110 + i * 10, maps: i * 10 })) },
        kernel: {
          items: sockets.flatMap((socket) => [
            socket,
            { ...socket, kind: 'memory maps' as const, state: '', bytes: 4096 },
          ]),
          owner: (i) => `file${i}`,
        },
      });
      const kinds = report.findings.map(({ kind }) => kind);
      expect(kinds).toContain('memory maps');
      expect(kinds).not.toContain('file descriptors');
    });
  });

  test('deleted files that stay open are temporary files', () => {
    const deleted = Array.from({ length: 10 }, (_, i) => ({
      ...drawSocket(20 + i, ''),
      kind: 'deleted files' as const,
      name: 'files in /tmp',
      bytes: 1 << 20,
    }));
    const finding = only(
      judge(still, [0, 0, 0], {
        overrides: { resources: drawResources(20, (i) => ({ descriptors: 10 + i })) },
        kernel: { items: deleted, owner: () => undefined },
      }),
    );
    expect(finding).toMatchObject({ kind: 'temporary files', verdict: 'leak' });
    expect(finding.because).toContain('10 of the new ones are deleted files still open: 10 MB of disk not given back');
  });

  test('a temporary file that grows is a suspect, segments of shared memory that stay are a leak', () => {
    const growing = judge(still, [0, 0, 0], {
      overrides: {
        resources: drawResources(20, () => ({})),
        temporaryBytes: [0, 1, 2, 3, 4].map((i) => [i * 15, i * (10 << 20)] as const),
      },
    });
    expect(only(growing)).toMatchObject({
      kind: 'temporary files',
      verdict: 'suspect',
      growth: { bytes_per_minute: 40 << 20 },
    });
    expect(only(withResources((i) => ({ segments: i })))).toMatchObject({ kind: 'shared memory', verdict: 'leak' });
    expect(withResources((i) => ({ maps: Math.min(i, 5), segments: i % 3 })).findings).toEqual([]);
  });

  test('resident memory that nothing explains is a suspect, never a leak', () => {
    const report = withResources((i) => ({ rssBytes: (100 + i * 10) << 20 }));
    expect([report.verdict, report.findings[0]?.confidence]).toEqual(['suspect', 'low']);
  });
});

describe('the report', () => {
  test('ranks by cost and leaves out what is nothing beside the first', () => {
    const sizes = { big: 8000, middle: 1000, tiny: 8 };
    const names = Object.keys(sizes) as (keyof typeof sizes)[];
    const report = judge({
      always: names.map((name) => `globals -> ${name} [global ${name}]; type ${name} list`).join('\n'),
      total: (count) => names.map((name) => `entries ${name} ${count}`).join('\n'),
      entry: (n) =>
        names
          .map(
            (name) =>
              `${name} -> ${name}${n} [element ${n}]; type ${name}${n} shop.${name}; size ${name}${n} ${sizes[name]}`,
          )
          .join('\n'),
    });
    expect(report.findings.map(({ rank, holder }) => [rank, holder.name])).toEqual([
      [1, 'shop.big'],
      [2, 'shop.middle'],
    ]);
  });

  test('says when the limit is reached, and only of what grows', () => {
    const target = {
      pid: 1,
      python: 'CPython 3.12.1',
      app: 'app.py',
      uptime_seconds: 60,
      rss_bytes: 1000,
      memory_limit_bytes: 1000 + 200 * 152,
    };
    const options = { overrides: { target } };
    expect(judge(globalCache, STEADY, options).growth.seconds_to_limit).toBeCloseTo(60);
    expect(judge(globalCache, [300, 300, 300], options).growth.seconds_to_limit).toBeUndefined();
  });

  test('a run that ended early says so', () => {
    const report = judge(globalCache, [100], { overrides: { endedEarly: 'the process exited after 2 s' } });
    expect(report.summary).toBe('not enough evidence: the process exited after 2 s');
  });

  test('free memory is told apart from what leaks', () => {
    const report = judge(globalCache, [300, 300, 300], { freeSmallBytes: 38 << 20 });
    expect(report.not_leaking.join()).toContain('38 MB free inside Python');
  });
});
