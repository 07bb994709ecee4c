// A choice of one among a few, side by side. Radio buttons underneath: the arrow keys go from one to the next.

import type { JSX } from 'preact';

export function Segments<Choice extends string>(props: {
  label: string;
  choices: readonly Choice[];
  chosen: Choice;
  onChoose: (choice: Choice) => void;
}): JSX.Element {
  const { label, choices, chosen, onChoose } = props;
  return (
    <fieldset class="segments">
      <legend class="visually-hidden">{label}</legend>
      <span aria-hidden="true">{label}</span>
      <span class="segments-row">
        {choices.map((choice) => (
          <label key={choice} class="segment">
            <input
              type="radio"
              name={label}
              value={choice}
              checked={choice === chosen}
              onChange={() => onChoose(choice)}
            />
            {choice}
          </label>
        ))}
      </span>
    </fieldset>
  );
}
