// One answer of the daemon as a component sees it: loading, there, or failed. Answers about snapshots never change, so the
// last ones are kept: going back is instant.

import { useLayoutEffect, useState } from 'preact/hooks';
import { RecentlyUsed } from '../../src/base/recently-used.ts';
import { type ApiFailure, getJson } from './api.ts';
import { workspace } from './workspace.ts';

export type Answer<T> =
  | { readonly state: 'idle' }
  | { readonly state: 'loading'; readonly before?: T }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly failure: ApiFailure };

const kept = new RecentlyUsed<string, unknown>(200);

/** Whether the answer to come stays true: of a snapshot whose retained sizes are there, which some answers lack before. */
function isLasting(path: string): boolean {
  if (path.startsWith('/api/compare')) return true;
  const id = /^\/api\/snapshots\/([^/]+)\//.exec(path)?.[1];
  const snapshot = workspace.value?.snapshots.find((one) => one.id === id);
  return snapshot?.state === 'ready' && snapshot.analysing === undefined;
}

export async function fetchKept<T>(path: string, signal?: AbortSignal): Promise<T> {
  if (kept.has(path)) return kept.get(path) as T;
  // What was asked before the sizes were there may lack them, whenever it comes.
  const lasts = isLasting(path);
  const value = await getJson<T>(path, signal);
  if (lasts) kept.set(path, value);
  return value;
}

/** Asks again whenever `path` or `version` changes; nothing while `path` is undefined. Shows the answer before meanwhile. */
export function useAnswer<T>(path: string | undefined, version: unknown = 0): Answer<T> {
  const [answer, setAnswer] = useState<{ path: string | undefined; answer: Answer<T> }>({
    path: undefined,
    answer: { state: 'idle' },
  });
  // Asked before the page is painted, not after: the answer is there a frame earlier.
  useLayoutEffect(() => {
    if (path === undefined) {
      setAnswer({ path, answer: { state: 'idle' } });
      return;
    }
    if (kept.has(path)) {
      setAnswer({ path, answer: { state: 'ready', value: kept.get(path) as T } });
      return;
    }
    const controller = new AbortController();
    setAnswer(({ answer: last }) => ({
      path,
      answer: { state: 'loading', ...(last.state === 'ready' ? { before: last.value } : {}) },
    }));
    fetchKept<T>(path, controller.signal).then(
      (value) => setAnswer({ path, answer: { state: 'ready', value } }),
      (failure: unknown) => {
        if (!controller.signal.aborted)
          setAnswer({ path, answer: { state: 'failed', failure: failure as ApiFailure } });
      },
    );
    return () => controller.abort();
  }, [path, version]);
  return answer.answer;
}

/** What there is to show: the answer, or the one before while a new one is on its way. */
export function shown<T>(answer: Answer<T>): T | undefined {
  if (answer.state === 'ready') return answer.value;
  return answer.state === 'loading' ? answer.before : undefined;
}
