// The frame around every view: menu, what is looked at, theme, dialogs.

import type { JSX } from 'preact';
import { useEffect, useLayoutEffect } from 'preact/hooks';
import { HelpDialog } from './components/help-dialog.tsx';
import { CommandPalette } from './components/palette/command-palette.tsx';
import { SnapshotNeeded } from './components/snapshot-needed.tsx';
import { Empty, Failure, Loading } from './components/states.tsx';
import { dialog, listenToKeys } from './state/keys.ts';
import { goTo, linkTo, route } from './state/route.ts';
import { nextTheme, theme } from './state/theme.ts';
import { connectionFailure, currentProcess, currentSnapshot, workspace } from './state/workspace.ts';
import { CompareView } from './views/compare.tsx';
import { DominatorsView } from './views/dominators.tsx';
import { GarbageView } from './views/garbage.tsx';
import { MemoryView } from './views/memory.tsx';
import { ObjectView } from './views/object.tsx';
import { OverviewView } from './views/overview.tsx';
import { QueryView } from './views/query.tsx';
import { ResourcesView } from './views/resources.tsx';
import { ScanView } from './views/scan.tsx';
import { SnapshotsView } from './views/snapshots.tsx';
import { SuspectView } from './views/suspect.tsx';
import { TypesView } from './views/types.tsx';
import { ABOUT_SNAPSHOT, VIEWS } from './views/view-list.ts';

const COMPONENTS: Readonly<Record<string, () => JSX.Element>> = {
  overview: OverviewView,
  suspect: SuspectView,
  types: TypesView,
  object: ObjectView,
  dominators: DominatorsView,
  query: QueryView,
  compare: CompareView,
  memory: MemoryView,
  garbage: GarbageView,
  resources: ResourcesView,
  scan: ScanView,
  snapshots: SnapshotsView,
};

export function App(): JSX.Element {
  useEffect(listenToKeys, []);
  const { view } = route.value;
  const title = VIEWS.find((entry) => entry.view === view)?.title ?? view;
  useEffect(() => {
    document.title = `${title} · ${currentProcess.value?.app ?? currentSnapshot.value?.title ?? 'leakscope'}`;
  }, [title, currentProcess.value, currentSnapshot.value]);
  const { subject } = route.value;
  useLayoutEffect(() => {
    scrollTo(0, 0);
    // What had the focus may be gone with the view before; keys then start at the new one.
    if (document.activeElement === document.body) skipToView();
  }, [view, subject]);
  return (
    <>
      <button type="button" class="button skip" onClick={skipToView}>
        Skip to the view
      </button>
      <TopBar />
      <Menu />
      <main id="view" tabIndex={-1}>
        <CurrentView />
      </main>
      {dialog.value === 'palette' ? <CommandPalette /> : null}
      {dialog.value === 'help' ? <HelpDialog /> : null}
    </>
  );
}

/** No link: the hash of the address is the route. */
function skipToView(): void {
  document.getElementById('view')?.focus({ preventScroll: true });
}

function CurrentView(): JSX.Element {
  if (workspace.value === undefined) {
    const failure = connectionFailure.value;
    return failure === undefined ? <Loading what="connecting to leakscope" /> : <Failure failure={failure} />;
  }
  const View = COMPONENTS[route.value.view];
  if (View === undefined) {
    return (
      <Empty title="There is no such view.">
        <p>
          <a href={linkTo('overview')}>Go to the overview</a>
        </p>
      </Empty>
    );
  }
  return ABOUT_SNAPSHOT.has(route.value.view) ? (
    <SnapshotNeeded>
      <View />
    </SnapshotNeeded>
  ) : (
    <View />
  );
}

function Menu(): JSX.Element {
  const { view } = route.value;
  const current = view === 'suspect' ? 'overview' : view === 'object' ? 'dominators' : view;
  const has = {
    nothing: true,
    process: currentProcess.value !== undefined,
    snapshot: currentSnapshot.value !== undefined,
  };
  return (
    <nav class="menu" aria-label="views">
      {VIEWS.map((entry) => (
        <a
          key={entry.view}
          href={linkTo(entry.view)}
          title={entry.answers}
          class={has[entry.needs] ? '' : 'unavailable'}
          {...(entry.view === current ? { 'aria-current': 'page' } : {})}
        >
          {entry.title}
        </a>
      ))}
    </nav>
  );
}

function TopBar(): JSX.Element {
  return (
    <header class="top">
      <a class="brand" href={linkTo('overview')}>
        leakscope
      </a>
      <ProcessChoice />
      <SnapshotChoice />
      <span class="spring" />
      {connectionFailure.value === undefined ? null : (
        <span class="offline" role="status">
          no connection
        </span>
      )}
      <button
        type="button"
        class="button quiet"
        onClick={() => {
          dialog.value = 'palette';
        }}
      >
        Find… <kbd>Ctrl K</kbd>
      </button>
      <button type="button" class="button quiet" onClick={nextTheme} aria-label={`theme: ${theme.value}; change it`}>
        {theme.value === 'light' ? '☀' : theme.value === 'dark' ? '☾' : '◐'}
      </button>
      <button
        type="button"
        class="button quiet"
        aria-label="help: keys and terms"
        onClick={() => {
          dialog.value = 'help';
        }}
      >
        ?
      </button>
    </header>
  );
}

function ProcessChoice(): JSX.Element | null {
  const processes = workspace.value?.processes ?? [];
  const current = currentProcess.value;
  if (current === undefined) return null;
  const described = `${current.app} · pid ${current.pid}`;
  if (processes.length === 1) {
    return (
      <span class="looked-at" title={current.python}>
        {described}
        {current.exited ? ' (ended)' : ''}
      </span>
    );
  }
  return (
    <select
      aria-label="process"
      value={String(current.pid)}
      onChange={(event) => goTo(route.value.view, route.value.subject, { p: event.currentTarget.value })}
    >
      {processes.map(({ pid, app, exited }) => (
        <option key={pid} value={String(pid)}>
          {app} · pid {pid}
          {exited ? ' (ended)' : ''}
        </option>
      ))}
    </select>
  );
}

function SnapshotChoice(): JSX.Element | null {
  const snapshots = workspace.value?.snapshots ?? [];
  const current = currentSnapshot.value;
  if (current === undefined) return null;
  return (
    <select
      aria-label="snapshot"
      value={current.id}
      onChange={(event) => goTo(route.value.view, route.value.subject, { s: event.currentTarget.value })}
    >
      {snapshots.map(({ id, title, state }) => (
        <option key={id} value={id}>
          {title}
          {state === 'loading' ? ' (loading)' : state === 'failed' ? ' (failed)' : ''}
        </option>
      ))}
    </select>
  );
}
