// The journey of a user of `leakscope open`, over HTTP, on a real process that leaks: look, watch it grow, find the line
// and its fix, compare, save. What the daemon says is what the command line says of the same snapshot.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { HeapReport } from '../../src/diagnose/heap-report.ts';
import { FindReportSchema } from '../../src/protocol/find.ts';
import { PauseEstimateSchema } from '../../src/protocol/pause-estimate.ts';
import { PsReportSchema } from '../../src/protocol/ps.ts';
import { HeapReportSchema } from '../../src/protocol/report.ts';
import { RssReportSchema } from '../../src/protocol/rss.ts';
import type { DaemonEvent, Timeline } from '../../src/protocol/web/events.ts';
import type {
  Comparison,
  DominatorPath,
  GarbageView,
  MemoryMapView,
  ObjectDetail,
  ObjectsAnswer,
  RetainingGraph,
  TypeRow,
  Window,
} from '../../src/protocol/web/heap-views.ts';
import type { ScanView, SourceExcerpt } from '../../src/protocol/web/source-views.ts';
import type { OpenSnapshot, WatchedProcess, Workspace } from '../../src/protocol/web/workspace.ts';
import { listPids, readProcessStat } from '../../src/target/process-info.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { type OpenDaemon, openDaemon } from '../support/open-daemon.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startCommand, type TargetProcess } from '../support/target-process.ts';

const PROGRAM = `import time


class Session:
    def __init__(self, user):
        self.user = user
        self.history = [user] * 20


sessions = {}


def handle(number):
    sessions[number] = Session('secret-%d' % number)


def loop():
    loop_ = []
    loop_.append(loop_)


def main():
    number = 0
    print('ready', flush=True)
    while True:
        for _ in range(10):
            number += 1
            handle(number)
        loop()
        time.sleep(0.02)


main()
`;

const folder = mkdtempSync(join(tmpdir(), 'leakscope-open-live-'));
const program = join(folder, 'service.py');
let target: TargetProcess;
let daemon: OpenDaemon;
let pid: number;

beforeAll(async () => {
  writeFileSync(program, PROGRAM);
  target = await startCommand([anyInterpreter().path, program]);
  pid = target.pid;
  daemon = await openDaemon([String(pid)]);
  await daemon.enter();
});
afterAll(async () => {
  await daemon?.stop();
  await target?.stop();
  rmSync(folder, { recursive: true });
});

const snapshotOf = (workspace: Workspace, id: string): OpenSnapshot =>
  workspace.snapshots.find((snapshot) => snapshot.id === id)!;

async function takeSnapshot(): Promise<string> {
  const { id } = await daemon.send<OpenSnapshot>('POST', `/api/processes/${pid}/snapshots`);
  const workspace = await daemon.until<Workspace>('/api/workspace', (answer) => {
    const { state, analysing, failure } = snapshotOf(answer, id);
    expect(failure).toBeUndefined();
    return state === 'ready' && analysing === undefined;
  });
  expect(snapshotOf(workspace, id)).toMatchObject({ origin: 'process', pid, has_memory_map: true });
  return id;
}

test('says what runs here, and what a snapshot would cost', async () => {
  const listed = v.parse(PsReportSchema, await daemon.get('/api/processes'));
  expect(listed.processes.map((process) => process.pid)).toContain(pid);
  const estimate = v.parse(PauseEstimateSchema, await daemon.get(`/api/processes/${pid}/pause-estimate`));
  expect(estimate.target.pid).toBe(pid);
  expect(estimate.pause_ms).toBeGreaterThan(0);
});

