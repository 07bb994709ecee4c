// Values over time as lines, by uPlot: with units on its axis, the values under the cursor, and marks. Its text says the
// same to those who do not see it.

import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { formatBytes, formatCount, formatDuration } from '../../src/base/units.ts';
import { colour, theme } from '../state/theme.ts';
import { ChartExport } from './chart-export.tsx';

export interface ChartLine {
  readonly name: string;
  /** Null where there is no value. */
  readonly values: readonly (number | null)[];
}

export interface LineChartProps {
  /** What it shows, with its last value: read out instead of the drawing. */
  readonly label: string;
  /** Seconds: since the epoch, or with `elapsed` since a start. */
  readonly at: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly unit: 'bytes' | 'count';
  readonly elapsed?: boolean;
  readonly marks?: readonly { readonly at: number; readonly label: string }[];
}

const HEIGHT = 190;
const COLOURS = ['c1', 'c6', 'c3', 'c4', 'c2'];

export function LineChart(props: LineChartProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const names = props.lines.map(({ name }) => name).join('\n');
  useEffect(() => {
    const element = host.current!;
    const made = new uPlot(optionsFor(latest, element.clientWidth), dataOf(latest.current), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
    // Colours are read when it is made.
  }, [names, props.unit, theme.value]);
  useEffect(() => plot.current?.setData(dataOf(props)), [props.at, props.lines, props.marks]);
  return (
    <figure class="chart">
      <figcaption>
        {props.label}
        <ChartExport name={props.label} svg={() => drawnAsSvg(latest.current)} />
      </figcaption>
      <div ref={host} class="chart-plot" role="img" aria-label={props.label} />
    </figure>
  );
}

function dataOf({ at, lines }: LineChartProps): uPlot.AlignedData {
  return [at as number[], ...lines.map(({ values }) => values as (number | null)[])];
}

function optionsFor(latest: { readonly current: LineChartProps }, width: number): uPlot.Options {
  const { lines, unit, elapsed } = latest.current;
  const format = unit === 'bytes' ? formatBytes : formatCount;
  const axis = { stroke: colour('ink-faint'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    scales: { x: { time: elapsed !== true }, y: { range: (_, low, high) => rangeOf(low, high) } },
    legend: { live: true },
    cursor: { drag: { x: true, y: false } },
    axes: [
      elapsed === true ? { ...axis, values: (_, ticks) => ticks.map((tick) => formatDuration(tick)) } : axis,
      { ...axis, size: 70, values: (_, ticks) => ticks.map((tick) => format(tick)) },
    ],
    series: [
      elapsed === true
        ? { label: 'after', value: (_, at) => (at === null ? '–' : formatDuration(at)) }
        : { label: 'at' },
      ...lines.map(({ name }, i) => ({
        label: name,
        stroke: colour(COLOURS[i % COLOURS.length]!),
        width: 2,
        spanGaps: true,
        points: { show: (_: uPlot, __: number, first: number, last: number) => last - first < 40 },
        value: (_: uPlot, value: number | null) => (value === null ? '–' : format(value)),
      })),
    ],
    hooks: { draw: [(drawn) => drawMarks(drawn, latest.current.marks ?? [])] },
  };
}

/** Room above and below; a flat line stands in the middle. */
function rangeOf(low: number | null, high: number | null): [number, number] {
  if (low === null || high === null) return [0, 1];
  const room = Math.max((high - low) * 0.1, Math.abs(high) * 0.02, 1);
  return [Math.max(0, low - room), high + room];
}

function drawMarks(plot: uPlot, marks: NonNullable<LineChartProps['marks']>): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour('ink-faint');
  ctx.fillStyle = colour('ink');
  ctx.font = `${12 * devicePixelRatio}px sans-serif`;
  ctx.setLineDash([4, 4]);
  for (const { at, label } of marks) {
    const x = plot.valToPos(at, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(label, x + 4 * devicePixelRatio, bbox.top + 13 * devicePixelRatio);
  }
  ctx.restore();
}

const SVG_WIDTH = 900;
const SVG_HEIGHT = 300;
const LEFT = 80;
const BOTTOM = 40;

/** The same lines as a drawing to keep. */
function drawnAsSvg({ at, lines, unit, label, marks = [] }: LineChartProps): string {
  const format = unit === 'bytes' ? formatBytes : formatCount;
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  const [low, high] = rangeOf(
    values.length === 0 ? null : Math.min(...values),
    values.length === 0 ? null : Math.max(...values),
  );
  const first = at[0] ?? 0;
  const span = Math.max(1e-9, (at.at(-1) ?? 1) - first);
  const x = (time: number): number => LEFT + ((time - first) / span) * (SVG_WIDTH - LEFT - 20);
  const y = (value: number): number => 30 + (1 - (value - low) / (high - low)) * (SVG_HEIGHT - 30 - BOTTOM);
  const ticks = [low, (low + high) / 2, high];
  const shapes = [
    ...ticks.map(
      (tick) =>
        `<line x1="${LEFT}" x2="${SVG_WIDTH - 20}" y1="${y(tick)}" y2="${y(tick)}" stroke="${colour('line')}"/>` +
        `<text x="${LEFT - 8}" y="${y(tick) + 4}" text-anchor="end">${escapeXml(format(tick))}</text>`,
    ),
    ...lines.map(({ name, values: own }, i) => {
      const points = own.flatMap((value, j) =>
        value === null ? [] : [`${x(at[j]!).toFixed(1)},${y(value).toFixed(1)}`],
      );
      const stroke = colour(COLOURS[i % COLOURS.length]!);
      return (
        `<polyline points="${points.join(' ')}" fill="none" stroke="${stroke}" stroke-width="2"/>` +
        `<text x="${LEFT + 10 + i * 170}" y="${SVG_HEIGHT - 10}" fill="${stroke}">${escapeXml(name)}</text>`
      );
    }),
    ...marks.map((mark) => `<text x="${x(mark.at)}" y="44">| ${escapeXml(mark.label)}</text>`),
  ];
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SVG_WIDTH}" height="${SVG_HEIGHT}" font-family="sans-serif" font-size="12">` +
    `<rect width="100%" height="100%" fill="${colour('paper')}"/>` +
    `<g fill="${colour('ink')}"><text x="${LEFT}" y="18">${escapeXml(label)}</text>${shapes.join('')}</g></svg>`
  );
}

export function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
