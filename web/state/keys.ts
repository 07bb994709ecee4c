// Keys that work everywhere: Ctrl-K or Cmd-K for the palette, `/` for the view's search field, `?` for help, `g` and a letter
// for a view, Escape to close.

import { signal } from '@preact/signals';
import { VIEWS } from '../views/view-list.ts';
import { goTo } from './route.ts';

export type Dialog = 'none' | 'palette' | 'help';
export const dialog = signal<Dialog>('none');

/** How long a `g` waits for its letter, in milliseconds. */
const CHORD_MS = 1500;
let chordAt = Number.NEGATIVE_INFINITY;

export function listenToKeys(): () => void {
  addEventListener('keydown', onKey);
  return () => removeEventListener('keydown', onKey);
}

function onKey(event: KeyboardEvent): void {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    dialog.value = dialog.value === 'palette' ? 'none' : 'palette';
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || dialog.value !== 'none') return;
  if (isChordWaiting()) {
    chordAt = Number.NEGATIVE_INFINITY;
    const entry = VIEWS.find(({ key }) => key === event.key);
    if (entry !== undefined) {
      event.preventDefault();
      goTo(entry.view);
    }
    return;
  }
  switch (event.key) {
    case 'g':
      chordAt = performance.now();
      return;
    case '/': {
      const field = document.querySelector<HTMLInputElement>('main [data-search]');
      if (field === null) dialog.value = 'palette';
      else field.focus();
      event.preventDefault();
      return;
    }
    case '?':
      dialog.value = 'help';
      return;
  }
}

/** Whether a key is meant for what has the focus: not with Ctrl, Alt or Meta, and not the letter that a `g` waits for. */
export function isPlainKey(event: KeyboardEvent): boolean {
  return !event.ctrlKey && !event.metaKey && !event.altKey && !isChordWaiting();
}

function isChordWaiting(): boolean {
  return performance.now() - chordAt < CHORD_MS;
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;
}
