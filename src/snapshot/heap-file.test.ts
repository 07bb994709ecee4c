import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryGraph } from '../../test/support/arbitrary-graph.ts';
import { graphFromText } from '../../test/support/graph-from-text.ts';
import { memorySink, memorySource } from '../../test/support/memory-bytes.ts';
import { LeakscopeError } from '../base/errors.ts';
import type { HeapGraph } from '../graph/heap-graph.ts';
import { EdgeKind, packEdgeName } from '../graph/heap-graph.ts';
import {
  END_SECTION,
  HEAP_FILE_MAGIC,
  type HeapFile,
  type HeapFileMeta,
  SECTIONS,
  type SectionData,
  SectionEncoding,
  type SectionName,
} from './heap-file.ts';
import { readHeap, readRawHeap } from './heap-reader.ts';
import { fileHeader, sectionHeader, writeHeap, writeSection } from './heap-writer.ts';
import type { StoredCollector } from './stored-collector.ts';
import { type Upgrader, upgradeHeap } from './upgrade.ts';

const META: HeapFileMeta = {
  toolVersion: '0.1.0',
  python: 'CPython 3.12.1',
  app: 'app.py',
  pid: 4242,
  takenAt: '2026-11-23T02:00:00.000Z',
  rssBytes: 1 << 30,
  pauseMs: 41.5,
  problems: [{ code: 'torn-dict', message: 'a dict was torn', count: 2, examples: ['0x10'] }],
};

const COLLECTOR: StoredCollector = {
  enabled: true,
  debug: 32,
  thresholds: [700, 10, 10],
  counts: [12, 3, 1],
  stats: [
    [9, 100, 0],
    [3, 0, 0],
    [1, 0, 2],
  ],
  generations: [12, 40, 9000],
  frozen: 375,
  longLivedTotal: 9000,
  longLivedPending: 12,
  incremental: false,
};

/** The heap of the committed fixture: change it only with a new fixture. */
const DRAWING = `
  root modules sys.modules -> users -> ns [field __dict__] -> cache [global user_cache] -> u1 [value 0]
  cache -> u2 [value 1]; cache -> k [key 1]; root native -> u2; u1 -> u1 [attribute me]; lost -> lost
  type users module; type cache dict; type u1 shop.users.User; type u2 shop.users.User; label users shop.users
  flags users code; flags ns namespace; entries cache 2; size cache 232; address lost 0x7f1234567890
`;

async function bytesOf(file: HeapFile): Promise<Uint8Array> {
  const sink = memorySink();
  await writeHeap(sink, file);
  return sink.bytes();
}

/** Only what a file holds, of graphs that carry more (a drawing's lookups). */
function columnsOf(graph: HeapGraph): HeapGraph {
  const { nodeCount, edgeCount, addresses, typeOf, shallowWords, entryCounts, nodeFlags } = graph;
  const { firstEdge, edgeTargets, edgeNames, types, strings, roots, labels } = graph;
  const nodes = { nodeCount, edgeCount, addresses, typeOf, shallowWords, entryCounts, nodeFlags };
  return { ...nodes, firstEdge, edgeTargets, edgeNames, types, strings, roots, labels };
}

async function failureOf(bytes: Uint8Array): Promise<LeakscopeError> {
  const result = await readHeap(memorySource(bytes)).then(
    () => new Error('it was read without complaint'),
    (error: unknown) => error,
  );
  if (!(result instanceof LeakscopeError)) throw result;
  return result;
}

/** Byte offset at which each section begins, the end of the file last. */
function sectionStarts(bytes: Uint8Array): { readonly name: string; readonly start: number }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const found: { name: string; start: number }[] = [];
  let at = HEAP_FILE_MAGIC.length + 4;
  while (at < bytes.length) {
    const nameLength = bytes[at]!;
    found.push({ name: new TextDecoder().decode(bytes.subarray(at + 1, at + 1 + nameLength)), start: at });
    let left = view.getUint32(at + nameLength + 2, true);
    at += nameLength + 10;
    while (left > 0) {
      left -= view.getUint32(at, true);
      at += 16 + view.getUint32(at + 8, true);
    }
  }
  return found;
}

