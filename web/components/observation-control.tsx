// Starts and stops watching a process for growth, and marks moments.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { MARK_LABEL_LENGTH } from '../../src/protocol/web/limits.ts';
import type { WatchedProcess } from '../../src/protocol/web/workspace.ts';
import type { ApiFailure } from '../state/api.ts';
import { markMoment, stopWatching, WATCH_SECONDS, watchForGrowth } from '../state/process-actions.ts';
import { linkTo } from '../state/route.ts';
import { Failure } from './states.tsx';

const LENGTHS: readonly (readonly [number, string])[] = [
  [WATCH_SECONDS, '20 seconds'],
  [60, 'a minute'],
  [300, '5 minutes'],
  [1800, 'half an hour'],
];

export function ObservationControl({ process }: { process: WatchedProcess }): JSX.Element {
  const { pid, observing, exited, has_findings } = process;
  const [seconds, setSeconds] = useState(WATCH_SECONDS);
  const [label, setLabel] = useState('');
  const [failure, setFailure] = useState<ApiFailure>();
  const run = (request: Promise<unknown>): void => {
    setFailure(undefined);
    request.catch((error: unknown) => setFailure(error as ApiFailure));
  };
  if (exited) {
    return (
      <p class="controls" role="status">
        The process has ended. What is known of it stays.
      </p>
    );
  }
  return (
    <>
      <div class="controls">
        {observing === undefined ? (
          <>
            <button
              type="button"
              class={has_findings ? 'button' : 'button primary'}
              onClick={() => run(watchForGrowth(pid, seconds))}
            >
              {has_findings ? 'Watch again' : 'Watch for growth'}
            </button>
            <label>
              for{' '}
              <select value={String(seconds)} onChange={(event) => setSeconds(Number(event.currentTarget.value))}>
                {LENGTHS.map(([value, words]) => (
                  <option key={value} value={String(value)}>
                    {words}
                  </option>
                ))}
              </select>
            </label>
          </>
        ) : (
          <>
            <span role="status" class="observing">
              <span class="spinner" aria-hidden="true" />
              {observing.stage}
              <progress
                max={1}
                aria-label="observation"
                {...(observing.fraction === undefined ? {} : { value: observing.fraction })}
              />
            </span>
            <button type="button" class="button" onClick={() => run(stopWatching(pid))}>
              Stop
            </button>
          </>
        )}
        <a class="button" href={linkTo('snapshots')}>
          Take a snapshot…
        </a>
        <form
          class="mark-form"
          onSubmit={(event) => {
            event.preventDefault();
            if (label.trim() === '') return;
            run(markMoment(pid, label));
            setLabel('');
          }}
        >
          <input
            type="text"
            maxLength={MARK_LABEL_LENGTH}
            placeholder="load on, deployed, …"
            aria-label="mark this moment as"
            value={label}
            onInput={(event) => setLabel(event.currentTarget.value)}
          />
          <button type="submit" class="button">
            Mark now
          </button>
        </form>
      </div>
      {failure === undefined ? null : <Failure failure={failure} />}
    </>
  );
}
