// Everything by name: views, processes, snapshots, and what can be done. Typed letters narrow it, Enter does it.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { dialog } from '../state/keys.ts';
import { goTo } from '../state/route.ts';
import { nextTheme } from '../state/theme.ts';
import { workspace } from '../state/workspace.ts';
import { VIEWS } from '../views/view-list.ts';
import { Modal } from './modal.tsx';

interface Command {
  readonly title: string;
  readonly detail: string;
  readonly run: () => void;
}

export function CommandPalette(): JSX.Element {
  const [typed, setTyped] = useState('');
  const [chosen, setChosen] = useState(0);
  const found = commands(typed).filter(({ title, detail }) => matches(`${title} ${detail}`, typed));
  const close = (): void => {
    dialog.value = 'none';
  };
  const run = (command: Command | undefined): void => {
    close();
    command?.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setChosen(Math.min(found.length - 1, chosen + 1));
    else if (event.key === 'ArrowUp') setChosen(Math.max(0, chosen - 1));
    else if (event.key === 'Enter') run(found[chosen]);
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
        aria-activedescendant={`palette-${chosen}`}
        aria-label="command, view, type or address"
        placeholder="view, type, address, or what to do"
        value={typed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div role="listbox" id="palette-list" aria-label="commands">
        {found.map((command, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
          <div
            key={command.title}
            id={`palette-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            class={index === chosen ? 'palette-row chosen' : 'palette-row'}
            onClick={() => run(command)}
          >
            <span>{command.title}</span>
            <span class="faint">{command.detail}</span>
          </div>
        ))}
      </div>
      {found.length === 0 ? <p class="faint palette-none">nothing by that name</p> : null}
    </Modal>
  );
}

function commands(typed: string): Command[] {
  const open = workspace.value;
  const text = typed.trim();
  return [
    ...VIEWS.map(({ view, title, answers }) => ({ title, detail: answers, run: () => goTo(view) })),
    ...(open?.snapshots ?? []).map(({ id, title, app }) => ({
      title: `Snapshot ${title}`,
      detail: app ?? id,
      run: () => goTo('types', '', { s: id }),
    })),
    ...(open?.processes ?? []).map(({ pid, app }) => ({
      title: `Process ${pid}`,
      detail: app,
      run: () => goTo('overview', '', { p: pid }),
    })),
    { title: 'Change theme', detail: 'system, light, dark', run: nextTheme },
    {
      title: 'Help',
      detail: 'keys and terms',
      run: () => {
        dialog.value = 'help';
      },
    },
    ...(/^0x[0-9a-f]+$/i.test(text)
      ? [{ title: `Object ${text}`, detail: 'by its address', run: () => goTo('object', text.toLowerCase()) }]
      : []),
    ...(text === '' ? [] : [{ title: `Query ${text}`, detail: 'objects', run: () => goTo('query', '', { q: text }) }]),
  ];
}

/** Every word typed occurs, in any order. */
function matches(text: string, typed: string): boolean {
  const lower = text.toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}