describe('a .heap file', () => {
  test('gives back the graph and its meta', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryGraph(), async (graph) => {
        const read = await readHeap(memorySource(await bytesOf({ meta: META, graph })));
        expect(read.meta).toEqual(META);
        expect(read.graph).toEqual(graph);
      }),
      { numRuns: 50 },
    );
    const drawn = graphFromText(DRAWING);
    const { toolVersion, python, app, pid, takenAt } = META;
    const bare = { toolVersion, python, app, pid, takenAt };
    const read = await readHeap(memorySource(await bytesOf({ meta: bare, graph: drawn })));
    expect(read).toEqual({ meta: bare, graph: columnsOf(drawn) });
  });

  test('gives back how the collector was set', async () => {
    const meta = { ...META, collector: COLLECTOR };
    const read = await readHeap(memorySource(await bytesOf({ meta, graph: graphFromText('root -> a') })));
    expect(read.meta).toEqual(meta);
  });

  test('holds no field of the meta that is not documented', async () => {
    const collector = { ...COLLECTOR, garbage: ['hunter2'] };
    const meta = { ...META, collector, argv: ['--password', 'hunter2'] };
    const raw = await readRawHeap(memorySource(await bytesOf({ meta, graph: graphFromText('root -> a') })));
    expect(String(raw.sections.get('meta'))).not.toContain('hunter2');
  });

  test('of version 1 stays readable', async () => {
    const fixture = await readFile(new URL('../../test/fixtures/heap-files/v1.heap', import.meta.url));
    expect(await readHeap(memorySource(fixture))).toEqual({ meta: META, graph: columnsOf(graphFromText(DRAWING)) });
  });

  test('is refused by name when any of its bytes is changed', async () => {
    const intact = await bytesOf({ meta: META, graph: graphFromText(DRAWING) });
    const starts = sectionStarts(intact);
    expect(starts.map((s) => s.name)).toEqual([...Object.keys(SECTIONS), END_SECTION]);
    for (let at = 0; at < intact.length; at++) {
      const bytes = intact.slice();
      bytes[at]! ^= 1 << (at % 8);
      const error = await failureOf(bytes);
      const index = starts.findLastIndex((s) => s.start <= at);
      if (index < 0) {
        expect(error.message).toMatch(at < HEAP_FILE_MAGIC.length ? /not a leakscope snapshot/ : /has format/);
        continue;
      }
      // Where its header is unreadable, a section can only be named by the one before it.
      const names = [starts[index]!.name, starts[index - 1]?.name ?? 'header'];
      expect(error.code).toBe('E_HEAP_FILE');
      expect(names.some((name) => error.message.includes(name))).toBe(true);
    }
  });

  test('is refused when cut off anywhere', async () => {
    const intact = await bytesOf({ meta: META, graph: graphFromText(DRAWING) });
    const starts = sectionStarts(intact);
    for (let length = 0; length < intact.length; length++) {
      const error = await failureOf(intact.subarray(0, length));
      expect(error.code).toBe('E_HEAP_FILE');
      const index = starts.findLastIndex((s) => s.start <= length);
      if (index >= 0) expect(error.message).toMatch(/cut off/);
    }
    expect((await failureOf(Uint8Array.of(...intact, 0))).message).toMatch(/follow/);
  });

  test('gives an error and nothing worse, whatever is done to it', async () => {
    const intact = await bytesOf({ meta: META, graph: graphFromText(DRAWING) });
    const edit = fc.record({ at: fc.nat(intact.length - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), fc.nat(intact.length), async (edits, length) => {
        const bytes = intact.slice();
        for (const { at, bytes: replacement } of edits) bytes.set(replacement.subarray(0, bytes.length - at), at);
        const cut = bytes.subarray(0, Math.max(length, 12));
        if (Buffer.compare(cut, intact) === 0) return;
        expect((await failureOf(cut)).code).toMatch(/^E_HEAP_(FILE|VERSION)$/);
      }),
      { numRuns: 500 },
    );
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (noise) => {
        expect((await failureOf(Uint8Array.of(...fileHeader(1), ...noise))).code).toBe('E_HEAP_FILE');
      }),
    );
  });
});

/** A file whose sections are intact but whose content was chosen by an attacker. */
async function forge(changes: Partial<Record<SectionName, SectionData | undefined>>): Promise<Uint8Array> {
  const raw = await readRawHeap(memorySource(await bytesOf({ meta: META, graph: graphFromText(DRAWING) })));
  const sink = memorySink();
  await sink.write(fileHeader(1));
  for (const name of Object.keys(SECTIONS) as SectionName[]) {
    const data = name in changes ? changes[name] : raw.sections.get(name);
    if (data === undefined) continue;
    // Not the ascending encoding, which could not say what is being forged.
    const encoding = SECTIONS[name] === SectionEncoding.ascending ? SectionEncoding.delta : SECTIONS[name];
    await writeSection(sink, name, encoding, data);
  }
  await writeSection(sink, END_SECTION, SectionEncoding.bytes, new Uint8Array(0));
  return sink.bytes();
}

