// Shown by views about a snapshot where there is none yet: how to get one. Otherwise the view.

import type { ComponentChildren, JSX } from 'preact';
import { linkTo } from '../state/route.ts';
import { currentSnapshot } from '../state/workspace.ts';
import { Empty, Failure, Loading } from './states.tsx';

export function SnapshotNeeded({ children }: { children: ComponentChildren }): JSX.Element {
  const snapshot = currentSnapshot.value;
  if (snapshot === undefined) {
    return (
      <Empty title="There is no snapshot yet.">
        <p>
          <a href={linkTo('snapshots')}>Take one</a>, or start with a file: <code>leakscope open a.heap</code>
        </p>
      </Empty>
    );
  }
  if (snapshot.state === 'failed' && snapshot.failure !== undefined) return <Failure failure={snapshot.failure} />;
  if (snapshot.state === 'loading')
    return <Loading what={`${snapshot.title}: ${snapshot.loading?.stage ?? 'loading'}`} />;
  return <>{children}</>;
}

/** Whether retained sizes are there; until then they are left out. */
export function Analysing(): JSX.Element | null {
  const stage = currentSnapshot.value?.analysing?.stage;
  return stage === undefined ? null : <Loading what={`${stage}: retained sizes follow`} />;
}
