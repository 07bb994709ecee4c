// A part of a view under a heading, with what can be done there at its right.

import type { ComponentChildren, JSX } from 'preact';

export function Section(props: {
  title: ComponentChildren;
  note?: ComponentChildren;
  actions?: ComponentChildren;
  children: ComponentChildren;
  wide?: boolean;
}): JSX.Element {
  return (
    <section class={props.wide === true ? 'section wide' : 'section'}>
      <header class="section-head">
        <h2>{props.title}</h2>
        {props.note === undefined ? null : <p class="faint">{props.note}</p>}
        {props.actions === undefined ? null : <div class="actions">{props.actions}</div>}
      </header>
      {props.children}
    </section>
  );
}