describe('forged content', () => {
  const drawn = graphFromText(DRAWING);
  const changed = (column: Uint32Array, at: number, value: number): Uint32Array => column.with(at, value);
  const firstRoot = (column: Uint8Array, value: number): Uint8Array => column.with(0, value);

  test('an unchanged copy is accepted', async () => {
    expect((await readHeap(memorySource(await forge({})))).graph.nodeCount).toBe(drawn.nodeCount);
  });

  test.each<[SectionName, SectionData | undefined]>([
    ['typeOf', changed(drawn.typeOf, 0, drawn.types.length)],
    ['typeOf', drawn.typeOf.subarray(1)],
    ['typeOf', undefined],
    ['firstEdge', changed(drawn.firstEdge, 1, 5)],
    ['firstEdge', changed(drawn.firstEdge, drawn.nodeCount, drawn.edgeCount + 1)],
    ['edgeTargets', changed(drawn.edgeTargets, 2, drawn.nodeCount)],
    ['edgeNames', changed(drawn.edgeNames, 0, packEdgeName(EdgeKind.attribute, drawn.strings.length))],
    ['edgeNames', changed(drawn.edgeNames, 0, 0xf0000000)],
    ['rootNodes', changed(drawn.roots.nodes, 1, drawn.nodeCount)],
    ['rootNodes', drawn.roots.nodes.toReversed()],
    ['rootKinds', firstRoot(drawn.roots.kinds, 8)],
    ['rootLabels', changed(drawn.roots.labels, 0, drawn.strings.length)],
    ['labelNodes', Uint32Array.of(drawn.nodeCount)],
    ['labelTexts', Uint32Array.of(drawn.strings.length)],
    ['typeAddresses', new Uint32Array(2 * drawn.types.length).fill(0xffffffff)],
    ['meta', ['{}']],
    ['meta', ['[']],
    ['meta', ['null']],
    ['meta', ['{"toolVersion":"1","python":"","app":"","pid":1,"takenAt":"","problems":[1]}']],
    ...[null, {}, { ...COLLECTOR, enabled: 1 }, { ...COLLECTOR, counts: ['1'] }, { ...COLLECTOR, stats: [1] }].map(
      (collector): ['meta', string[]] => ['meta', [JSON.stringify({ ...META, collector })]],
    ),
    ['meta', [JSON.stringify({ ...META, collector: { ...COLLECTOR, thresholds: new Array(1000).fill(1) } })]],
    ['meta', [JSON.stringify({ ...META, collector: { ...COLLECTOR, frozen: 0.5 } })]],
  ])('%s is refused', async (name, data) => {
    const error = await failureOf(await forge({ [name]: data }));
    expect(error.code).toBe('E_HEAP_FILE');
    expect(error.message).toContain(`'${name}'`);
  });

  test('a huge count is refused before memory is set aside for it', async () => {
    const sink = memorySink();
    await sink.write(fileHeader(1));
    await sink.write(sectionHeader('addresses', SectionEncoding.ascendingWide, 4_000_000_000));
    await sink.write(new Uint8Array(64));
    const error = await failureOf(sink.bytes());
    expect(error.message).toMatch(/'addresses'.*4000000000/);
  });

  test('a section that comes twice is refused', async () => {
    const sink = memorySink();
    await sink.write(fileHeader(1));
    for (let i = 0; i < 2; i++) await writeSection(sink, 'typeOf', SectionEncoding.varint, Uint32Array.of(1));
    expect((await failureOf(sink.bytes())).message).toMatch(/twice/);
  });

  test('a section this version does not know is passed over', async () => {
    const intact = await forge({});
    const { start } = sectionStarts(intact).at(-1)!;
    const sink = memorySink();
    await sink.write(intact.subarray(0, start));
    await writeSection(sink, 'futureColumn', SectionEncoding.varint, Uint32Array.of(1, 2, 3));
    await sink.write(intact.subarray(start));
    expect((await readHeap(memorySource(sink.bytes()))).graph.nodeCount).toBe(drawn.nodeCount);
  });
});

describe('versions', () => {
  test('upgraders run one after another', async () => {
    const v1 = await bytesOf({ meta: META, graph: graphFromText(DRAWING) });
    const rename: Upgrader = (raw) => {
      const sections = new Map(raw.sections);
      sections.set('strings2', sections.get('strings')!);
      sections.delete('strings');
      return { ...raw, sections };
    };
    const renameBack: Upgrader = (raw) => {
      const sections = new Map(raw.sections);
      sections.set('strings', [...(sections.get('strings2') as string[]), 'added by version 3']);
      sections.delete('strings2');
      return { ...raw, sections };
    };
    const upgraders = new Map([
      [1, rename],
      [2, renameBack],
    ]);
    const read = await readHeap(memorySource(v1), { upgraders, newestVersion: 3 });
    expect(read.graph.strings.at(-1)).toBe('added by version 3');
    expect(upgradeHeap(await readRawHeap(memorySource(v1)), upgraders, 3).version).toBe(3);
  });

  test('a newer file asks for a newer leakscope, a gap in the chain is named', async () => {
    const newer = await failureOf(fileHeader(7));
    expect([newer.code, newer.hint]).toEqual(['E_HEAP_VERSION', expect.stringContaining('newer')]);
    expect(() => upgradeHeap({ version: 1, sections: new Map() }, new Map(), 2)).toThrow(/format 1/);
  });
});
