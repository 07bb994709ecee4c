// Regions of memory as rows of cells on a canvas, coloured by use, filled as far as they are in use. Pointed at, or with the
// arrow keys, a cell says what is in it and who holds that.

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { formatBytes } from '../../src/base/units.ts';
import type { MemoryMapView } from '../../src/protocol/web/heap-views.ts';
import { colour, shownTheme } from '../state/theme.ts';
import { ChartExport } from './chart-export.tsx';
import { CELL, CELL_DRAWN, type Cell, cellsOf, fillNames, neighbour, paintsOf } from './memory-cells.ts';
import { colourOfUse } from './memory-colours.ts';
import { memoryPictureSvg } from './memory-picture-svg.ts';

export function MemoryPicture({ view }: { view: MemoryMapView }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  const [at, setAt] = useState(-1);
  const { cells, height } = cellsOf(view, width);
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
          <ChartExport name="memory map" svg={() => memoryPictureSvg(view, { cells, width, height }, colour)} />
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
  const fills = new Map(fillNames(view).map((name) => [name, colour(name)]));
  for (const cell of cells) {
    for (const { x, y, height: filled, fill, opacity } of paintsOf(view, cell)) {
      context.globalAlpha = opacity;
      context.fillStyle = fills.get(fill)!;
      context.fillRect(x, y, CELL_DRAWN, filled);
    }
  }
  const cell = cells[pointed];
  if (cell === undefined) return;
  context.globalAlpha = 1;
  context.strokeStyle = colour('ink');
  context.lineWidth = 2;
  context.strokeRect(cell.x - 1, cell.y - 1, CELL_DRAWN + 2, CELL_DRAWN + 2);
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
