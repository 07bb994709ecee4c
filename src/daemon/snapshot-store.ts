// The snapshots that are open: loading in a thread of its own, each handed to the thread that answers as it comes.

import { basename } from 'node:path';
import { LeakscopeError } from '../base/errors.ts';
import { WORD_BYTES } from '../graph/heap-graph.ts';
import type { OpenSnapshot, SnapshotId, SnapshotOrigin } from '../protocol/web/workspace.ts';
import { coreCompression } from '../target/core-stream.ts';
import { describeFailure, failureError } from './failures.ts';
import { type ExportedHeap, type ExportName, type ExportRequest, exportFile } from './heap-export.ts';
import { QueryClient } from './query-client.ts';
import { type Question, snapshotsOf } from './questions.ts';
import { runTask } from './task-run.ts';
import type { ReadGraph, Task, TaskMessage } from './tasks.ts';

type Described = { -readonly [K in keyof OpenSnapshot]: OpenSnapshot[K] };

interface Entry {
  readonly view: Described;
  /** Aborted when it is closed. */
  readonly cancellation: AbortController;
  /** Resolves when its graph can be asked, rejects with what kept it from being read. */
  readonly opened: Promise<void>;
  readonly settleOpened: (failure?: LeakscopeError) => void;
  /** What exports are made from; its columns are shared with the other threads. */
  loaded?: ExportedHeap & Pick<ReadGraph, 'meta'>;
}

/** Takes the messages of a task that reads a snapshot. */
export interface SnapshotFeed {
  readonly id: SnapshotId;
  readonly onMessage: (message: TaskMessage) => void;
  /** The task has ended, with an error or without. */
  readonly ended: (error?: unknown) => void;
}

export class SnapshotStore {
  readonly #queries = new QueryClient();
  readonly #entries = new Map<SnapshotId, Entry>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #changed: () => void;
  #next = 1;

  /** `changed` is called when what `list` gives has. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  list(): readonly OpenSnapshot[] {
    return [...this.#entries.values()].map(({ view }) => view);
  }

  /** Opens a .heap or a core file, which are told apart by how they begin. */
  openFile(path: string, sysroot: string | undefined): OpenSnapshot {
    const isCore = coreCompression(path) !== undefined;
    const task: Task = isCore ? { kind: 'open core', path, sysroot } : { kind: 'open heap', path };
    return this.#load(task, { title: basename(path), origin: isCore ? 'core' : 'heap file', file: path });
  }

  /** Takes one of a live process. `onSources` is told which source files it runs. */
  take(pid: number, onSources: (files: readonly string[]) => void): OpenSnapshot {
    return this.#load({ kind: 'snapshot', pid }, { title: timeOfDay(new Date()), origin: 'process', pid }, onSources);
  }

  /** One whose task somebody else runs. */
  feed(about: { readonly title: string; readonly origin: SnapshotOrigin; readonly pid?: number }): SnapshotFeed {
    return this.#begin(about).feed;
  }

  close(id: SnapshotId): void {
    const { cancellation, settleOpened } = this.#entry(id);
    cancellation.abort();
    settleOpened(notOpen(id));
    this.#entries.delete(id);
    this.#queries.tell({ request: 'close', id });
    this.#changed();
  }

  /** The answer as JSON. */
  async ask(question: Question): Promise<string> {
    for (const id of snapshotsOf(question)) await this.#entry(id).opened;
    return this.#queries.ask(question);
  }

  /** A file to save: hands it to `write` piece by piece. */
  async export(
    id: SnapshotId,
    options: { readonly format: ExportName; readonly table: ExportRequest['table']; readonly signal: AbortSignal },
    write: (bytes: Uint8Array) => Promise<void>,
  ): Promise<void> {
    const { format, table, signal } = options;
    const { graph, facts, problems, meta } = this.#loadedOf(id);
    await runTask(
      { kind: 'export', request: { graph, facts, problems, meta, format, table } },
      {
        signal,
        onMessage: (message) => (message.message === 'piece' ? write(message.bytes) : undefined),
      },
    );
  }

  /** What the export of a snapshot is called and is. Throws where there is nothing to export. */
  exportFile(id: SnapshotId, format: ExportName, table: ExportRequest['table']): { name: string; type: string } {
    const { facts } = this.#loadedOf(id);
    const { extension, type } = exportFile(format, table);
    const taken = facts.taken_at.replace(/[^0-9T]/g, '').slice(0, 15);
    return { name: `leakscope-${facts.pid}-${taken}.${extension}`, type };
  }

