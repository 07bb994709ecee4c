// One answer of the daemon as a component sees it: loading, there, or failed. Answers about snapshots never change, so the
// last ones are kept: going back is instant.

import { useEffect, useState } from 'preact/hooks';
import { type ApiFailure, getJson } from './api.ts';

export type Answer<T> =
  | { readonly state: 'idle' }
  | { readonly state: 'loading'; readonly before?: T }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly failure: ApiFailure };

const kept = new Map<string, unknown>();
const KEPT_LIMIT = 200;

/** Of a snapshot, and complete: the daemon answers only when it can. */
function isLasting(path: string): boolean {
  return path.startsWith('/api/snapshots/') || path.startsWith('/api/compare');
}

export function keep(path: string, value: unknown): void {
  if (!isLasting(path)) return;
  kept.delete(path);
  kept.set(path, value);
  if (kept.size > KEPT_LIMIT) kept.delete(kept.keys().next().value!);
}

export async function fetchKept<T>(path: string, signal?: AbortSignal): Promise<T> {
  if (kept.has(path)) return kept.get(path) as T;
  const value = await getJson<T>(path, signal);
  keep(path, value);
  return value;
}

/** Asks again whenever `path` or `version` changes; nothing while `path` is undefined. Shows the answer before meanwhile. */
export function useAnswer<T>(path: string | undefined, version: unknown = 0): Answer<T> {
  const [answer, setAnswer] = useState<{ path: string | undefined; answer: Answer<T> }>({
    path: undefined,
    answer: { state: 'idle' },
  });
  useEffect(() => {
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