test('a snapshot answers what the command line answers of the same one', async () => {
  const id = await takeSnapshot();
  const heap = join(folder, 'saved.heap');
  const saved = await fetch(`${daemon.base}/api/snapshots/${id}/export?format=heap`, {
    headers: { cookie: daemon.cookie() },
  });
  writeFileSync(heap, new Uint8Array(await saved.arrayBuffer()));
  const cli = async <T>(...words: string[]): Promise<T> =>
    JSON.parse((await runLeakscope([...words, '--json'])).stdout) as T;

  const shown = v.parse(HeapReportSchema, await daemon.get(`/api/snapshots/${id}/report`));
  const told = await cli<HeapReport>('report', heap, '--top', '50');
  expect({ ...shown, snapshot: {} }).toEqual({ ...told, snapshot: {} });

  const types = await daemon.get<Window<TypeRow>>(`/api/snapshots/${id}/types?sort=retained_bytes&limit=500`);
  const sessions = types.rows.find(({ name }) => name === '__main__.Session')!;
  const row = told.types.find(({ type }) => type === '__main__.Session')!;
  expect(sessions).toMatchObject({ objects: row.objects, bytes: row.bytes, retained_bytes: row.retained_bytes });
  expect(types.rows.reduce((sum, { objects }) => sum + objects, 0)).toBe(shown.heap.objects);

  const holder = told.holders.find(({ path }) => path === 'module __main__ › global sessions')!;
  const detail = await daemon.get<ObjectDetail>(`/api/snapshots/${id}/objects/${holder.address}`);
  const why = await cli<{ object: ObjectDetail & { referrer_count: number } }>('why', heap, holder.address);
  expect(detail).toMatchObject({
    entries: holder.entries,
    retained_bytes: holder.retained_bytes,
    retained_objects: holder.retained_objects,
    paths: why.object.paths,
  });
  expect(detail.referrers.total).toBe(why.object.referrer_count);

  const found = await daemon.get<ObjectsAnswer>(`/api/snapshots/${id}/objects?q=type:Session&limit=3`);
  const query = await cli<{ objects: number; bytes: number; matches: { retained_bytes: number }[] }>(
    'query',
    heap,
    'type:Session',
  );
  expect(found).toMatchObject({ total: query.objects, bytes: query.bytes });
  expect(found.rows[0]!.retained_bytes).toBe(query.matches[0]!.retained_bytes);
  const [first] = found.rows;
  const path = await daemon.get<DominatorPath>(`/api/snapshots/${id}/dominators/path?of=${first!.address}`);
  expect(path.map(({ address }) => address).slice(-2)).toEqual([holder.address, first!.address]);
  const graph = await daemon.get<RetainingGraph>(`/api/snapshots/${id}/objects/${first!.address}/retaining-graph`);
  expect(graph.nodes.map(({ label }) => label)).toContain('module __main__');
  expect(graph.edges.map(({ name }) => name)).toContain('global sessions');

  const misunderstood = await daemon.ask(`/api/snapshots/${id}/objects?q=nonsense:1`);
  expect(misunderstood.status).toBe(422);
  expect(JSON.parse(misunderstood.text)).toMatchObject({ start: 0, end: 10 });
});