  async closeAll(): Promise<void> {
    for (const { cancellation } of this.#entries.values()) cancellation.abort();
    await Promise.all(this.#tasks);
    await this.#queries.close();
  }

  #load(
    task: Task,
    about: { readonly title: string; readonly origin: SnapshotOrigin; readonly pid?: number; readonly file?: string },
    onSources?: (files: readonly string[]) => void,
  ): OpenSnapshot {
    const { entry, feed } = this.#begin(about);
    const onMessage = (message: TaskMessage): void => {
      if (message.message === 'sources') onSources?.(message.files);
      else feed.onMessage(message);
    };
    const running = runTask(task, { signal: entry.cancellation.signal, onMessage }).then(
      () => feed.ended(),
      (error) => feed.ended(error),
    );
    this.#tasks.add(running);
    void running.finally(() => this.#tasks.delete(running));
    return entry.view;
  }

  #begin(about: {
    readonly title: string;
    readonly origin: SnapshotOrigin;
    readonly pid?: number;
    readonly file?: string;
  }): { readonly entry: Entry; readonly feed: SnapshotFeed } {
    const { file, ...described } = about;
    const id = `s${this.#next++}`;
    let settleOpened: Entry['settleOpened'] = () => {};
    const opened = new Promise<void>((resolve, reject) => {
      settleOpened = (failure) => (failure === undefined ? resolve() : reject(failure));
    });
    // Nobody may have asked yet.
    opened.catch(() => {});
    const entry: Entry = {
      opened,
      settleOpened,
      view: { id, ...described, state: 'loading', loading: { stage: 'opening' }, has_memory_map: false },
      cancellation: new AbortController(),
    };
    this.#entries.set(id, entry);
    this.#changed();
    return {
      entry,
      feed: {
        id,
        onMessage: (message) => this.#receive(id, message, file),
        ended: (error) => this.#ended(id, error),
      },
    };
  }

  #receive(id: SnapshotId, message: TaskMessage, file: string | undefined): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const { view } = entry;
    switch (message.message) {
      case 'progress': {
        const { stage, fraction } = message;
        const activity = fraction === undefined ? { stage } : { stage, fraction };
        if (view.state === 'loading') view.loading = activity;
        else if (view.analysing !== undefined) view.analysing = activity;
        break;
      }
      case 'graph':
        this.#read(entry, message, file);
        break;
      case 'memory':
        this.#queries.tell({ request: 'remember', id, memory: message.memory });
        view.has_memory_map = true;
        break;
      case 'analysis':
        this.#queries.tell({ request: 'analysed', id, analysis: message.analysis });
        delete view.analysing;
        break;
    }
    this.#changed();
  }

  #read(entry: Entry, { graph, meta, problems }: ReadGraph, file: string | undefined): void {
    const { view } = entry;
    const { pid, python, app, takenAt, pauseMs } = meta;
    const facts = { ...(file === undefined ? {} : { file }), pid, python, app, taken_at: takenAt };
    entry.loaded = { graph, facts, problems, meta };
    this.#queries.tell({ request: 'open', id: view.id, loaded: { graph, facts, problems, collector: meta.collector } });
    let words = 0;
    for (let n = 0; n < graph.nodeCount; n++) words += graph.shallowWords[n]!;
    Object.assign(view, {
      state: 'ready',
      pid,
      python,
      app,
      taken_at: takenAt,
      objects: graph.nodeCount,
      references: graph.edgeCount,
      bytes: words * WORD_BYTES,
      analysing: { stage: 'finding what keeps what alive' },
      problems: problems.map(({ code, message, count }) => ({ code, message, count })),
      ...(pauseMs === undefined ? {} : { pause_ms: pauseMs }),
    });
    delete view.loading;
    entry.settleOpened();
  }

  #ended(id: SnapshotId, error: unknown): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const { view } = entry;
    const failure =
      error === undefined
        ? { code: 'E_NO_MATCH', message: 'this snapshot does not have that', hint: 'a .heap file holds no memory' }
        : describeFailure(error);
    if (view.state === 'ready') this.#queries.tell({ request: 'settle', id, failure });
    if (error !== undefined) view.failure = failure;
    if (view.state === 'loading') view.state = 'failed';
    entry.settleOpened(failureError(failure));
    delete view.loading;
    delete view.analysing;
    this.#changed();
  }

  #entry(id: SnapshotId): Entry {
    const entry = this.#entries.get(id);
    if (entry !== undefined) return entry;
    throw notOpen(id);
  }

  #loadedOf(id: SnapshotId): NonNullable<Entry['loaded']> {
    const { loaded, view } = this.#entry(id);
    if (loaded !== undefined) return loaded;
    if (view.failure !== undefined) throw failureError(view.failure);
    throw new LeakscopeError('E_NO_MATCH', `snapshot ${id} is still being read`, { hint: 'wait until it is open' });
  }
}

function notOpen(id: SnapshotId): LeakscopeError {
  return new LeakscopeError('E_NO_MATCH', `snapshot ${id} is not open`, { hint: 'it may have been closed' });
}

/** `14:03:12`, of this host. */
function timeOfDay(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((n) => String(n).padStart(2, '0')).join(':');
}
