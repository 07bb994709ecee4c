import { expect, test } from 'vitest';
import type { Finding } from '../../../src/diagnose/find-report.ts';
import type { OpenSnapshot, WatchedProcess } from '../../../src/protocol/web/workspace.ts';
import { findEntries, type PaletteEntry, type PaletteSources, paletteIndex } from './palette-entries.ts';

const PROCESS: WatchedProcess = {
  pid: 4242,
  python: 'CPython 3.12.1',
  app: 'gunicorn worker [shop]',
  started_at_ms: 0,
  exited: false,
  has_findings: true,
};

function snapshotOf(id: string, title: string): OpenSnapshot {
  return { id, title, origin: 'process', pid: 4242, app: PROCESS.app, state: 'ready', has_memory_map: true };
}

function findingOf(rank: number, path: string, name: string): Finding {
  return {
    rank,
    kind: 'global container',
    verdict: 'leak',
    confidence: 'high',
    holder: { path, name, type: 'dict' },
    growth: { bytes_per_minute: 3 << 20, entries_per_minute: 0, series: [], types: [] },
    sites: [],
    shrinks: [],
    other_paths: [],
    because: [],
    advice: '',
  } as unknown as Finding;
}

const SOURCES: PaletteSources = {
  processes: [PROCESS],
  snapshots: [snapshotOf('s1', '14:03:12'), snapshotOf('s2', '14:09:40')],
  process: PROCESS,
  snapshot: snapshotOf('s2', '14:09:40'),
  findings: [
    findingOf(1, 'module shop.users › global sessions', 'shop.users.sessions'),
    findingOf(2, 'module shop.cart › global baskets', 'shop.cart.baskets'),
  ],
  pause: '12 ms',
  view: 'overview',
  subject: '',
};

function found(typed: string, sources: PaletteSources = SOURCES): readonly PaletteEntry[] {
  return findEntries(paletteIndex(sources), typed, sources);
}

function titles(typed: string, sources?: PaletteSources): string[] {
  return found(typed, sources).map(({ title }) => title);
}

test('without a word typed, everything is there: what the reader came for first', () => {
  expect(found('').map(({ title, detail, keys }) => [title, detail, keys ?? ''].join(' | '))).toMatchInlineSnapshot(`
    [
      "Suspect 1: global sessions | leak, +3.0 MB/min, shop.users.sessions | ",
      "Suspect 2: global baskets | leak, +3.0 MB/min, shop.cart.baskets | ",
      "Watch for growth | gunicorn worker [shop], a few snapshots | ",
      "Take a snapshot now | gunicorn worker [shop] stands still for 12 ms | ",
      "Mark this moment… | in the charts: type what happened | ",
      "Overview | does it leak, and who holds the memory | g o",
      "Types | objects and memory by type | g t",
      "Dominators | what keeps what alive, largest first | g d",
      "Query | objects that meet a condition | g q",
      "Compare | what grew between snapshots | g c",
      "Memory map | where every megabyte is | g m",
      "Garbage & GC | what waits for the collector | g b",
      "Resources | files, sockets and threads with their owners | g r",
      "Scan | lines of the source that will leak | g s",
      "Snapshots | take, open, export | g n",
      "Snapshot 14:03:12 | gunicorn worker [shop] | ",
      "Snapshot 14:09:40 | gunicorn worker [shop], looked at | ",
      "Process 4242 | gunicorn worker [shop], looked at | ",
      "Save as HTML page that opens without leakscope | snapshot 14:09:40 | ",
      "Save as .heap, leakscope’s own file | snapshot 14:09:40 | ",
      "Save as .heapsnapshot for Chrome DevTools and memlab | snapshot 14:09:40 | ",
      "Save as JSON report | snapshot 14:09:40 | ",
      "Save as pprof | snapshot 14:09:40 | ",
      "Save as speedscope | snapshot 14:09:40 | ",
      "Save as collapsed stacks | snapshot 14:09:40 | ",
      "Save as CSV of types | snapshot 14:09:40 | ",
      "Change theme | system, light, dark | ",
      "Help | keys and words | ?",
    ]
  `);
});

test('words are found in any order and any case, in titles and details', () => {
  expect(titles('SESSIONS suspect')[0]).toBe('Suspect 1: global sessions');
  expect(titles('cart')[0]).toBe('Suspect 2: global baskets');
  expect(titles('now  snapshot')[0]).toBe('Take a snapshot now');
  expect(titles('page html')[0]).toBe('Save as HTML page that opens without leakscope');
});

test('what begins with a word stands before what has it within', () => {
  expect(titles('map')[0]).toBe('Memory map');
  // Of "take, open, export": in the detail only.
  expect(titles('take')[0]).toBe('Take a snapshot now');
  expect(titles('compare')[0]).toBe('Compare');
});

test('what was typed may be an object, a type or a query', () => {
  expect(found('0x7F31c0A41200').map(({ title, action }) => ({ title, action }))).toEqual([
    { title: 'Object 0x7F31c0A41200', action: { act: 'go', view: 'object', subject: '0x7f31c0a41200' } },
    {
      title: 'Types with 0x7F31c0A41200 in their name',
      action: { act: 'go', view: 'types', params: { search: '0x7F31c0A41200' } },
    },
    { title: 'Query 0x7F31c0A41200', action: { act: 'go', view: 'query', params: { q: '0x7F31c0A41200' } } },
  ]);
  expect(titles('type:dict entries>1000')).toEqual([
    'Types with type:dict entries>1000 in their name',
    'Query type:dict entries>1000',
  ]);
  expect(titles('0x')).not.toContain('Object 0x');
  expect(titles('zebra', { ...SOURCES, snapshot: undefined })).toEqual([]);
});

test('a moment is marked by what stands after "mark"', () => {
  expect(found('mark')[0]!.action).toEqual({ act: 'type', text: 'mark ' });
  expect(found('mark load on')[0]!.action).toEqual({ act: 'mark', pid: 4242, label: 'load on' });
  // Looking for the command by its name marks nothing.
  expect(found('mark this moment')[0]!.action.act).toBe('type');
});

test('another snapshot is looked at in the same view, where that is about one', () => {
  const goes = (view: string, subject = '') => {
    const [first] = found('14:03:12', { ...SOURCES, view, subject });
    return first!.action;
  };
  expect(goes('object', '0x10')).toEqual({ act: 'go', view: 'object', subject: '0x10', params: { s: 's1' } });
  expect(goes('overview')).toEqual({ act: 'go', view: 'types', subject: '', params: { s: 's1' } });
});

test('what cannot be done is not offered', () => {
  const ended = { ...SOURCES, process: { ...PROCESS, exited: true } };
  expect(found('', ended).filter(({ action }) => 'pid' in action)).toEqual([]);
  expect(titles('mark load on', ended)).not.toContain('Mark this moment as “load on”');
  const watched = { ...SOURCES, process: { ...PROCESS, observing: { stage: 'snapshot 2 of 5' } } };
  expect(titles('watch', watched)[0]).toBe('Stop watching');
  const loading = { ...SOURCES, snapshot: { ...SOURCES.snapshot!, state: 'loading' } as const };
  expect(found('', loading).filter(({ action }) => action.act === 'save')).toEqual([]);
});
