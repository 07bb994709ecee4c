// Everything by name, in a dialog: typed letters narrow it, the arrows choose, Enter does it. palette-entries.ts says what
// there is.

import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatCount } from '../../../src/base/units.ts';
import type { FindReport } from '../../../src/diagnose/find-report.ts';
import type { PauseEstimate } from '../../../src/protocol/pause-estimate.ts';
import { shown, useAnswer } from '../../state/answer.ts';
import type { ApiFailure } from '../../state/api.ts';
import { dialog } from '../../state/keys.ts';
import { markMoment, stopWatching, takeSnapshot, WATCH_SECONDS, watchForGrowth } from '../../state/process-actions.ts';
import { goTo, route } from '../../state/route.ts';
import { nextTheme } from '../../state/theme.ts';
import { currentProcess, currentSnapshot, findingsVersion, workspace } from '../../state/workspace.ts';
import { Modal } from '../modal.tsx';
import { pauseText } from '../pause-text.ts';
import { Failure } from '../states.tsx';
import { findEntries, type PaletteAction, type PaletteSources, paletteIndex } from './palette-entries.ts';

/** Rows there are at once: nobody reads on, they type on. */
const ROWS = 60;

export function CommandPalette(): JSX.Element {
  const sources = usePaletteSources();
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState(0);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<ApiFailure>();
  const list = useRef<HTMLDivElement>(null);
  const index = useMemo(() => paletteIndex(sources), [sources]);
  const found = useMemo(() => findEntries(index, typed, sources), [index, typed]);
  const rows = found.slice(0, ROWS);
  // What is offered may become less while it is open.
  const at = Math.min(chosen, rows.length - 1);
  useLayoutEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [at, typed]);
  const type = (text: string): void => {
    setTyped(text);
    setChosen(0);
    setFailure(undefined);
  };
  const run = async (action: PaletteAction | undefined): Promise<void> => {
    if (action === undefined || isBusy) return;
    if (action.act === 'type') {
      type(action.text);
      return;
    }
    setBusy(true);
    setFailure(undefined);
    try {
      await perform(action);
    } catch (error) {
      setFailure(error as ApiFailure);
    } finally {
      setBusy(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setChosen(Math.min(rows.length - 1, at + 1));
    else if (event.key === 'ArrowUp') setChosen(Math.max(0, at - 1));
    else if (event.key === 'Enter') void run(rows[at]?.action);
    else return;
    event.preventDefault();
  };
  return (
    <Modal label="commands" class="palette" onClose={close}>
      <input
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        {...(at < 0 ? {} : { 'aria-activedescendant': `palette-${at}` })}
        aria-label="command, view, suspect, type, query or address"
        placeholder="view, suspect, type, query, address, or what to do"
        value={typed}
        onInput={(event) => type(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {failure === undefined ? null : <Failure failure={failure} />}
      <div ref={list} role="listbox" id="palette-list" aria-label="commands" aria-busy={isBusy}>
        {rows.map(({ title, detail, keys, action }, row) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
          <div
            key={row}
            id={`palette-${row}`}
            role="option"
            tabIndex={-1}
            aria-selected={row === at}
            class={row === at ? 'palette-row chosen' : 'palette-row'}
            onClick={() => void run(action)}
          >
            <span class="palette-title">{title}</span>
            <span class="faint palette-detail">{detail}</span>
            {keys === undefined ? null : <kbd>{keys}</kbd>}
          </div>
        ))}
      </div>
      {rows.length === found.length ? null : (
        <p class="faint palette-none">{formatCount(found.length - rows.length)} more: type on to narrow it</p>
      )}
      {found.length === 0 ? <p class="faint palette-none">nothing by that name</p> : null}
    </Modal>
  );
}

function close(): void {
  dialog.value = 'none';
}

function usePaletteSources(): PaletteSources {
  const process = currentProcess.value;
  const pid = process?.pid ?? 0;
  const report = useAnswer<FindReport>(
    process?.has_findings === true ? `/api/processes/${pid}/findings` : undefined,
    findingsVersion.value[pid] ?? 0,
  );
  const estimate = useAnswer<PauseEstimate>(
    process === undefined || process.exited ? undefined : `/api/processes/${pid}/pause-estimate`,
  );
  const open = workspace.value;
  const snapshot = currentSnapshot.value;
  const { view, subject } = route.value;
  const findings = shown(report)?.findings;
  const expected = shown(estimate);
  return useMemo(
    () => ({
      processes: open?.processes ?? [],
      snapshots: open?.snapshots ?? [],
      process,
      snapshot,
      findings: findings ?? [],
      pause: expected === undefined ? undefined : pauseText(expected),
      view,
      subject,
    }),
    [open, process, snapshot, findings, expected, view, subject],
  );
}

/** Closes the palette once it is done; throws an ApiFailure, which the palette stays open to show. */
async function perform(action: Exclude<PaletteAction, { act: 'type' }>): Promise<void> {
  switch (action.act) {
    case 'watch':
      await watchForGrowth(action.pid, WATCH_SECONDS);
      goTo('overview', '', { p: action.pid });
      break;
    case 'stop watching':
      await stopWatching(action.pid);
      break;
    case 'take snapshot':
      await takeSnapshot(action.pid);
      break;
    case 'mark':
      await markMoment(action.pid, action.label);
      break;
    case 'go':
      goTo(action.view, action.subject, action.params);
      break;
    case 'save':
      download(action.address);
      break;
    case 'change theme':
      nextTheme();
      break;
    case 'show help':
      dialog.value = 'help';
      return;
  }
  close();
}

function download(address: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = '';
  link.click();
}
