// One process that is open: sampled once a second by what the kernel counts, observed by runs of `find` in a thread of
// their own, and the containers that a run found followed from then on.

import { LeakscopeError } from '../base/errors.ts';
import type { FindReport } from '../diagnose/find-report.ts';
import type { Mark, ProcessSample, Timeline } from '../protocol/web/events.ts';
import type { Activity, Failure, WatchedProcess as ProcessView } from '../protocol/web/workspace.ts';
import type { WatchedContainer } from '../session/container-watch.ts';
import { memoryLimit } from '../target/memory-limit.ts';
import { type ProcessInfo, readRss, sameProcess } from '../target/process-info.ts';
import type { PythonProcess } from '../target/python-processes.ts';
import { countResources } from '../target/resource-counts.ts';
import type { EventHub } from './event-hub.ts';
import { describeFailure } from './failures.ts';
import type { SnapshotFeed, SnapshotStore } from './snapshot-store.ts';
import { runTask } from './task-run.ts';
import type { TaskMessage } from './tasks.ts';
import { TimelineRecord } from './timeline-record.ts';

/** Containers followed after a run: the ones its findings name first. */
const FOLLOWED_LIMIT = 8;

export interface WatchContext {
  readonly hub: EventHub;
  readonly snapshots: SnapshotStore;
  readonly showValues: boolean;
  /** To be called when what `describe` gives has changed. */
  readonly changed: () => void;
}

export class WatchedProcess {
  readonly pid: number;
  readonly #process: Pick<PythonProcess, 'python' | 'application' | 'startTimeTicks'>;
  readonly #startedAtMs: number;
  readonly #context: WatchContext;
  readonly #timeline = new TimelineRecord();
  readonly #sources = new Set<string>();
  readonly #tasks = new Set<Promise<void>>();
  #observing: Activity | undefined;
  #observation: AbortController | undefined;
  #following: AbortController | undefined;
  #report: FindReport | undefined;
  #failure: Failure | undefined;
  #exited = false;
  #objects: number | undefined;
  #entries: Readonly<Record<string, number>> | undefined;

  constructor(process: PythonProcess, info: Pick<ProcessInfo, 'uptimeSeconds'>, context: WatchContext) {
    this.pid = process.pid;
    this.#process = process;
    this.#startedAtMs = Math.round(Date.now() - info.uptimeSeconds * 1000);
    this.#context = context;
  }

