// Keys and words, all of them.

import type { JSX } from 'preact';
import { GLOSSARY } from '../glossary.ts';
import { dialog } from '../state/keys.ts';
import { VIEWS } from '../views/view-list.ts';
import { Modal } from './modal.tsx';

const KEYS: readonly (readonly [string, string])[] = [
  ['Ctrl K', 'find a view, a suspect, a type, a snapshot, an object or what to do'],
  ['/', 'go to the search field of the view'],
  ['↑ ↓', 'move through a table or tree; ← → close and open a branch'],
  ['Enter', 'open what is selected'],
  ['← → ↑ ↓', 'in “What it retains”: to the bar beside, above or below; Enter zooms in, Esc out'],
  ['o', 'open the object of a bar'],
  ['← → ↑ ↓', 'in “Why is it alive?”: ← to a referrer, → towards the object, ↑ ↓ in the column; Enter opens'],
  ['+ −', 'show and hide what refers to the node'],
  ['Esc', 'close'],
  ['?', 'this help'],
];

export function HelpDialog(): JSX.Element {
  return (
    <Modal
      label="help"
      class="help"
      onClose={() => {
        dialog.value = 'none';
      }}
    >
      <form method="dialog" class="modal-close">
        <button type="submit" class="button">
          Close
        </button>
      </form>
      <h2>Keys</h2>
      <dl class="keys">
        {KEYS.map(([key, does]) => (
          <div key={does}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
        {VIEWS.map(({ key, title, answers }) => (
          <div key={title}>
            <dt>
              <kbd>g {key}</kbd>
            </dt>
            <dd>
              {title}: {answers}
            </dd>
          </div>
        ))}
      </dl>
      <h2>Words</h2>
      <dl class="words">
        {Object.entries(GLOSSARY).map(([word, meaning]) => (
          <div key={word}>
            <dt>{word}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
}
