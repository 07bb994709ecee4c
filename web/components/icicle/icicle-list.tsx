// What an icicle shows, as a list of lists for those who read rather than look; with what is too narrow to be drawn.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { amountsOfBar, type Bar, keyOfBar, nameOfBar } from './icicle-bars.ts';

export function IcicleList({ root, linkOf }: { root: Bar; linkOf: (address: string) => string }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="icicle-list" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a list</summary>
      {isOpen ? (
        <ul>
          <Item bar={root} linkOf={linkOf} />
        </ul>
      ) : null}
    </details>
  );
}

function Item({ bar, linkOf }: { bar: Bar; linkOf: (address: string) => string }): JSX.Element {
  const { address } = bar.data;
  return (
    <li>
      {address === undefined ? nameOfBar(bar) : <a href={linkOf(address)}>{nameOfBar(bar)}</a>}:{' '}
      <span class="faint figure">{amountsOfBar(bar)}</span>
      {bar.children === undefined ? null : (
        <ul>
          {bar.children.map((child) => (
            <Item key={keyOfBar(child)} bar={child} linkOf={linkOf} />
          ))}
        </ul>
      )}
    </li>
  );
}
