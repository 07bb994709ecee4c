// What the page does to a process. Every one throws an ApiFailure, for its caller to show.

import { MARK_LABEL_LENGTH } from '../../src/protocol/web/limits.ts';
import type { OpenSnapshot } from '../../src/protocol/web/workspace.ts';
import { send } from './api.ts';
import { goTo } from './route.ts';
import { whenTold } from './workspace.ts';

/** Seconds of an observation where nobody says. */
export const WATCH_SECONDS = 20;

/** And goes to it. */
export async function openProcess(pid: number): Promise<void> {
  await send('POST', '/api/processes', { pid });
  await whenTold(({ processes }) => processes.some((process) => process.pid === pid));
  goTo('overview', '', { p: pid });
}

export async function watchForGrowth(pid: number, seconds: number): Promise<void> {
  await send('POST', `/api/processes/${pid}/observation`, { seconds });
}

export async function stopWatching(pid: number): Promise<void> {
  await send('DELETE', `/api/processes/${pid}/observation`);
}

export async function markMoment(pid: number, label: string): Promise<void> {
  await send('POST', `/api/processes/${pid}/marks`, { label: label.slice(0, MARK_LABEL_LENGTH) });
}

/** And goes to it: it is still loading. */
export async function takeSnapshot(pid: number): Promise<void> {
  const { id } = await send<OpenSnapshot>('POST', `/api/processes/${pid}/snapshots`);
  await whenTold(({ snapshots }) => snapshots.some((snapshot) => snapshot.id === id));
  goTo('types', '', { s: id });
}
