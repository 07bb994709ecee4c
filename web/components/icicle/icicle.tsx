// What an object retains, as an icicle: each bar is kept alive by the one above it, as wide as what it retains. A click or
// Enter zooms in, Escape out; the arrow keys move from bar to bar.

import type { JSX } from 'preact';
import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatBytes } from '../../../src/base/units.ts';
import type { RetainedTree } from '../../../src/protocol/web/heap-views.ts';
import { isPlainKey } from '../../state/keys.ts';
import { ChartExport } from '../saved-drawings/chart-export.tsx';
import {
  amountsOfBar,
  type Bar,
  barBeside,
  barsOf,
  barsUnder,
  colourOfBar,
  keyOfBar,
  nameOfBar,
  rowCount,
} from './icicle-bars.ts';
import { IcicleList } from './icicle-list.tsx';
import { icicleAsSvg } from './icicle-svg.ts';

const ROW = 30;
/** Share of the width below which a name has no room. */
const NAMED = 0.035;

export function Icicle(props: { tree: RetainedTree; linkOf: (address: string) => string }): JSX.Element {
  const { tree, linkOf } = props;
  const root = useMemo(() => barsOf(tree), [tree]);
  const [zoomed, setZoomed] = useState(root);
  const top = root.descendants().includes(zoomed) ? zoomed : root;
  const bars = useMemo(() => barsUnder(top), [top]);
  // The one tab stop of the drawing.
  const [entered, setEntered] = useState(root);
  const current = bars.some(({ bar }) => bar === entered) ? entered : top;
  const [pointed, setPointed] = useState<Bar>();
  const element = useRef<HTMLDivElement>(null);
  const takesFocus = useRef(false);
  useLayoutEffect(() => {
    if (takesFocus.current) element.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
    takesFocus.current = false;
  });

  const enter = (bar: Bar): void => {
    setEntered(bar);
    takesFocus.current = true;
  };
  const zoomTo = (bar: Bar, next: Bar): void => {
    setZoomed(bar);
    setPointed(undefined);
    enter(next);
  };
  const zoomOut = (): void => {
    if (top.parent !== null && top !== root) zoomTo(top.parent, top);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!isPlainKey(event)) return;
    const beside = barBeside(bars, current, event.key);
    if (beside !== undefined) enter(beside);
    else if (event.key === 'Escape' || event.key === 'Backspace') zoomOut();
    else if (event.key === 'o' && current.data.address !== undefined) location.hash = linkOf(current.data.address);
    // An arrow at the edge must not scroll the page.
    else if (!event.key.startsWith('Arrow')) return;
    event.preventDefault();
  };
  const told = pointed ?? current;
  return (
    <figure class="icicle">
      <figcaption>
        <span class="faint">Each bar is kept alive by the one above it.</span>
        <ChartExport name={`what ${nameOfBar(top)} retains`} svg={() => icicleAsSvg(top)} />
      </figcaption>
      <div
        ref={element}
        class="icicle-bars"
        role="group"
        aria-label="what it retains, drawn"
        style={{ height: `${ROW * rowCount(bars)}px` }}
        onKeyDown={onKeyDown}
      >
        {bars.map(({ bar, left, width, row }) => (
          <button
            key={keyOfBar(bar)}
            type="button"
            class="icicle-bar"
            tabIndex={bar === current ? 0 : -1}
            style={{
              left: `${left * 100}%`,
              width: `${width * 100}%`,
              top: `${row * ROW}px`,
              background: `var(--${colourOfBar(bar)})`,
            }}
            aria-label={`${nameOfBar(bar)}: ${amountsOfBar(bar)}`}
            onMouseEnter={() => setPointed(bar)}
            onMouseLeave={() => setPointed(undefined)}
            onFocus={() => setEntered(bar)}
            onClick={() => (bar === top ? zoomOut() : zoomTo(bar, bar))}
          >
            {width < NAMED ? null : `${nameOfBar(bar)} · ${formatBytes(bar.data.retained_bytes)}`}
          </button>
        ))}
      </div>
      <p class="icicle-told" aria-live="polite">
        {nameOfBar(told)}: {amountsOfBar(told)}{' '}
        {told.data.address === undefined ? null : (
          <a class="button quiet" href={linkOf(told.data.address)}>
            Open
          </a>
        )}
        {top === root ? null : (
          <button type="button" class="button quiet" onClick={() => zoomTo(root, top)}>
            Back to the whole
          </button>
        )}
      </p>
      <IcicleList root={root} linkOf={linkOf} />
    </figure>
  );
}
