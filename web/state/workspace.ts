// What is open, kept up to date by the daemon's events, and which of it the reader looks at.

import { computed, effect, signal } from '@preact/signals';
import type { DaemonEvent, Mark, ProcessSample, Timeline } from '../../src/protocol/web/events.ts';
import type { OpenSnapshot, WatchedProcess, Workspace } from '../../src/protocol/web/workspace.ts';
import { type ApiFailure, getJson } from './api.ts';
import { route } from './route.ts';

export const workspace = signal<Workspace | undefined>(undefined);
/** Why there is no workspace, or no news of it. */
export const connectionFailure = signal<ApiFailure | undefined>(undefined);
/** By PID, oldest first. */
export const samples = signal<Readonly<Record<number, readonly ProcessSample[]>>>({});
export const marks = signal<Readonly<Record<number, readonly Mark[]>>>({});
/** Counts the answers of each process: to read /findings again. */
export const findingsVersion = signal<Readonly<Record<number, number>>>({});

const SAMPLES_LIMIT = 3000;

/** The process looked at: the one in the address, or the only one. */
export const currentProcess = computed<WatchedProcess | undefined>(() => {
  const all = workspace.value?.processes ?? [];
  const pid = Number(route.value.params['p'] ?? Number.NaN);
  return all.find((process) => process.pid === pid) ?? all[0];
});

/** The snapshot looked at: the one in the address, or the newest that can be read. */
export const currentSnapshot = computed<OpenSnapshot | undefined>(() => {
  const all = workspace.value?.snapshots ?? [];
  const asked = all.find(({ id }) => id === route.value.params['s']);
  return asked ?? all.findLast(({ state }) => state === 'ready') ?? all.at(-1);
});

/** Address of an answer about the snapshot looked at; undefined while there is none to ask about. */
export function snapshotPath(rest: string): string | undefined {
  const snapshot = currentSnapshot.value;
  return snapshot === undefined || snapshot.state === 'failed' ? undefined : `/api/snapshots/${snapshot.id}/${rest}`;
}

/**
 * Resolves once the workspace meets `isTold`. What the page has asked for is answered sooner than it is told of: a view gone to
 * before that would show another snapshot or process first.
 */
export function whenTold(isTold: (workspace: Workspace) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = effect(() => {
      if (workspace.value === undefined || !isTold(workspace.value)) return;
      resolve();
      // An effect that is true at once runs before `stop` is there.
      queueMicrotask(() => stop());
    });
  });
}

export function connect(): void {
  const events = new EventSource('/api/events');
  events.onmessage = ({ data }) => {
    connectionFailure.value = undefined;
    receive(JSON.parse(String(data)) as DaemonEvent);
  };
  events.onerror = () => {
    // Reconnects by itself; what happened meanwhile is asked for then.
    void refresh();
  };
  void refresh();
}

async function refresh(): Promise<void> {
  try {
    workspace.value = await getJson<Workspace>('/api/workspace');
    connectionFailure.value = undefined;
  } catch (error) {
    connectionFailure.value = error as ApiFailure;
  }
}

function receive(event: DaemonEvent): void {
  switch (event.event) {
    case 'workspace':
      workspace.value = event.workspace;
      return;
    case 'sample': {
      const { pid } = event.sample;
      const all = [...(samples.value[pid] ?? []), event.sample].slice(-SAMPLES_LIMIT);
      samples.value = { ...samples.value, [pid]: all };
      return;
    }
    case 'mark': {
      const { pid } = event.mark;
      marks.value = { ...marks.value, [pid]: [...(marks.value[pid] ?? []), event.mark] };
      return;
    }
    case 'findings':
      findingsVersion.value = { ...findingsVersion.value, [event.pid]: (findingsVersion.value[event.pid] ?? 0) + 1 };
      return;
  }
}

const timelinesRead = new Set<number>();

/** What was sampled before this page was there; once for each process. */
export async function readTimeline(pid: number): Promise<void> {
  if (timelinesRead.has(pid)) return;
  timelinesRead.add(pid);
  const timeline = await getJson<Timeline>(`/api/processes/${pid}/timeline`).catch(() => undefined);
  if (timeline === undefined) {
    timelinesRead.delete(pid);
    return;
  }
  const newer = (samples.value[pid] ?? []).filter(({ at_ms }) => at_ms > (timeline.samples.at(-1)?.at_ms ?? 0));
  samples.value = { ...samples.value, [pid]: [...timeline.samples, ...newer] };
  marks.value = { ...marks.value, [pid]: timeline.marks };
}