  describe(): ProcessView {
    const limit = this.#exited ? undefined : memoryLimit(this.pid);
    return {
      pid: this.pid,
      python: this.#process.python,
      app: this.#process.application,
      started_at_ms: this.#startedAtMs,
      ...(limit === undefined ? {} : { memory_limit_bytes: limit.limitBytes }),
      exited: this.#exited,
      ...(this.#observing === undefined ? {} : { observing: this.#observing }),
      has_findings: this.#report !== undefined,
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    };
  }

  get timeline(): Timeline {
    return this.#timeline.list();
  }

  get report(): FindReport {
    if (this.#report !== undefined) return this.#report;
    throw new LeakscopeError('E_NO_MATCH', `process ${this.pid} has not been observed yet`, {
      hint: 'watch it for a while: a leak is what grows',
    });
  }

  /** Source files that findings name or that the process was seen to run. */
  get sources(): ReadonlySet<string> {
    return this.#sources;
  }

  /** One look at what the kernel counts; nothing once the process is gone. */
  sample(): void {
    if (this.#exited) return;
    if (!sameProcess(this.pid, this.#process.startTimeTicks)) {
      this.#exited = true;
      this.#following?.abort();
      this.#context.changed();
      return;
    }
    const { descriptors, threads } = countResources(this.pid);
    const rss = readRss(this.pid);
    if (rss === undefined || rss === 0) return;
    const sample: ProcessSample = {
      pid: this.pid,
      at_ms: Date.now(),
      rss_bytes: rss,
      descriptors,
      threads,
      ...(this.#objects === undefined ? {} : { objects: this.#objects }),
      ...(this.#entries === undefined ? {} : { entries: this.#entries }),
    };
    this.#timeline.add(sample);
    this.#context.hub.emit({ event: 'sample', sample });
  }

  mark(label: string): Mark {
    const mark = { pid: this.pid, at_ms: Date.now(), label };
    this.#timeline.mark(mark);
    this.#context.hub.emit({ event: 'mark', mark });
    return mark;
  }

  addSources(files: readonly string[]): void {
    for (const file of files) this.#sources.add(file);
  }

  noteObjects(count: number): void {
    this.#objects = count;
  }

  /** Starts a run of `find`; one that goes on is left alone. */
  observe(seconds: number): void {
    this.requireAlive();
    if (this.#observation !== undefined) return;
    const observation = new AbortController();
    this.#observation = observation;
    this.#observing = { stage: 'attaching' };
    this.#failure = undefined;
    let feed: SnapshotFeed | undefined;
    const running = runTask(
      { kind: 'observe', pid: this.pid, seconds, showValues: this.#context.showValues },
      {
        signal: observation.signal,
        onMessage: (message) => {
          if (message.message === 'graph') {
            const title = new Date(message.meta.takenAt).toTimeString().slice(0, 8);
            feed = this.#context.snapshots.feed({ title, origin: 'process', pid: this.pid });
          }
          this.#received(message);
          feed?.onMessage(message);
        },
      },
    )
      .then(
        () => feed?.ended(),
        (error) => {
          feed?.ended(error);
          if (!observation.signal.aborted) this.#failure = describeFailure(error);
        },
      )
      .finally(() => {
        this.#observation = undefined;
        this.#observing = undefined;
        this.#tasks.delete(running);
        this.#context.changed();
      });
    this.#tasks.add(running);
    this.#context.changed();
  }

  /** Gives a run up. The process runs on. */
  stopObserving(): void {
    this.#observation?.abort();
  }

  requireAlive(): void {
    if (!this.#exited) return;
    throw new LeakscopeError('E_TARGET_EXITED', `process ${this.pid} has ended`, {
      hint: 'what was read of it stays open',
    });
  }

  async close(): Promise<void> {
    this.#observation?.abort();
    this.#following?.abort();
    await Promise.all(this.#tasks);
  }

  #received(message: TaskMessage): void {
    switch (message.message) {
      case 'progress': {
        const { stage, fraction } = message;
        this.#observing = fraction === undefined ? { stage } : { stage, fraction };
        this.#context.changed();
        return;
      }
      case 'objects':
        this.#objects = message.count;
        return;
      case 'sources':
        this.addSources(message.files);
        return;
      case 'findings':
        this.#found(message.report);
        return;
    }
  }

  #found(report: FindReport): void {
    this.#report = report;
    this.addSources(
      report.findings.flatMap(({ sites, shrinks, scan }) => [
        ...[...sites, ...shrinks].map(({ file }) => file),
        ...(scan === undefined ? [] : [scan.file]),
      ]),
    );
    this.#context.hub.emit({ event: 'findings', pid: this.pid });
    this.#context.changed();
    this.#follow(
      report.findings
        .flatMap(({ holder }) =>
          holder.address === undefined || holder.entries === undefined
            ? []
            : [{ address: Number(holder.address), name: holder.name }],
        )
        .slice(0, FOLLOWED_LIMIT),
    );
  }

  /** Instead of what was followed before. */
  #follow(containers: readonly WatchedContainer[]): void {
    this.#following?.abort();
    if (containers.length === 0) return;
    const following = new AbortController();
    this.#following = following;
    const running = runTask(
      { kind: 'follow', pid: this.pid, containers },
      {
        signal: following.signal,
        onMessage: (message) => {
          if (message.message === 'entries' && this.#following === following) this.#entries = message.entries;
        },
      },
    )
      .then(
        () => {},
        (error) => {
          // The timeline goes on without entries: said, as nothing else tells why.
          if (!following.signal.aborted && !this.#exited) this.#failure = describeFailure(error);
        },
      )
      .finally(() => {
        if (this.#following === following) this.#entries = undefined;
        this.#tasks.delete(running);
        this.#context.changed();
      });
    this.#tasks.add(running);
  }
}
