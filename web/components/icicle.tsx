// What an object retains, as an icicle: each bar is kept alive by the one above it, as wide as what it retains. A click or
// Enter zooms in; Tab moves from bar to bar.

import { type HierarchyRectangularNode, hierarchy, partition } from 'd3-hierarchy';
import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { formatBytes, formatCount } from '../../src/base/units.ts';
import type { RetainedTree } from '../../src/protocol/web/heap-views.ts';
import { colour } from '../state/theme.ts';
import { boxesSvg } from './boxes-svg.ts';
import { ChartExport } from './chart-export.tsx';
import { percent } from './figures.tsx';

type Bar = HierarchyRectangularNode<RetainedTree>;

const ROW = 30;
/** Rows drawn below the one zoomed to. */
const ROWS = 7;
/** Share of the width below which a bar cannot be pointed at. */
const NARROWEST = 0.003;
/** And below which its name has no room. */
const NAMED = 0.035;

export function Icicle({ tree, onOpen }: { tree: RetainedTree; onOpen: (address: string) => void }): JSX.Element {
  const root = useMemo(() => layout(tree), [tree]);
  const [zoomed, setZoomed] = useState<Bar>(root);
  const [pointed, setPointed] = useState<Bar>();
  const top = root.descendants().includes(zoomed) ? zoomed : root;
  const width = top.x1 - top.x0;
  const bars = top
    .descendants()
    .filter(({ depth, x0, x1 }) => depth - top.depth < ROWS && (x1 - x0) / width >= NARROWEST);
  const told = pointed ?? top;
  const drawing = useRef<HTMLDivElement>(null);
  return (
    <div class="icicle">
      <div
        ref={drawing}
        class="icicle-bars"
        style={{ height: `${ROW * (Math.max(...bars.map(({ depth }) => depth)) - top.depth + 1)}px` }}
      >
        {bars.map((bar) => (
          <button
            key={keyOf(bar)}
            type="button"
            class={`icicle-bar part-${bar.depth % 6}${bar.data.address === undefined ? ' together' : ''}`}
            style={{
              left: `${((bar.x0 - top.x0) / width) * 100}%`,
              width: `${((bar.x1 - bar.x0) / width) * 100}%`,
              top: `${(bar.depth - top.depth) * ROW}px`,
            }}
            aria-label={described(bar)}
            onMouseEnter={() => setPointed(bar)}
            onMouseLeave={() => setPointed(undefined)}
            onFocus={() => setPointed(bar)}
            onClick={() => setZoomed(bar === top && bar.parent !== null ? bar.parent : bar)}
          >
            {(bar.x1 - bar.x0) / width < NAMED ? null : <span>{nameOf(bar.data)}</span>}
          </button>
        ))}
      </div>
      <p class="icicle-told" aria-live="polite">
        {described(told)}{' '}
        {told.data.address === undefined ? null : (
          <button type="button" class="button quiet" onClick={() => onOpen(told.data.address!)}>
            Open
          </button>
        )}
        {top === root ? null : (
          <button type="button" class="button quiet" onClick={() => setZoomed(root)}>
            Back to the whole
          </button>
        )}
        <ChartExport
          name={`what is retained: ${described(top)}`}
          svg={() => boxesSvg(described(top), drawing.current!, colour)}
        />
      </p>
    </div>
  );
}

function layout(tree: RetainedTree): Bar {
  const root = hierarchy(tree, ({ children }) => children as RetainedTree[])
    // What a node retains beside its drawn children is its own.
    .sum(({ retained_bytes, children }) =>
      Math.max(0, retained_bytes - children.reduce((sum, child) => sum + child.retained_bytes, 0)),
    )
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  return partition<RetainedTree>().size([1, 1])(root);
}

function nameOf({ name, type }: RetainedTree): string {
  return name === '' || name === type ? type : `${name} ${type}`;
}

function described(bar: Bar): string {
  const { retained_bytes, objects } = bar.data;
  const whole = bar.ancestors().at(-1)!.data.retained_bytes;
  const share = whole === 0 ? 0 : retained_bytes / whole;
  return `${nameOf(bar.data)}: ${formatBytes(retained_bytes)} in ${formatCount(objects)} objects, ${percent(share)}`;
}

function keyOf(bar: Bar): string {
  return bar
    .ancestors()
    .map(
      ({ data, parent }) =>
        `${data.address ?? data.type}${parent?.children?.findIndex((child) => child.data === data) ?? 0}`,
    )
    .join(' ');
}
