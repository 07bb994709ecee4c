// Regions of memory as rows of cells on a canvas, coloured by use, filled as far as they are in use. Pointed at, or with the
// arrow keys, a cell says what is in it and who holds that.

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { formatBytes } from '../../src/base/units.ts';
import type { MemoryMapView } from '../../src/protocol/web/heap-views.ts';
import { colour, shownTheme } from '../state/theme.ts';
import { save } from './chart-export.tsx';
import { colourOfUse } from './memory-colours.ts';

const CELL = 9;
const GAP = 1;
/** Space below and beside a region. */
const REGION_GAP = 5;

interface Cell {
  readonly region: number;
  readonly index: number;
  readonly x: number;
  readonly y: number;
}

export function MemoryPicture({ view }: { view: MemoryMapView }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  const [at, setAt] = useState(-1);
  const { cells, height } = layout(view, width);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.max(200, Math.floor(entry!.contentRect.width))));
    observer.observe(host.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => draw(canvas.current!, view, cells, width, height, at), [view, width, at, shownTheme.value]);
  const pointed = cells[at];
  const onKeyDown = (event: KeyboardEvent): void => {
    const next = neighbour(cells, at, event.key);
    if (next === undefined) return;
    event.preventDefault();
    setAt(next);
  };
  return (
    <div ref={host} class="memory-picture">
      <ul class="list-plain parts-list" aria-label="legend">
        {view.totals.map(({ use, bytes }) => (
          <li key={use}>
            <Swatch name={colourOfUse(use)} />
            {use} <strong class="figure">{formatBytes(bytes)}</strong>
          </li>
        ))}
        <li class="chart-export">
          <button
            type="button"
            class="button quiet"
            aria-label="save as PNG: memory map"
            onClick={() => canvas.current?.toBlob((blob) => blob !== null && save('memory map', 'png', blob))}
          >
            PNG
          </button>
        </li>
      </ul>
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label={`${view.region_count} regions of memory; the arrow keys go from cell to cell`}
        onMouseMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          const [x, y] = [event.clientX - box.left, event.clientY - box.top];
          setAt(cells.findIndex((cell) => x >= cell.x && x < cell.x + CELL && y >= cell.y && y < cell.y + CELL));
        }}
        onMouseLeave={() => setAt(-1)}
        onKeyDown={onKeyDown}
      />
      <p class="picture-told" aria-live="polite">
        {pointed === undefined ? <span class="faint">point at a cell</span> : told(view, pointed)}
      </p>
    </div>
  );
}

function Swatch({ name }: { name: string }): JSX.Element {
  return <span class={`swatch swatch-${name}`} aria-hidden="true" />;
}

/** Regions by address, side by side where they fit; one longer than a row has rows of its own. */
function layout(view: MemoryMapView, width: number): { readonly cells: readonly Cell[]; readonly height: number } {
  const perRow = Math.max(1, Math.floor(width / CELL));
  const cells: Cell[] = [];
  let [left, top, bottom] = [0, 0, 0];
  view.regions.forEach((region, r) => {
    const columns = Math.min(perRow, region.cells.length);
    if (left > 0 && left + columns * CELL > width) [left, top] = [0, bottom];
    region.cells.forEach((_, index) => {
      const [column, row] = [index % perRow, Math.floor(index / perRow)];
      cells.push({ region: r, index, x: left + column * CELL, y: top + row * CELL });
    });
    bottom = Math.max(bottom, top + Math.ceil(region.cells.length / perRow) * CELL + REGION_GAP);
    left += columns * CELL + REGION_GAP;
  });
  return { cells, height: Math.max(CELL, bottom) };
}

/** Where an arrow key leads from a cell: along the addresses, or to the nearest cell of the next row. */
function neighbour(cells: readonly Cell[], at: number, key: string): number | undefined {
  const from = cells[at];
  if (key === 'ArrowRight') return Math.min(cells.length - 1, at + 1);
  if (key === 'ArrowLeft') return Math.max(0, at - 1);
  if (key !== 'ArrowDown' && key !== 'ArrowUp') return undefined;
  if (from === undefined) return 0;
  const way = key === 'ArrowDown' ? 1 : -1;
  let best = at;
  let distance = Number.POSITIVE_INFINITY;
  cells.forEach(({ x, y }, i) => {
    const rows = (y - from.y) * way;
    if (rows <= 0) return;
    // Rows first: anything of the next row is nearer than all of the one after.
    const away = rows * 10_000 + Math.abs(x - from.x);
    if (away < distance) [best, distance] = [i, away];
  });
  return best;
}

function draw(
  canvas: HTMLCanvasElement,
  view: MemoryMapView,
  cells: readonly Cell[],
  width: number,
  height: number,
  pointed: number,
): void {
  const scale = devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d')!;
  context.scale(scale, scale);
  const colours = new Map(view.totals.map(({ use }) => [use, colour(colourOfUse(use))]));
  const empty = colour('panel');
  const size = CELL - GAP;
  cells.forEach(({ region, index, x, y }, i) => {
    const { use, filled } = view.regions[region]!.cells[index]!;
    const isFree = use === 'free in arenas' || use === 'free in malloc' || use === 'not resident';
    context.fillStyle = isFree ? colours.get(use)! : empty;
    context.globalAlpha = isFree ? 0.55 : 1;
    context.fillRect(x, y, size, size);
    context.globalAlpha = 1;
    if (!isFree) {
      context.fillStyle = colours.get(use)!;
      const filledHeight = Math.max(1, Math.round(size * filled));
      context.fillRect(x, y + size - filledHeight, size, filledHeight);
    }
    if (i === pointed) {
      context.strokeStyle = colour('ink');
      context.lineWidth = 2;
      context.strokeRect(x - 1, y - 1, size + 2, size + 2);
    }
  });
}

function told(view: MemoryMapView, { region, index }: Cell): string {
  const { kind, address, bytes, cells } = view.regions[region]!;
  const { use, filled, type, owner } = cells[index]!;
  const cellBytes = bytes / cells.length;
  const start = Number(address) + Math.round(index * cellBytes);
  return [
    `0x${start.toString(16)}, ${formatBytes(cellBytes)} of ${kind} ${address}`,
    `mostly ${use}, ${Math.round(filled * 100)} % in use`,
    type === undefined ? '' : `most of it ${type}`,
    owner === undefined ? '' : `held by ${owner}`,
  ]
    .filter((part) => part !== '')
    .join(' · ');
}
