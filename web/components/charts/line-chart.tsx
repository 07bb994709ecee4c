// Values over time as lines, by uPlot: with units on its axis, marks, and the values under the cursor or else the newest. Its
// text says the same to those who do not see it.

import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { formatBytes, formatCount, formatDuration } from '../../../src/base/units.ts';
import { colour, shownTheme } from '../../state/theme.ts';
import { ChartExport } from '../saved-drawings/chart-export.tsx';
import { drawnAsSvg, LINE_COLOURS, LINE_DASHES } from './chart-svg.ts';
import { BYTE_STEPS, byteLabels, COUNT_STEPS, clockLabels, clockTime, countLabels, rangeOf } from './chart-ticks.ts';
import { placeLabels } from './mark-labels.ts';

export interface ChartLine {
  readonly name: string;
  /** Null where there is no value. */
  readonly values: readonly (number | null)[];
}

export interface LineChartProps {
  readonly title: string;
  /** Seconds: since the epoch, or with `elapsed` since a start. */
  readonly at: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly unit: 'bytes' | 'count';
  readonly elapsed?: boolean;
  readonly marks?: readonly { readonly at: number; readonly label: string }[];
}

const HEIGHT = 170;

export function LineChart(props: LineChartProps): JSX.Element {
  const { title, at, lines } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const [pointed, setPointed] = useState<number>();
  const names = lines.map(({ name }) => name).join('\n');
  useEffect(() => {
    const element = host.current!;
    const made = new uPlot(optionsFor(latest, element.clientWidth, setPointed), dataOf(latest.current), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
    // Colours are read when it is made.
  }, [names, props.unit, shownTheme.value]);
  useEffect(() => plot.current?.setData(dataOf(props)), [at, lines, props.marks]);
  const label = `${title}: ${lines.map((line) => readOut(line, props, undefined)).join(', ')}`;
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <ChartExport name={label} svg={() => drawnAsSvg(latest.current, label)} />
        <ul class="list-plain chart-legend">
          {lines.map((line, i) => (
            <li key={line.name}>
              <svg class="line-sample" width="22" height="8" aria-hidden="true">
                <line
                  class={`stroke-${LINE_COLOURS[i % LINE_COLOURS.length]}`}
                  x1="0"
                  x2="22"
                  y1="4"
                  y2="4"
                  stroke-dasharray={LINE_DASHES[i % LINE_DASHES.length]!.join(' ')}
                />
              </svg>
              {readOut(line, props, pointed)}
            </li>
          ))}
          <li class="faint">{pointed === undefined ? 'now' : timeOf(at[pointed], props.elapsed)}</li>
        </ul>
      </figcaption>
      <div ref={host} class="chart-plot" role="img" aria-label={label} />
    </figure>
  );
}

/** `RSS 25 MB`, where the cursor is or at the end. */
function readOut({ name, values }: ChartLine, { unit }: LineChartProps, pointed: number | undefined): string {
  const value = pointed === undefined ? values.findLast((one) => one !== null) : values[pointed];
  const format = unit === 'bytes' ? formatBytes : formatCount;
  return `${name} ${value === undefined || value === null ? '–' : format(value)}`;
}

function timeOf(at: number | undefined, elapsed: boolean | undefined): string {
  if (at === undefined) return '';
  return elapsed === true ? `after ${formatDuration(at)}` : `at ${clockTime(new Date(at * 1000))}`;
}

function dataOf({ at, lines }: LineChartProps): uPlot.AlignedData {
  return [at as number[], ...lines.map(({ values }) => values as (number | null)[])];
}

function optionsFor(
  latest: { readonly current: LineChartProps },
  width: number,
  onPoint: (index: number | undefined) => void,
): uPlot.Options {
  const { lines, unit, elapsed } = latest.current;
  const isBytes = unit === 'bytes';
  const axis = { stroke: colour('ink-faint'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    scales: { x: { time: elapsed !== true }, y: { range: (_, low, high) => rangeOf(low, high) } },
    legend: { show: false },
    cursor: { drag: { x: true, y: false } },
    axes: [
      {
        ...axis,
        size: 30,
        space: 80,
        values: (_, ticks, __, ___, step) =>
          elapsed === true ? ticks.map((tick) => formatDuration(tick)) : clockLabels(ticks, step),
      },
      {
        ...axis,
        size: 72,
        incrs: [...(isBytes ? BYTE_STEPS : COUNT_STEPS)],
        values: (_, ticks, __, ___, step) => (isBytes ? byteLabels(ticks, step) : countLabels(ticks)),
      },
    ],
    series: [
      {},
      ...lines.map(({ name }, i) => ({
        label: name,
        stroke: colour(LINE_COLOURS[i % LINE_COLOURS.length]!),
        dash: [...LINE_DASHES[i % LINE_DASHES.length]!],
        width: 2,
        spanGaps: true,
        points: { show: (_: uPlot, __: number, first: number, last: number) => last - first < 12 },
      })),
    ],
    hooks: {
      draw: [(drawn) => drawMarks(drawn, latest.current.marks ?? [])],
      setCursor: [({ cursor: { idx } }) => onPoint(idx ?? undefined)],
    },
  };
}

function drawMarks(plot: uPlot, marks: NonNullable<LineChartProps['marks']>): void {
  const { ctx, bbox } = plot;
  const right = bbox.left + bbox.width;
  ctx.save();
  ctx.strokeStyle = colour('ink-faint');
  ctx.fillStyle = colour('ink');
  ctx.font = `${12 * devicePixelRatio}px sans-serif`;
  ctx.setLineDash([4, 4]);
  const inSight = marks
    .map(({ at, label }) => ({ label, x: plot.valToPos(at, 'x', true), width: ctx.measureText(label).width }))
    .filter(({ x }) => x >= bbox.left && x <= right);
  placeLabels(inSight, right).forEach(({ row, x, anchor }, i) => {
    const mark = inSight[i]!;
    ctx.beginPath();
    ctx.moveTo(mark.x, bbox.top);
    ctx.lineTo(mark.x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.textAlign = anchor;
    ctx.fillText(mark.label, x, bbox.top + (13 + 15 * row) * devicePixelRatio);
  });
  ctx.restore();
}
