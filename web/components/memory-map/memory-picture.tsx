// Regions of memory as rows of cells on a canvas, coloured by use, owner or type, filled as far as they are in use. Pointed
// at, or with the arrow keys, a cell says what is in it and who holds that; an entry of the legend shows where its cells are.

import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatBytes } from '../../../src/base/units.ts';
import type { MemoryMapView } from '../../../src/protocol/web/heap-views.ts';
import { colour, shownTheme } from '../../state/theme.ts';
import { ChartExport } from '../saved-drawings/chart-export.tsx';
import { paintCanvas } from './memory-canvas.ts';
import { cellAt, layOut, neighbour, type PlacedCell } from './memory-layout.ts';
import { type LegendEntry, type MemoryColouring, memoryLegend } from './memory-legend.ts';
import { type CellPaint, paintOf } from './memory-paint.ts';
import { memorySvg } from './memory-svg.ts';

export interface MemoryPictureProps {
  readonly view: MemoryMapView;
  readonly by: MemoryColouring;
  /** Name of the entry of the legend whose cells stand out. */
  readonly chosen: string | undefined;
  readonly onChoose: (name: string | undefined) => void;
}

export function MemoryPicture({ view, by, chosen: asked, onChoose }: MemoryPictureProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  const [at, setAt] = useState(-1);
  const layout = useMemo(() => layOut(view.regions, width), [view, width]);
  const legend = useMemo(() => memoryLegend(view, by), [view, by]);
  // An address may name what this snapshot does not have.
  const chosen = legend.entries.some(({ name }) => name === asked) ? asked : undefined;
  const paints = useMemo(
    () => layout.cells.map(({ region, index }) => paintOf(view.regions[region]!.cells[index]!, legend, chosen)),
    [view, layout, legend, chosen],
  );
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.max(200, Math.floor(entry!.contentRect.width))));
    observer.observe(host.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(
    () => paintCanvas(canvas.current!, layout, { paints, pointed: at }),
    [layout, paints, at, shownTheme.value],
  );
  const pointed = layout.cells[at];
  const name = `memory map by ${by}`;
  const drawn = (): string => {
    const last = view.offset + view.regions.length;
    const title = `${name}: regions ${view.offset + 1} to ${last} of ${view.region_count}`;
    return memorySvg({ title, entries: legend.entries, layout, paints, colour });
  };
  return (
    <div ref={host} class="memory-picture">
      <ul class="list-plain parts-list legend" aria-label="legend">
        {legend.entries.map((entry) => (
          <li key={entry.name}>
            <button
              type="button"
              class="legend-entry"
              aria-pressed={entry.name === chosen}
              onClick={() => onChoose(entry.name === chosen ? undefined : entry.name)}
            >
              <Swatch entry={entry} />
              {entry.name} <strong class="figure">{formatBytes(entry.bytes)}</strong>
              {entry.note === undefined ? null : <span class="faint"> {entry.note}</span>}
            </button>
          </li>
        ))}
        <li class="chart-export">
          <ChartExport name={name} svg={drawn} />
        </li>
      </ul>
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label={`${view.region_count} regions of memory by ${by}; the arrow keys go from cell to cell`}
        onMouseMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          setAt(cellAt(layout, event.clientX - box.left, event.clientY - box.top));
        }}
        onMouseLeave={() => setAt(-1)}
        onKeyDown={(event) => {
          const next = neighbour(layout, at, event.key);
          if (next === undefined) return;
          event.preventDefault();
          setAt(next);
        }}
      />
      <p class="picture-told" aria-live="polite">
        {pointed !== undefined ? told(view, pointed) : <span class="faint">{hint(view, paints)}</span>}
      </p>
    </div>
  );
}

function Swatch({ entry: { colour, look } }: { entry: LegendEntry }): JSX.Element {
  const drawn = look === 'solid' || look === 'faint' ? `swatch-${colour} ${look}` : look;
  return <span class={`swatch ${drawn}`} aria-hidden="true" />;
}

/** Said while no cell is pointed at. */
function hint({ region_count, regions }: MemoryMapView, paints: readonly CellPaint[]): string {
  if (paints.some(({ standsOut }) => standsOut)) return 'point at a cell';
  const elsewhere = regions.length < region_count ? ': look at lower or higher addresses' : '';
  return `no cell of these regions is mostly that${elsewhere}`;
}

function told(view: MemoryMapView, { region, index }: PlacedCell): string {
  const { kind, address, bytes, cells } = view.regions[region]!;
  const { use, filled, type, owner, pins } = cells[index]!;
  const cellBytes = bytes / cells.length;
  const start = Number(address) + Math.round(index * cellBytes);
  return [
    `0x${start.toString(16)}, ${formatBytes(cellBytes)} of ${kind} ${address}`,
    `mostly ${use}, ${Math.round(filled * 100)} % in use`,
    type === undefined ? '' : `most of it ${type}`,
    owner === undefined ? '' : `held by ${owner}`,
    pins === true ? 'keeps a nearly empty arena from going back to the system' : '',
  ]
    .filter((part) => part !== '')
    .join(' · ');
}
