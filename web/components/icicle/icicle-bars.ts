// The bars of an icicle: where each stands, which are drawn under a zoom and what is beside them, and what they are called.

import { type HierarchyRectangularNode, hierarchy, partition } from 'd3-hierarchy';
import { formatBytes } from '../../../src/base/units.ts';
import type { RetainedTree } from '../../../src/protocol/web/heap-views.ts';
import { counted, percent } from '../figures.tsx';

export type Bar = HierarchyRectangularNode<RetainedTree>;

/** A bar as it is drawn under a zoom. */
export interface PlacedBar {
  readonly bar: Bar;
  /** Of the width of the drawing, 0..1. */
  readonly left: number;
  readonly width: number;
  /** 0 for the one zoomed to. */
  readonly row: number;
}

/** Rows drawn below the one zoomed to. */
const ROWS = 7;
/** Share of the width below which a bar cannot be pointed at. */
const NARROWEST = 0.003;

/** The whole tree as bars: each as wide as what it retains, below what keeps it alive, the largest first. */
export function barsOf(tree: RetainedTree): Bar {
  const root = hierarchy(tree, ({ children }) => children as RetainedTree[])
    // What a node retains beside its drawn children is its own.
    .sum(({ retained_bytes, children }) =>
      Math.max(0, retained_bytes - children.reduce((sum, child) => sum + child.retained_bytes, 0)),
    )
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  return partition<RetainedTree>().size([1, 1])(root);
}

/** What there is room for when `top` is as wide as the drawing; row by row, from left to right. */
export function barsUnder(top: Bar): PlacedBar[] {
  const whole = top.x1 - top.x0;
  return top
    .descendants()
    .map((bar) => ({
      bar,
      left: (bar.x0 - top.x0) / whole,
      width: (bar.x1 - bar.x0) / whole,
      row: bar.depth - top.depth,
    }))
    .filter(({ row, width }) => row < ROWS && width >= NARROWEST);
}

export function rowCount(bars: readonly PlacedBar[]): number {
  return Math.max(...bars.map(({ row }) => row)) + 1;
}

/** The drawn bar that an arrow key leads to: beside it in its row, the largest below it, the one above it. */
export function barBeside(bars: readonly PlacedBar[], from: Bar, key: string): Bar | undefined {
  const row = bars.filter(({ bar }) => bar.depth === from.depth).map(({ bar }) => bar);
  switch (key) {
    case 'ArrowLeft':
      return row[row.indexOf(from) - 1];
    case 'ArrowRight':
      return row[row.indexOf(from) + 1];
    case 'ArrowDown':
      // Children are sorted, and what is too narrow is at their end.
      return bars.find(({ bar }) => bar.parent === from)?.bar;
    case 'ArrowUp':
      return bars.find(({ bar }) => bar === from.parent)?.bar;
    default:
      return undefined;
  }
}

/** `['users'] dict`, or the type alone of what has no name. */
export function nameOfBar({ data: { name, type } }: Bar): string {
  return name === '' || name === type ? type : `${name} ${type}`.trimEnd();
}

/** `1.2 MB in 340 objects, 12 %` of what the whole icicle shows. */
export function amountsOfBar(bar: Bar): string {
  const { retained_bytes, objects } = bar.data;
  const whole = bar.ancestors().at(-1)!.data.retained_bytes;
  const share = whole === 0 ? 0 : retained_bytes / whole;
  return `${formatBytes(retained_bytes)} in ${counted(objects, 'object')}, ${percent(share)}`;
}

/** Name of its colour in the style sheet: by row, and grey for what is no single object. */
export function colourOfBar({ data, depth }: Bar): string {
  return data.address === undefined ? 'part-together' : `part-${depth % 6}`;
}

/** The same bar of the same tree has the same key under any zoom. */
export function keyOfBar(bar: Bar): string {
  return bar
    .ancestors()
    .map(
      ({ data, parent }) =>
        `${data.address ?? data.type}${parent?.children?.findIndex((child) => child.data === data) ?? 0}`,
    )
    .join(' ');
}
