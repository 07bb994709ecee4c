// Snapshots: take one now (what pause to expect is said first), what is open, and how to take it away.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { formatBytes, formatCount } from '../../src/base/units.ts';
import type { PauseEstimate } from '../../src/protocol/pause-estimate.ts';
import type { OpenSnapshot, WatchedProcess } from '../../src/protocol/web/workspace.ts';
import { clockTime, dayOf } from '../components/charts/chart-ticks.ts';
import { milliseconds, pauseText } from '../components/pause-text.ts';
import { ProcessPicker } from '../components/process-picker.tsx';
import { Section } from '../components/section.tsx';
import { exportAddress, SNAPSHOT_EXPORTS } from '../components/snapshot-exports.ts';
import { Answered, Empty, Failure } from '../components/states.tsx';
import { Term } from '../components/term.tsx';
import { useAnswer } from '../state/answer.ts';
import { type ApiFailure, send } from '../state/api.ts';
import { takeSnapshot } from '../state/process-actions.ts';
import { linkTo } from '../state/route.ts';
import { currentProcess, workspace } from '../state/workspace.ts';

export function SnapshotsView(): JSX.Element {
  const snapshots = workspace.value?.snapshots ?? [];
  const process = currentProcess.value;
  return (
    <>
      {process === undefined || process.exited ? null : <TakeSnapshot process={process} />}
      <Section title="Open snapshots">
        {snapshots.length === 0 ? (
          <Empty title="None yet.">
            <p>
              Take one of a process, or start with files: <code>leakscope open a.heap b.heap</code>
            </p>
          </Empty>
        ) : (
          <ul class="list-plain cards">
            {snapshots.map((snapshot) => (
              <li key={snapshot.id}>
                <SnapshotCard snapshot={snapshot} />
              </li>
            ))}
          </ul>
        )}
      </Section>
      <Section title="Other processes">
        <ProcessPicker />
      </Section>
    </>
  );
}

function TakeSnapshot({ process }: { process: WatchedProcess }): JSX.Element {
  const estimate = useAnswer<PauseEstimate>(`/api/processes/${process.pid}/pause-estimate`);
  const [failure, setFailure] = useState<ApiFailure>();
  const [isBusy, setBusy] = useState(false);
  const take = async (): Promise<void> => {
    setBusy(true);
    setFailure(undefined);
    try {
      await takeSnapshot(process.pid);
    } catch (error) {
      setFailure(error as ApiFailure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section title={`Take a snapshot of ${process.app}`}>
      <div class="panel take">
        <Answered answer={estimate} what="measuring how long the process would stand still">
          {(found) => (
            <p>
              Expected <Term of="pause">pause</Term>: <strong>{pauseText(found)}</strong>, to copy{' '}
              {formatBytes(found.copy_bytes)}
              {found.early_copy.possible ? ', most of it before the process is stopped' : ''}.
            </p>
          )}
        </Answered>
        <button type="button" class="button primary" disabled={isBusy} onClick={() => void take()}>
          Take a snapshot now
        </button>
      </div>
      {failure === undefined ? null : <Failure failure={failure} />}
    </Section>
  );
}

function SnapshotCard({ snapshot }: { snapshot: OpenSnapshot }): JSX.Element {
  const { id, title, origin, app, python, taken_at, state, objects, references, bytes, pause_ms } = snapshot;
  const close = async (): Promise<void> => {
    // Its card goes with the news of the workspace; one that is closed already is gone as well.
    await send('DELETE', `/api/snapshots/${id}`).catch(() => undefined);
  };
  return (
    <article class="panel card" aria-label={`snapshot ${title}`}>
      <header class="card-head">
        <h3>{state === 'ready' ? <a href={linkTo('types', '', { s: id })}>{title}</a> : title}</h3>
        <span class="faint">{origin}</span>
        <button type="button" class="button quiet" aria-label={`close snapshot ${title}`} onClick={() => void close()}>
          Close
        </button>
      </header>
      {snapshot.failure === undefined ? null : <Failure failure={snapshot.failure} />}
      {snapshot.loading === undefined ? null : (
        <Progress stage={snapshot.loading.stage} of={snapshot.loading.fraction} />
      )}
      <p class="faint">
        {[
          app,
          python,
          taken_at === undefined ? undefined : `${dayOf(new Date(taken_at))} ${clockTime(new Date(taken_at))}`,
          objects === undefined ? undefined : `${formatCount(objects)} objects`,
          references === undefined ? undefined : `${formatCount(references)} references`,
          bytes === undefined ? undefined : formatBytes(bytes),
          pause_ms === undefined ? undefined : `process paused ${milliseconds(pause_ms)}`,
        ]
          .filter((fact) => fact !== undefined)
          .join(' · ')}
      </p>
      {snapshot.problems?.map(({ code, message, count }) => (
        <p key={code} class="faint">
          {formatCount(count)} × {message}
        </p>
      ))}
      {state === 'ready' ? <ExportMenu id={id} title={title} /> : null}
    </article>
  );
}

function Progress({ stage, of }: { stage: string; of: number | undefined }): JSX.Element {
  return (
    <p role="status">
      {stage} <progress {...(of === undefined ? {} : { value: of })} max={1} aria-label={stage} />
    </p>
  );
}

/** Links, so that the browser saves what the daemon streams. */
export function ExportMenu({ id, title }: { id: string; title: string }): JSX.Element {
  return (
    <details class="export-menu">
      <summary class="button">Save as…</summary>
      <ul class="list-plain">
        {SNAPSHOT_EXPORTS.map(({ format, meaning }) => (
          <li key={format}>
            <a href={exportAddress(id, format)} download aria-label={`save ${title} as ${meaning}`}>
              {meaning}
            </a>
          </li>
        ))}
      </ul>
    </details>
  );
}