test('the memory behind a snapshot: its parts add up, its picture and its garbage fit them', async () => {
  const id = await takeSnapshot();
  const rss = v.parse(RssReportSchema, await daemon.get(`/api/snapshots/${id}/rss`));
  expect(rss.target.pid).toBe(pid);
  expect(rss.resources?.descriptors).toBeGreaterThan(2);
  const map = await daemon.get<MemoryMapView>(`/api/snapshots/${id}/memory-map?limit=500`);
  expect(map.regions.length).toBe(map.region_count);
  const bytesOf = (use: string): number => map.totals.find((total) => total.use === use)?.bytes ?? 0;
  const partOf = (name: string): number => rss.parts.find((part) => part.name === name)?.bytes ?? 0;
  // Objects in static memory of the interpreter and blocks in memory that is no region are parts of others.
  for (const [use, part] of [
    ['objects', 'live objects'],
    ['buffers', 'object buffers'],
  ] as const) {
    expect(bytesOf(use) / partOf(part), use).toBeGreaterThan(0.9);
    expect(bytesOf(use) / partOf(part), use).toBeLessThan(1.1);
  }
  const cells = map.regions.flatMap((region) => region.cells);
  expect(cells.map(({ owner }) => owner)).toContain('module __main__ › global sessions');
  expect(map.regions.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(
    map.totals.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  // Whatever is sent of the regions, the sums are those of all.
  const { by_owner, by_type, sparse } = await daemon.get<MemoryMapView>(`/api/snapshots/${id}/memory-map?limit=1`);
  expect(by_owner.largest.map(({ name }) => name)).toContain('module __main__ › global sessions');
  expect(by_owner.bytes).toBe(bytesOf('objects') + bytesOf('buffers'));
  expect(by_type.bytes).toBe(by_owner.bytes + bytesOf('garbage'));
  expect(sparse).toMatchObject({
    arenas: rss.fragmentation.sparse_arenas,
    free_bytes: rss.fragmentation.sparse_free_bytes,
  });
  expect(cells.some(({ pins }) => pins === true)).toBe(sparse.arenas > 0);
  const garbage = await daemon.get<GarbageView>(`/api/snapshots/${id}/garbage`);
  expect(garbage.objects).toBe(rss.garbage.objects);
  expect(garbage.cycles.map(({ text }) => text)).toEqual(rss.garbage.largest.map(({ cycle }) => cycle));
});

test('watching it names the line and the fix, and the stream shows it grow', async () => {
  const streamed = daemon.events(
    ({ event, ...rest }: DaemonEvent & { sample?: { entries?: Readonly<Record<string, number>> } }) =>
      event === 'sample' && rest.sample?.entries !== undefined,
  );
  const before = await daemon.get<Workspace>('/api/workspace');
  await daemon.send<WatchedProcess>('POST', `/api/processes/${pid}/observation`, { seconds: 4 });
  await daemon.send('POST', `/api/processes/${pid}/marks`, { label: 'load on' });
  const events = await streamed;
  const kinds = new Set(events.map(({ event }) => event));
  expect([...kinds].toSorted()).toEqual(['findings', 'mark', 'sample', 'workspace']);

  const report = v.parse(FindReportSchema, await daemon.get(`/api/processes/${pid}/findings`));
  expect(report.verdict).toBe('leak');
  const [finding] = report.findings;
  expect(finding).toMatchObject({ holder: { path: 'module __main__ › global sessions' } });
  const site = finding!.sites[0]!;
  expect([site.file, site.code?.trim()]).toEqual([program, "sessions[number] = Session('secret-%d' % number)"]);

  const last = events.at(-1)!;
  if (last.event !== 'sample') throw new Error('the last event is a sample');
  expect(Object.keys(last.sample.entries!)).toEqual([finding!.holder.name]);
  expect(last.sample.entries![finding!.holder.name]).toBeGreaterThan(finding!.holder.entries!);
  const timeline = await daemon.get<Timeline>(`/api/processes/${pid}/timeline`);
  expect(timeline.marks.map(({ label }) => label)).toEqual(['load on']);
  expect(timeline.samples.every(({ rss_bytes }) => rss_bytes > 0)).toBe(true);

  const excerpt = await daemon.get<SourceExcerpt>(
    `/api/processes/${pid}/source?file=${encodeURIComponent(site.file)}&line=${site.line}`,
  );
  expect(excerpt.lines[excerpt.line - excerpt.first_line]).toContain('sessions[number] = Session(');
  const scan = await daemon.get<ScanView>(`/api/processes/${pid}/scan`);
  expect(scan.report.files).toBe(1);
  for (const diff of Object.values(scan.diffs)) expect(diff).toMatch(/^--- a\/[\s\S]*^\+/m);

  // Its last snapshot is open, with the holder in it.
  const workspace = await daemon.until<Workspace>(
    '/api/workspace',
    ({ snapshots }) => snapshots.length > before.snapshots.length && snapshots.at(-1)!.analysing === undefined,
  );
  const { id } = workspace.snapshots.at(-1)!;
  const detail = await daemon.get<ObjectDetail>(`/api/snapshots/${id}/objects/${finding!.holder.address}`);
  expect(detail).toMatchObject({ type: 'dict', path: finding!.holder.path });
  // The finding's are those of the last look, which came after the snapshot.
  expect(detail.entries).toBeGreaterThan(finding!.holder.entries! / 2);
  expect(detail.entries).toBeLessThanOrEqual(finding!.holder.entries!);
});

test('snapshots are compared: by sets, by holder, and by what is new', async () => {
  const ids = [await takeSnapshot(), await takeSnapshot()];
  const comparison = await daemon.get<Comparison>(`/api/compare?snapshots=${ids.join()}`);
  expect(comparison.diff.same_process).toBe(true);
  expect(comparison.diff.holders[0]).toMatchObject({ path: 'module __main__ › global sessions' });
  const [grown] = comparison.entries;
  expect(grown!.counts[1]).toBeGreaterThan(grown!.counts[0]!);
  const workspace = await daemon.get<Workspace>('/api/workspace');
  ids.forEach((id, place) => {
    const members = comparison.sets.filter((set) => set.in.includes(place));
    expect(members.reduce((sum, { objects }) => sum + objects, 0)).toBe(snapshotOf(workspace, id).objects);
  });
  const fresh = await daemon.get<ObjectsAnswer>(`/api/snapshots/${ids[1]}/objects?since=${ids[0]}&limit=1`);
  expect(fresh.total).toBe(comparison.diff.new_objects);
  // Every set is also a question: the objects of its newest snapshot, by the others they are and are not in.
  const all = [...ids, await takeSnapshot()];
  const { sets } = await daemon.get<Comparison>(`/api/compare?snapshots=${all.join()}`);
  for (const set of sets) {
    const asked = new URLSearchParams({ limit: '1' });
    const inside = set.in.slice(0, -1).map((place) => all[place]!);
    const outside = all.filter((_, place) => !set.in.includes(place));
    if (outside.length > 0) asked.set('since', outside.join());
    if (inside.length > 0) asked.set('also_in', inside.join());
    const members = await daemon.get<ObjectsAnswer>(`/api/snapshots/${all[set.in.at(-1)!]}/objects?${asked}`);
    // An address that another object used in between counts twice there.
    expect(Math.abs(members.total - set.objects), `${asked}`).toBeLessThanOrEqual(set.objects * 0.01);
  }
});

test('no value of the program is in any answer', async () => {
  const id = await takeSnapshot();
  for (const path of ['report', 'objects?q=type:Session', 'rss', 'types', 'export?format=json', 'retained-tree']) {
    expect((await daemon.ask(`/api/snapshots/${id}/${path}`)).text, path).not.toContain('secret-1');
  }
});

test('ends at Ctrl-C with everything it started, and the program runs on', async () => {
  // In the middle of a run, with a stream open.
  await daemon.send('POST', `/api/processes/${pid}/observation`, { seconds: 600 });
  await daemon.until<Workspace>('/api/workspace', ({ processes }) =>
    /watching/.test(processes[0]!.observing?.stage ?? ''),
  );
  const stream = daemon.events(() => false).catch((error: unknown) => error);
  const own = childrenOf(daemon.child.pid!);
  expect(own.length).toBeGreaterThan(0);
  // Threads that have ended leave none of theirs behind.
  expect(own.filter((child) => readProcessStat(child)?.state === 'Z')).toEqual([]);
  expect(await daemon.interrupt()).toBe(0);
  expect(await stream).toBeInstanceOf(Error);
  for (const child of own) {
    while (readProcessStat(child) !== undefined) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(readProcessStat(pid)?.state).toMatch(/^[RSD]$/);
});

function childrenOf(parent: number): number[] {
  return listPids().filter((child) => readProcessStat(child)?.parentPid === parent);
}

test('a process that ends stays open with what is known of it; what is none is refused', async () => {
  const short = await startCommand([anyInterpreter().path, program]);
  const other = await openDaemon([]);
  try {
    await other.enter();
    expect((await other.get<Workspace>('/api/workspace')).processes).toEqual([]);
    await other.send<WatchedProcess>('POST', '/api/processes', { pid: short.pid });
    const headers = { origin: other.base, 'content-type': 'application/json' };
    const open = (asked: number) =>
      other.ask('/api/processes', { method: 'POST', body: JSON.stringify({ pid: asked }), headers });
    expect(JSON.parse((await open(4_194_000)).text)).toMatchObject({ error: { code: 'E_NO_SUCH_PROCESS' } });
    expect(JSON.parse((await open(other.child.pid!)).text)).toMatchObject({ error: { code: 'E_NOT_PYTHON' } });
    await short.stop();
    await other.until<Workspace>('/api/workspace', ({ processes }) => processes[0]!.exited);
    const late = await other.ask(`/api/processes/${short.pid}/snapshots`, { method: 'POST', body: '{}', headers });
    expect(JSON.parse(late.text)).toMatchObject({ error: { code: 'E_TARGET_EXITED' } });
    expect((await other.get<Timeline>(`/api/processes/${short.pid}/timeline`)).samples.length).toBeGreaterThan(0);
    expect(await other.interrupt()).toBe(0);
  } finally {
    await other.stop();
    await short.stop();
  }
});

test('a file that is none says so, and the others open', async () => {
  const broken = join(folder, 'broken.heap');
  writeFileSync(broken, 'no heap at all');
  const other = await openDaemon([broken]);
  try {
    await other.enter();
    const workspace = await other.until<Workspace>(
      '/api/workspace',
      ({ snapshots }) => snapshots[0]!.state === 'failed',
    );
    expect(workspace.snapshots[0]!.failure).toMatchObject({ code: 'E_HEAP_FILE' });
    const answer = await other.ask('/api/snapshots/s1/types');
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([409, { error: { code: 'E_HEAP_FILE' } }]);
    await other.send('DELETE', '/api/snapshots/s1');
    expect((await other.ask('/api/snapshots/s1/types')).status).toBe(404);
  } finally {
    await other.stop();
  }
  const missing = await runLeakscope(['open', '--no-browser', join(folder, 'nowhere.heap')]);
  expect([missing.exitCode, missing.stderr]).toEqual([3, expect.stringContaining('E_FILE_READ')]);
});
