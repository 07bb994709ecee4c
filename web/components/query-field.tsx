// The field a query is written in: completes fields and names as they are typed, and marks what cannot be read.

import type { JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Completions } from '../../src/protocol/web/heap-views.ts';
import { getJson, withQuery } from '../state/api.ts';

/** Time without a key before completions are asked for, in milliseconds. */
const TYPING_MS = 120;

export function QueryField(props: { snapshot: string; value: string; onAsk: (query: string) => void }): JSX.Element {
  const [text, setText] = useState(props.value);
  const [completions, setCompletions] = useState<Completions>();
  const [chosen, setChosen] = useState(-1);
  const field = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const id = useId();
  useEffect(() => setText(props.value), [props.value]);

  const ask = (query: string): void => {
    clearTimeout(timer.current);
    setCompletions(undefined);
    setChosen(-1);
    props.onAsk(query.trim());
  };
  const onInput = (query: string): void => {
    setText(query);
    clearTimeout(timer.current);
    const at = field.current?.selectionStart ?? query.length;
    timer.current = setTimeout(() => {
      const path = withQuery(`/api/snapshots/${props.snapshot}/query/completions`, { q: query, at });
      // Without an answer nothing is offered: the query can be written all the same.
      getJson<Completions>(query === '' ? `${path}&q=` : path).then(setCompletions, () => setCompletions(undefined));
      setChosen(-1);
    }, TYPING_MS);
  };
  const complete = (index: number): void => {
    const item = completions?.items[index];
    if (completions === undefined || item === undefined) return;
    const next = text.slice(0, completions.start) + item.text + text.slice(completions.end);
    const cursor = completions.start + item.text.length;
    setCompletions(undefined);
    setText(next);
    field.current?.focus();
    requestAnimationFrame(() => field.current?.setSelectionRange(cursor, cursor));
    if (/[:>]$/.test(item.text)) onInput(next);
  };
  const items = completions?.items ?? [];
  const onKeyDown = (event: KeyboardEvent): void => {
    switch (event.key) {
      case 'ArrowDown':
        setChosen(Math.min(items.length - 1, chosen + 1));
        break;
      case 'ArrowUp':
        setChosen(Math.max(-1, chosen - 1));
        break;
      case 'Tab':
        if (items.length === 0 || event.shiftKey) return;
        complete(Math.max(0, chosen));
        break;
      case 'Escape':
        if (items.length === 0) return;
        setCompletions(undefined);
        break;
      case 'Enter':
        if (chosen >= 0) complete(chosen);
        else ask(text);
        break;
      default:
        return;
    }
    event.preventDefault();
  };
  return (
    <form
      class="query-field"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        ask(text);
      }}
    >
      <input
        ref={field}
        type="text"
        data-search=""
        role="combobox"
        spellcheck={false}
        autocomplete="off"
        aria-label="query"
        aria-expanded={items.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        {...(chosen >= 0 ? { 'aria-activedescendant': `${id}-${chosen}` } : {})}
        placeholder="type:Session retained>1MB"
        value={text}
        onInput={(event) => onInput(event.currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={() => setTimeout(() => setCompletions(undefined), 200)}
      />
      <button type="submit" class="button primary">
        Ask
      </button>
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label="completions"
        class={items.length === 0 ? 'completions none' : 'completions'}
      >
        {items.map((item, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys
          <div
            key={item.text}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === chosen}
            class={index === chosen ? 'palette-row chosen' : 'palette-row'}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => complete(index)}
          >
            <code>{item.text}</code>
            <span class="faint">{item.detail}</span>
          </div>
        ))}
      </div>
    </form>
  );
}
